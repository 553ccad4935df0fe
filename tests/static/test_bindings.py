"""Which bindings of a name are in force where it is used, however many there are."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from auditor.static.syntax.bindings import Binding, BindingKind, Branch, Position, Reach, reaching

BRANCHES = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1)), max_size=3).map(tuple)


def binding(line: int, branch: Branch) -> Binding:
    return Binding(BindingKind.OPAQUE, ast.Pass(), (line, 0), branch)


def one_by_one(bindings: list[Binding], use: Position | None) -> list[Binding]:
    """Each is compared with all that stand behind it."""
    found: list[Binding] = []
    before = [each for each in bindings if use is None or each.position <= use] or bindings
    for earlier in reversed(before):
        if not any(later.branch == earlier.branch[: len(later.branch)] for later in found):
            found.append(earlier)
    return found


@given(st.lists(st.tuples(st.integers(1, 6), BRANCHES), min_size=1, max_size=12), st.booleans())
def test_a_binding_hides_what_stands_in_the_same_arm_or_further_in(
    places: list[tuple[int, Branch]], ordered: bool
) -> None:
    bindings = [binding(*place) for place in (sorted(places) if ordered else places)]
    reach = Reach(bindings)
    for use in (None, *((line, 0) for line in range(8))):
        assert reach.at(use) == one_by_one(bindings, use)
    assert reaching(bindings) == one_by_one(bindings, None)


class _Counted(Binding):
    looked_at = 0

    @property
    def branch(self) -> Branch:
        type(self).looked_at += 1
        return self._branch

    @branch.setter
    def branch(self, branch: Branch) -> None:
        self._branch = branch


def test_a_name_bound_over_and_over_is_looked_at_once_for_each_use() -> None:
    count = 300
    for branch in ((), ((1, 0),)):
        bindings = [_Counted(BindingKind.OPAQUE, ast.Pass(), (line, 0), branch) for line in range(count)]
        reach = Reach(bindings)
        _Counted.looked_at = 0
        assert [reach.at((line, 1)) for line in range(count)] == [[each] for each in bindings]
        assert _Counted.looked_at <= 3 * count


def test_a_name_bound_in_many_arms_is_looked_at_once_for_the_uses_behind_them() -> None:
    count = 300
    bindings = [_Counted(BindingKind.OPAQUE, ast.Pass(), (line, 0), ((line, 0),)) for line in range(count)]
    reach = Reach(bindings)
    _Counted.looked_at = 0
    for line in range(count, 2 * count):
        assert len(reach.at((line, 0))) == count
    assert _Counted.looked_at <= 3 * count
