"""Conditions that ask again what a seed stands under: `if augment: seed(0)`, and below `if augment: draw()`."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, replace
from auditor.static.evaluation.rngstate import Level, Rank, State
from auditor.static.execution.sameanswer import asks_the_same
from auditor.static.resolution.frame import Frame

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts

_Place = tuple[object, str]
"""A function, or a module for its top level, and the text of a condition."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What was so before a condition was followed."""

    valid: frozenset[str]
    levels: Mapping[str, Level]


class Guards:
    """The conditions of one program under which something was seeded."""

    def __init__(self, walk: Walk) -> None:
        self._ledger = walk.ledger
        self._within = walk.within
        self._seeding: dict[_Place, tuple[ast.If, int]] = {}
        """The first condition of that text below which a library was seeded, and how many seeds there were then."""

        self._valid: frozenset[str] = frozenset()
        """Of the condition that is being followed: its text and the opposite, where one of them guards a seed."""

    def begin(self, node: ast.If, frame: Frame) -> Begun:
        """A condition is followed; gives what `end` wants to have."""
        begun, self._valid = Begun(self._valid, self._ledger.state.levels), frozenset()
        if self._seeding:
            texts = frame.module.written.condition(node.test)
            self._valid = frozenset(text for text in texts if self._is_asked_again(text, node, frame))
        return begun

    def end(self, node: ast.If, frame: Frame, begun: Begun) -> None:
        """It was followed: the state is the one behind it."""
        self._valid = begun.valid
        for text in frame.module.written.condition(node.test):
            under = Level(Rank.MAYBE, text)
            levels = self._ledger.state.levels.items()
            if any(level == under and begun.levels.get(library) != under for library, level in levels):
                self._seeding.setdefault((frame.function or frame.module, text), (node, len(self._ledger.settled)))

    def believe(self, condition: str) -> tuple[State, Mapping[str, Level]]:
        """The state in an arm: what is seeded under its condition is seeded there. Gives what to put back, too."""
        state, under = self._ledger.state, Level(Rank.MAYBE, condition)
        if condition not in self._valid:
            return state, {}
        kept = {library: level for library, level in state.levels.items() if level == under}
        sure = {library: Level(Rank.SEEDED) for library in kept}
        return replace(state, levels={**state.levels, **sure}), kept

    def _is_asked_again(self, text: str, node: ast.If, frame: Frame) -> bool:
        first, count = self._seeding.get((frame.function or frame.module, text), (None, 0))
        return (
            first is not None
            and first is not node
            and all(rank is Rank.SEEDED for _, rank, _ in self._ledger.settled[count:])
            and _comes_before(first, node, frame.module)
            and asks_the_same(first.test, node.test, frame, self._within)
        )


def put_back(state: State, kept: Mapping[str, Level]) -> State:
    """The state behind an arm that was believed to be seeded, where nothing in it seeded anew."""
    known = {library: level for library, level in kept.items() if state.level(library).rank is Rank.SEEDED}
    return replace(state, levels={**state.levels, **known}) if known else state


def _comes_before(first: ast.If, node: ast.If, module: ModuleFacts) -> bool:
    """Whether whoever comes to a condition has come by the first one: it stands in a block around, further up."""
    parent, inner = module.parent(first), node
    for holder in module.around(node):
        if holder is parent:
            blocks = (getattr(holder, name, ()) for name in ("body", "orelse", "finalbody"))
            return any(first in block and inner in block for block in blocks) and first.lineno < node.lineno
        inner = holder  # type: ignore[assignment]
    return False
