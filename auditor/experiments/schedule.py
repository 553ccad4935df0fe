"""Which replica comes next: the one that makes the tape first, what failed again and not for ever, then in turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum

from auditor.experiments.variants import Variant
from auditor.model.lean import dataclass

LOST_AGAIN = 3
"""How often a replica is run again that was lost with its worker; that is not the program's doing."""


class Came(Enum):
    """What a replica came to."""

    WHOLE = "whole"
    FAILED = "failed"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One replica to run."""

    variant: Variant
    number: int
    record: bool = False
    """It makes the tape that all others without algorithmic noise replay."""

    again: bool = False
    """It failed or was lost before."""


_Key = tuple[Variant, int]


class Schedule:
    """The replicas of an experiment. `there` are those that need not be run; it grows as others end."""

    def __init__(self, variants: Sequence[Variant], runs: int, retries: int, there: Mapping[Variant, set[int]]) -> None:
        self.there = there
        self._variants = variants
        self._runs = runs
        self._retries = retries
        self._running: set[_Key] = set()
        self._recording = False
        self._left_out: set[Variant] = set()
        self._failed: Counter[_Key] = Counter()
        self._lost: Counter[_Key] = Counter()

    def missing(self) -> int:
        """How many replicas there are still to be, if none fails."""
        return sum(self._runs - len(self.whole(each)) for each in self._variants if each not in self._left_out)

    def leave_out(self, variant: Variant) -> int:
        """Start no more replicas of a variant; return how many there would have been."""
        self._left_out.add(variant)
        return sum((variant, each) not in self._running for each in range(1, self._runs + 1)) - len(self.whole(variant))

    def whole(self, variant: Variant) -> list[int]:
        """Numbers of the replicas that are there, of those asked for."""
        return sorted(number for number in self.there[variant] if number <= self._runs)

    def next(self, has_tape: bool) -> Task | None:
        """Return what can start now; None where there is nothing, or nothing before one that runs has ended."""
        task = None if has_tape or self._recording else self._recorder()
        task = task or self._in_turn(has_tape)
        if task is not None:
            self._running.add((task.variant, task.number))
            self._recording |= task.record
        return task

    def is_running(self) -> bool:
        """Whether anything was started that has not ended: what waits for it may start then."""
        return bool(self._running)

    def ended(self, task: Task, came: Came) -> None:
        """Note what a task came to."""
        key = task.variant, task.number
        self._running.discard(key)
        if task.record:
            self._recording = False
        if came is Came.WHOLE:
            self.there[task.variant].add(task.number)
        elif came is Came.FAILED:
            self._failed[key] += 1
        elif came is Came.LOST:
            self._lost[key] += 1

    def _recorder(self) -> Task | None:
        """A run that makes the tape: of the quietest variant in which the program works."""
        for variant in reversed([each for each in self._variants if not each.algorithmic and not each.nudged]):
            if (variant, 1) not in self._running and not self._given_up(variant, 1):
                return Task(variant=variant, number=1, record=True, again=self._began(variant, 1))
        return None

    def _in_turn(self, has_tape: bool) -> Task | None:
        for number in range(1, self._runs + 1):
            for variant in self._variants:
                if (has_tape or variant.algorithmic) and self._may(variant, number):
                    return Task(variant=variant, number=number, again=self._began(variant, number))
        return None

    def _may(self, variant: Variant, number: int) -> bool:
        there = number in self.there[variant] or (variant, number) in self._running or variant in self._left_out
        return not there and not self._given_up(variant, number)

    def _given_up(self, variant: Variant, number: int) -> bool:
        """True where a replica has failed too often, or its whole variant looks as if it would."""
        if self._is_out(variant, number):
            return True
        if self.there[variant]:
            return False
        failed = [each for each in (*self._failed, *self._lost) if each[0] == variant]
        if any(self._is_out(*each) for each in failed):
            return True
        first = any(each == (variant, number) for each in failed)
        return any(self._failed[each] for each in failed) and not first  # the one that failed shows whether it must

    def _is_out(self, variant: Variant, number: int) -> bool:
        return self._failed[variant, number] > self._retries or self._lost[variant, number] > LOST_AGAIN

    def _began(self, variant: Variant, number: int) -> bool:
        return bool(self._failed[variant, number] or self._lost[variant, number])
