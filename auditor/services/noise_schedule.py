"""Which training comes next: the sweeps of several layers at once, as fast as results arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.experiments.noise import Batches, Sweep
from auditor.model.lean import dataclass, field


@dataclass(kw_only=True)
class Subject:
    """The sweep at one injection point, or at all together."""

    name: str
    index: int | None
    layers: tuple[int, ...]
    sweep: Sweep
    batches: Batches
    expected: int
    """Measurements that a sweep takes, about; for people who wait."""

    values: dict[int, list[float]] = field(default_factory=dict)
    """The metric, by number of the level."""

    due: list[tuple[int, int]] = field(default_factory=list)
    """(level, repeat) of the present batch that nobody has begun."""

    whole: bool = False
    batch: list[tuple[int, int]] = field(default_factory=list)
    arrived: dict[tuple[int, int], float] = field(default_factory=dict)


class Schedule:
    """Hands out measurements, the first subject's first; `arrived` takes their results, in any order."""

    def __init__(self, subjects: list[Subject], quality: Callable[[float], float]) -> None:
        self.subjects = subjects
        self._quality = quality
        self._running = 0
        for subject in subjects:
            self._advance(subject)

    def wanted(self, cancelled: Callable[[], bool]) -> Iterator[tuple[Subject, int, int] | None]:
        """Yield (subject, level, repeat) until all sweeps are whole; None where everything that is left depends on
        results that are still to come. To wait for them here would stop whoever brings them."""
        while not cancelled():
            found = next(((each, each.due.pop(0)) for each in self.subjects if each.due), None)
            if found is None and not self._running:
                return
            if found is None:
                yield None
                continue
            self._running += 1
            subject, (at, repeat) = found
            yield subject, at, repeat

    def arrived(self, subject: Subject, at: int, repeat: int, value: float) -> None:
        """Note a result. Those of a batch enter the sweep together and in order, whichever came first."""
        self._running -= 1
        subject.arrived[at, repeat] = value
        if len(subject.arrived) == len(subject.batch):
            for place in subject.batch:
                subject.values.setdefault(place[0], []).append(subject.arrived[place])
                subject.sweep.add(place[0], self._quality(subject.arrived[place]))
            self._advance(subject)

    def total(self) -> int:
        """How many measurements there will be, about."""
        return sum(
            each.sweep.evaluations if each.whole else max(each.expected, each.sweep.evaluations + len(each.batch))
            for each in self.subjects
        )

    def _advance(self, subject: Subject) -> None:
        levels = next(subject.batches, None)
        subject.arrived = {}
        subject.batch = []
        subject.whole = levels is None
        for at in levels or ():
            repeat = subject.sweep.has(at) + sum(place[0] == at for place in subject.batch)
            subject.batch.append((at, repeat))
        subject.due = list(subject.batch)
