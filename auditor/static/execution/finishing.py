"""What `finally`, and a context that is left, do on the way out: `return` in the body is not the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.rngstate import State
from auditor.static.resolution.frame import End, Frame
from auditor.static.resolution.seedvalue import Seen, either

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk

MAX_WAYS = 4
"""Ways out of one body for each of which what is done at last is followed again."""


class Finishing:
    """What one program does at last, behind the bodies of `try` and `with`."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._is_repeating = False
        """What stands in one that is followed again is not, or each one inside of another would double it."""

    def run(self, finish: Callable[[], End], frame: Frame, first: int) -> End:
        """Do what is done at last, on the way on and on the ways out that were noted from `first` on."""
        walk = self._walk
        ways, before = len(walk.exits), walk.ledger.state
        end = finish()
        after, values = walk.ledger.state, frame.values
        for number in range(first, ways):
            state, text = walk.exits[number]
            if state is before:
                walk.exits[number] = after, text
            elif number - first < MAX_WAYS and not self._is_repeating:
                walk.exits[number] = self._after(finish, frame, state), text
        frame.values = values
        walk.set_state(after)
        return end

    def _after(self, finish: Callable[[], End], frame: Frame, state: State) -> State:
        walk = self._walk
        exits, returned, values = len(walk.exits), len(walk.returned), frame.values
        walk.set_state(state)
        frame.values = dict(values)
        self._is_repeating = True
        finish()
        self._is_repeating = False
        frame.values = values
        del walk.exits[exits:], walk.returned[returned:]
        return walk.ledger.state


def common_end(ends: Sequence[End]) -> End:
    """All arms leave: back to the caller where any does that, else out of the loop, else the program stops."""
    for end in (End.RETURNS, End.LEAVES_LOOP):
        if end in ends:
            return end
    return End.STOPS


def joined_values(kept: Sequence[dict[str, Seen]]) -> dict[str, Seen]:
    """What names hold behind arms of which any may have been taken."""
    joined = dict(kept[0])
    for values in kept[1:]:
        for name, value in values.items():
            before = joined.get(name)
            if before is not value:
                joined[name] = either(before, value) if before is not None else value
    return joined
