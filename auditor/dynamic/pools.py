"""Processes that share tasks out among themselves and train in them: sweeps in a pool, bootstraps, folds.

Which worker takes which task is chance, so worker by worker two runs never agree. They agree if all workers together
did the same events with the same results. If not, a worker's first difference is its first event that no worker of the
other run has: what comes before it are tasks that both runs did.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic.column import allocations, is_compared
from auditor.dynamic.describe import describe
from auditor.dynamic.hit import Hit, extra_at, missing_at
from auditor.dynamic.order import is_collective
from auditor.dynamic.sharing import LIMIT_ROWS, event_numbers, same_in_total
from auditor.model.divergence import Divergence
from auditor.model.lean import dataclass
from auditor.probe import wire

if TYPE_CHECKING:
    from auditor.dynamic.extent import Extent
    from auditor.dynamic.pair import PairComparison
    from auditor.runs.tracefile import ProcessTrace, RunTraces

Array = np.ndarray[Any, Any]

_ORDINAL = re.compile(r"#\d+")
"""Of a module, among those of its class in the process: another one where the process had other tasks before."""

_GIVEN = ("inputs", "arguments", "state")
_NOT_A_RESULT = (wire.STEP, wire.WEIGHTS)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What came of comparing pools as a whole."""

    settled: frozenset[str]
    """Processes about which nothing is left to say one by one."""

    news: dict[str, Family]
    """Processes of pools whose tasks differ, with their pool."""

    idle: frozenset[tuple[int, int]]
    """Workers that were killed with all their tasks done: run (0, 1) and process id."""

    sentences: tuple[str, ...]


def settle(
    runs: tuple[RunTraces, RunTraces],
    training: Collection[str],
    pairs: Mapping[str, PairComparison],
    alone: Collection[str],
    extent: Extent,
) -> Settled:
    """Compare the processes of each pool all together; take back what was said to differ between namesakes."""
    settled: set[str] = set()
    pools: dict[str, Family] = {}
    idle: set[tuple[int, int]] = set()
    sentences = []
    for names in families(runs, training, fewest=1):
        hits = {name: hit for name in names if name in pairs and (hit := pairs[name].first) is not None}
        differ = bool(hits) or not set(names).isdisjoint(alone)
        killed = any(not run.processes[name].complete for run in runs for name in names if name in run.processes)
        if not (len(names) > 1 if differ else killed):
            continue
        family = Family(names, runs)
        if not differ:
            idle |= family.workers() if family.agrees() else set()
            continue
        if hits and not family.shares_tasks(hits):
            continue  # not tasks that went to others, but another order inside a process
        if family.agrees():
            idle |= family.workers()
        elif hits:
            family.look_for_news((extent.reference_cut, extent.candidate_cut))
        else:
            continue
        settled |= set(names)
        if family.news:
            pools.update(dict.fromkeys(names, family))
        else:
            for name in hits:
                for thread in list(pairs[name].firsts):
                    pairs[name].clear_thread(thread)
            sentences.append(f"{len(names)} processes shared the same work out differently.")
    return Settled(settled=frozenset(settled), news=pools, idle=frozenset(idle), sentences=tuple(sentences))


def families(runs: Sequence[RunTraces], training: Collection[str], fewest: int = 2) -> list[tuple[str, ...]]:
    """Siblings that train and are no ranks: those have numbers, or talk to each other."""
    siblings: dict[tuple[str, str], set[str]] = {}
    for name in training:
        rank, _, place = name.partition("-")
        parent = place.partition("~")[0].rpartition(".")[0]
        if not any(_is_rank(run.processes[name]) for run in runs if name in run.processes):
            siblings.setdefault((rank, parent), set()).add(name)
    return [tuple(sorted(names)) for _, names in sorted(siblings.items()) if len(names) >= fewest]


def _is_rank(trace: ProcessTrace) -> bool:
    return any(is_collective(text) for text in trace.names.values())


@dataclass(frozen=True, kw_only=True)
class _Tasks:
    """What one process of a family did."""

    trace: ProcessTrace
    rows: Array
    numbers: Array
    """One for each of the rows: what the event was and gave, wherever and whenever."""

    @classmethod
    def of(cls, trace: ProcessTrace) -> _Tasks:
        events = trace.events[:LIMIT_ROWS]
        chosen = is_compared(events) & ~np.isin(events["kind"], _NOT_A_RESULT) & (events["tensors"] > 0)
        chosen &= ~np.isin(events["op"], allocations(trace.names))
        names = {number: _ORDINAL.sub("", text) for number, text in trace.names.items()}
        rows: Array = np.flatnonzero(chosen)
        return cls(trace=trace, rows=rows, numbers=event_numbers(events[chosen], names))


class Family:
    """The processes of one family in two runs."""

    def __init__(self, names: Sequence[str], runs: tuple[RunTraces, RunTraces]) -> None:
        self.news: dict[str, Divergence] = {}
        """Where its processes differ; see `look_for_news`."""

        self._runs = runs
        self._sides = tuple(
            {name: _Tasks.of(run.processes[name]) for name in names if name in run.processes} for run in runs
        )

    def agrees(self) -> bool:
        """All processes together did the same in both runs."""
        mine, theirs = ([tasks.numbers for tasks in side.values()] for side in self._sides)
        return same_in_total(mine, theirs)

    def shares_tasks(self, firsts: Mapping[str, Hit]) -> bool:
        """A process that differs from its namesake did there what another one did in the other run."""
        for name, hit in firsts.items():
            for side, row in enumerate((hit.reference, hit.candidate)):
                tasks = self._sides[side].get(name)
                if tasks is None or row is None:
                    continue
                number = tasks.numbers[tasks.rows == row]
                others = [each.numbers for other, each in self._sides[1 - side].items() if other != name]
                if len(number) and any(np.isin(number, each)[0] for each in others):
                    return True
        return False

    def workers(self) -> set[tuple[int, int]]:
        """Run and process id of those that multiprocessing started for a process that came to its end."""
        found = set()
        for number, (run, side) in enumerate(zip(self._runs, self._sides, strict=True)):
            for name, tasks in side.items():
                parent, _, label = name.partition("~")[0].rpartition(".")
                started = parent in run.processes and re.fullmatch(r"s?\d+", label) is not None
                if started and run.processes[parent].complete:
                    found.add((number, int(tasks.trace.header["pid"])))
        return found

    def look_for_news(self, cut: tuple[bool, bool]) -> None:
        """Find the first event of each process that no process of the other run has; what a cut explains is left out.

        Paired with such an event of the other run that is the same but for its result, where there is one.
        """
        new = [dict(self._new(side)) for side in (0, 1)]
        for name, rows in new[0].items():
            trace, row = self._sides[0][name].trace, int(rows[0])
            thread = int(trace.events[row]["thread"])
            like = self._like(trace, row, new[1])
            if like is not None:
                hit = Hit(difference=None, reference=row, candidate=like[1], order=row, thread=thread)
                self.news[name] = describe(hit, trace, like[0])
            elif not cut[1]:
                self.news[name] = describe(missing_at(row, thread), trace, trace)
        if self.news or cut[0]:
            return
        for name, rows in new[1].items():
            trace, row = self._sides[1][name].trace, int(rows[0])
            self.news[name] = describe(extra_at(row, row, int(trace.events[row]["thread"])), trace, trace)

    def equal_before(self, first: Divergence) -> int:
        """Events of a process before its first difference, all of which the other run has as well."""
        side = 0 if first.reference is not None else 1
        event = first.reference or first.candidate
        tasks = self._sides[side].get(first.process)
        return int(np.count_nonzero(tasks.rows < event.index)) if tasks is not None and event is not None else 0

    def _new(self, side: int) -> Iterator[tuple[str, Array]]:
        """Each process with its rows that no process of the other run has."""
        known = np.concatenate([np.empty(0, np.uint64), *(tasks.numbers for tasks in self._sides[1 - side].values())])
        for name, tasks in self._sides[side].items():
            rows = tasks.rows[~np.isin(tasks.numbers, known)]
            if len(rows):
                yield name, rows

    def _like(
        self, reference: ProcessTrace, row: int, candidates: Mapping[str, Array]
    ) -> tuple[ProcessTrace, int] | None:
        """The event of the candidates that is most like this one, the first of several."""
        mine = reference.events[row]
        text = _text(reference, mine)
        best: tuple[int, ProcessTrace, int] | None = None
        for name, rows in candidates.items():
            trace = self._sides[1][name].trace
            events = trace.events[rows]
            alike = [
                int(at) for at in np.flatnonzero(events["kind"] == mine["kind"]) if _text(trace, events[at]) == text
            ]
            for at in alike:
                score = sum(int(events[at][column] == mine[column]) for column in _GIVEN)
                if best is None or score > best[0]:
                    best = score, trace, int(rows[at])
                if score == len(_GIVEN):
                    break
        return best[1:] if best is not None else None


def _text(trace: ProcessTrace, row: Any) -> tuple[object, ...]:
    """What an event is, wherever it stands: its op, module and line."""
    site = trace.sites.get(int(row["site"]))
    module = _ORDINAL.sub("", trace.names.get(int(row["module"]), ""))
    return trace.names.get(int(row["op"]), ""), module, (site.path, site.line) if site is not None else None
