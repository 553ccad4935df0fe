from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.static.programwide.programgroups import MAX_GROUP_BYTES, grouped

LARGE = 2 * MAX_GROUP_BYTES
NAMES = ("a.py", "b.py", "c.py", "d.py")
FILES = ("one.py", "two.py", "three.py", "four.py", "five.py")


def test_programs_that_share_nearly_all_of_a_large_set_are_one_group() -> None:
    sizes = {"shared.py": LARGE, "a.py": 1, "b.py": LARGE // 5, "c.py": LARGE, "d.py": 1}
    reached = {"a.py": {"a.py", "shared.py"}, "b.py": {"b.py", "shared.py"}, "c.py": {"c.py"}, "d.py": {"d.py"}}
    assert grouped(NAMES, reached.__getitem__, sizes.__getitem__) == (("a.py", "b.py"), ("c.py", "d.py"))


def test_programs_that_share_little_of_a_large_set_are_alone() -> None:
    sizes = {"shared.py": LARGE, "a.py": LARGE // 2, "b.py": LARGE // 2}
    reached = {"a.py": {"a.py", "shared.py"}, "b.py": {"b.py", "shared.py"}}
    assert grouped(NAMES[:2], reached.__getitem__, sizes.__getitem__) == (("a.py",), ("b.py",))


def test_small_programs_are_grouped_while_they_fit() -> None:
    sizes = dict.fromkeys(NAMES, MAX_GROUP_BYTES // 2)
    assert grouped(NAMES, lambda path: {path}, sizes.__getitem__) == (("a.py", "b.py"), ("c.py", "d.py"))


@given(
    reached=st.fixed_dictionaries({name: st.frozensets(st.sampled_from(FILES), min_size=1) for name in NAMES}),
    sizes=st.fixed_dictionaries({file: st.integers(0, MAX_GROUP_BYTES) for file in FILES}),
    by=st.fixed_dictionaries({file: st.integers(-9, 9) for file in FILES}),
    larger=st.sampled_from(FILES),
)
def test_sizes_that_differ_within_the_room_give_the_same_groups(
    reached: dict[str, frozenset[str]], sizes: dict[str, int], by: dict[str, int], larger: str
) -> None:
    rooms: list[int] = []
    before = grouped(NAMES, reached.__getitem__, sizes.__getitem__, rooms.append)
    room = min(rooms, default=0)
    weight = sum(map(abs, by.values())) or 1
    changed = {file: max(0, size + by[file] * room // weight) for file, size in sizes.items()}
    if sum(abs(changed[file] - sizes[file]) for file in FILES) <= room:
        assert grouped(NAMES, reached.__getitem__, changed.__getitem__) == before
    just = {**sizes, larger: sizes[larger] + room}
    assert grouped(NAMES, reached.__getitem__, just.__getitem__) == before
