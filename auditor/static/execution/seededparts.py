"""Estimators that get their random state from what they are put into.

`AdaBoostClassifier(DecisionTreeClassifier(), random_state=0)` sets `random_state` of every copy of the tree, and of
what a pipeline holds, whatever these were made with.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from auditor.model.lean import dataclass
from auditor.static.evaluation.flow import uses
from auditor.static.evaluation.spread import spread
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.elements import call_of

MAX_USES = 10
"""Places that read the name of an estimator and are looked at."""

_HANDING_ON = ("sklearn.pipeline.",)
"""Where what is called offers the parameters of its parts as its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedingHolder:
    """Classes that set the random state of what they are given."""

    callees: tuple[str, ...]
    """Qualified names, or their beginnings with `.*`."""

    takes: tuple[str, ...]
    """Names of the argument that is given such an object; the first one may stand first without its name."""

    argument: str
    """The argument from which the state comes; without it nothing is set."""

    def is_meant(self, name: str) -> bool:
        """Whether a class of that name is one of these."""
        return any(name.startswith(each[:-1]) if each.endswith(".*") else name == each for each in self.callees)


def is_seeded_by_holder(
    node: ast.Call, module: ModuleFacts, holders: Sequence[SeedingHolder], is_none: Callable[[ast.expr], bool]
) -> bool:
    """Whether all that takes what a call makes gives it a random state; `is_none`: whether an argument is no state."""
    if not holders:
        return False
    places = list(_places(node, module))
    return bool(places) and all(_is_seeded_at(place, module, holders, is_none) for place in places)


def _places(node: ast.Call, module: ModuleFacts) -> Iterator[ast.expr]:
    """The call itself, or the places that read the name that it is kept under; none where others may read it."""
    statement = module.parent(node)
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        yield node
        return
    target = only_target(statement)
    if not isinstance(target, ast.Name) or isinstance(module.parent(statement), ast.ClassDef):
        return
    function = module.enclosing_function(target)
    scope = module.index.scopes.get(function) if function is not None else None
    if function is None and module.project.is_imported(module.path):
        return
    if scope is not None and target.id in scope.elsewhere:
        return
    found = list(islice(uses(module, target), MAX_USES + 1))
    yield from found if len(found) <= MAX_USES else ()


def _is_seeded_at(
    place: ast.expr, module: ModuleFacts, holders: Sequence[SeedingHolder], is_none: Callable[[ast.expr], bool]
) -> bool:
    """Whether an object is given here to something that sets its random state, perhaps as a step of a pipeline."""
    part: ast.AST = place
    while True:
        above = module.parent(part)
        while isinstance(above, ast.Tuple | ast.List):
            part, above = above, module.parent(above)
        word = above if isinstance(above, ast.keyword) else None
        outer = module.parent(word) if word is not None else above
        if not isinstance(outer, ast.Call) or outer.func is part:
            return False
        name = module.resolve(outer.func) or ""
        if not name.startswith(_HANDING_ON):
            break
        part = outer
    for holder in holders:
        if holder.is_meant(name) and (word.arg in holder.takes if word is not None else outer.args[:1] == [part]):
            given = call_of(spread(module, outer), name).argument(holder.argument)
            return given is not None and not is_none(given)
    return False
