"""What `finally` does on the way out of a function: `return` in the body is not the end."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.rngstate import State
from auditor.static.resolution.frame import End, Frame

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk

MAX_WAYS = 4
"""Ways out of one body for each of which what is done at last is followed again."""


class Finishing:
    """The `finally` of one program."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._is_repeating = False
        """What stands in one that is followed again is not, or each one inside of another would double it."""

    def run(self, statements: Sequence[ast.stmt], frame: Frame, first: int) -> End:
        """Follow what is done at last, on the way on and on the ways out that were noted from `first` on."""
        walk = self._walk
        ways, before = len(walk.exits), walk.ledger.state
        end = walk.block(statements, frame)
        after, values = walk.ledger.state, frame.values
        for number in range(first, ways) if statements else ():
            state, text = walk.exits[number]
            if state is before:
                walk.exits[number] = after, text
            elif number - first < MAX_WAYS and not self._is_repeating:
                walk.exits[number] = self._after(statements, frame, state), text
        frame.values = values
        walk.set_state(after)
        return end

    def _after(self, statements: Sequence[ast.stmt], frame: Frame, state: State) -> State:
        walk = self._walk
        exits, returned, values = len(walk.exits), len(walk.returned), frame.values
        walk.set_state(state)
        frame.values = dict(values)
        self._is_repeating = True
        walk.block(statements, frame)
        self._is_repeating = False
        frame.values = values
        del walk.exits[exits:], walk.returned[returned:]
        return walk.ledger.state
