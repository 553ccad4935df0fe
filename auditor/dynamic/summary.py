"""From the compared processes of two runs to one `Comparison`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic.column import is_compared
from auditor.dynamic.describe import describe
from auditor.dynamic.extent import Extent, steps_of, trainers
from auditor.dynamic.order import in_causal_order
from auditor.dynamic.pair import PairComparison
from auditor.dynamic.pools import Family, settle
from auditor.dynamic.sharing import forgive_threads, results, same_in_total
from auditor.dynamic.tally import REASONS, Count, Tally, first_unwritten_read, grouped, step_and_phase
from auditor.dynamic.vocabulary import Vocabulary
from auditor.model.divergence import Cell, Comparison, Difference, Divergence, Spread, Weights
from auditor.model.finding import Skipped
from auditor.model.lean import dataclass
from auditor.model.trace import Phase, TraceEvent

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace, RunTraces

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A comparison, with what a verdict needs to know beside it."""

    comparison: Comparison
    evidence_events: int
    """Compared events that carry tensors."""

    extent: Extent
    shared_work: tuple[str, ...]
    """Sentences on pools that shared their work out differently."""

    unwritten_reads: tuple[TraceEvent, ...] = ()
    """Of each process that has some, the first op that read memory which nothing was written to."""

    idle: frozenset[tuple[int, int]] = frozenset()
    """Workers of pools that had done all their tasks when they were killed: run (0, 1) and process id."""


class Summary:
    """From the pairs of processes to one comparison."""

    def __init__(
        self,
        runs: tuple[RunTraces, RunTraces],
        pairs: dict[str, PairComparison],
        vocabularies: dict[str, Vocabulary],
        unlike: dict[str, str],
        extent: Extent,
    ) -> None:
        self.runs = runs
        self.pairs = pairs
        self.vocabularies = vocabularies
        self.extent = extent
        self.training = trainers(runs)
        self.skipped = [Skipped(subject=f"process {name}", reason=reason) for name, reason in sorted(unlike.items())]
        self.shared: list[str] = []
        self.pools: dict[str, Family] = {}
        """Processes of pools whose tasks differ."""

        self.idle: frozenset[tuple[int, int]] = frozenset()

        self.alone = {name for name in set(runs[0].processes) ^ set(runs[1].processes) if self._has_events(name)}

    def outcome(self) -> Outcome:
        self._settle_tails()
        self._forgive_sharing()
        self._settle_pools()
        idle = {name for name in self.training & self.pairs.keys() if not steps_of(self.runs[0].processes[name])}
        ordered = in_causal_order(self._divergences(), self.training, idle)
        tallies = {name: pair.tally() for name, pair in sorted(self.pairs.items())}
        total = Tally()
        for name, tally in tallies.items():
            total.events.add(tally.events.compared, tally.events.differing)
            if name in self.training:  # a worker that was forked from a trainer has a copy of its model
                total.weights.add(tally.weights.compared, tally.weights.differing)
            total.tensors += tally.tensors
            total.evidence += tally.evidence
        first = ordered[0] if ordered else None
        cells = grouped(
            (step_and_phase(key), c) for tally in tallies.values() for key, c in sorted(tally.cells.items())
        )
        comparison = Comparison(
            first=first,
            others=tuple(ordered[1:]),
            equal_before=self._equal_before(first),
            compared_events=total.events.compared,
            differing_events=total.events.differing,
            compared_tensors=total.tensors,
            steps=self._common_steps(),
            by_step=_spreads(grouped((step, count) for (step, _), count in sorted(cells.items(), key=_cell_order))),
            by_module=_spreads(grouped(self._modules(tallies))),
            by_phase=_spreads(grouped((phase, count) for (_, phase), count in sorted(cells.items(), key=_phase_order))),
            grid=tuple(
                Cell(step=step, phase=phase, compared=count.compared, differing=count.differing)
                for (step, phase), count in sorted(cells.items(), key=_cell_order)
            ),
            weights=_weights(total.weights),
            not_compared=tuple(self.skipped + self._uncompared(tallies)),
        )
        return Outcome(
            comparison=comparison,
            evidence_events=total.evidence,
            extent=self.extent,
            shared_work=tuple(self.shared),
            unwritten_reads=self._unwritten_reads(tallies),
            idle=self.idle,
        )

    def _unwritten_reads(self, tallies: dict[str, Tally]) -> tuple[TraceEvent, ...]:
        found = []
        for name in (name for name, tally in tallies.items() if tally.unwritten_reads):
            trace = self.runs[0].processes[name]
            row = first_unwritten_read(trace.events, trace.names)
            if row is not None:
                found.append(trace.event(row))
        return tuple(found)

    # differences that are none

    def _settle_tails(self) -> None:
        for name, pair in sorted(self.pairs.items()):
            a, b = self.runs[0].processes[name], self.runs[1].processes[name]
            for tail in pair.tails:
                reason = self.extent.excuses(tail, a, b, name not in self.training)
                if not reason:
                    pair.accept_tail(tail)
                elif not (self.extent.reference_cut or self.extent.candidate_cut):
                    side = "reference" if tail.missing else "candidate"
                    self._skip(f"process {name}: the {side}'s last {tail.events:,} events", reason)

    def _forgive_sharing(self) -> None:
        for name, pair in sorted(self.pairs.items()):
            threads = forgive_threads(pair, self.runs[0].processes[name], self.runs[1].processes[name])
            if threads:
                self.shared.append(
                    f"{_counted(threads, 'thread')} of process {name} shared the same work out differently."
                )
        helpers = [name for name, pair in sorted(self.pairs.items()) if name not in self.training and pair.first]
        if not helpers:
            return
        names = helpers + sorted(self.alone - self.training)
        sides = [
            [
                results(run.processes[name], len(run.processes[name].events), helpers_of_main_thread=False)
                for name in names
                if name in run.processes
            ]
            for run in self.runs
        ]
        if same_in_total(*sides):
            for name in helpers:
                for thread in list(self.pairs[name].firsts):
                    self.pairs[name].clear_thread(thread)
            self.alone -= set(names)
            self.shared.append(f"{_counted(len(names), 'helper process', 'es')} shared the same work out differently.")

    def _settle_pools(self) -> None:
        settled = settle(self.runs, self.training, self.pairs, self.alone, self.extent)
        self.alone -= settled.settled
        self.shared += settled.sentences
        self.pools, self.idle = settled.news, settled.idle

    # divergences

    def _divergences(self) -> dict[str, Divergence]:
        found = {}
        for name, pair in self.pairs.items():
            if name in self.pools:
                found.update(self.pools[name].news)
            elif pair.first is not None:
                found[name] = describe(pair.first, self.runs[0].processes[name], self.runs[1].processes[name])
        for name in sorted(self.alone):
            if reason := self._excuse_of_single(name):
                self._skip(f"process {name}", reason)
            else:
                found[name] = self._single(name)
        return found

    def _excuse_of_single(self, name: str) -> str:
        cut = self.extent.candidate_cut if name in self.runs[0].processes else self.extent.reference_cut
        side = "candidate" if name in self.runs[0].processes else "reference"
        return f"the {side} was stopped before it would start this process" if cut else ""

    def _single(self, name: str) -> Divergence:
        trace = self._trace(name)
        event = trace.event(int(np.flatnonzero(_with_tensors(trace))[0]))
        in_reference = name in self.runs[0].processes
        return Divergence(
            difference=Difference.PROCESS,
            process=name,
            reference=event if in_reference else None,
            candidate=None if in_reference else event,
            tensor="",
            inputs_agree=None,
        )

    def _trace(self, name: str) -> ProcessTrace:
        return next(run.processes[name] for run in self.runs if name in run.processes)

    def _has_events(self, name: str) -> bool:
        return bool(_with_tensors(self._trace(name)).any())

    def _skip(self, subject: str, reason: str) -> None:
        self.skipped.append(Skipped(subject=subject, reason=reason))

    # figures

    def _equal_before(self, first: Divergence | None) -> int:
        """Proven-equal events: all of the first process's before it, of other processes those of earlier steps too."""
        if first is None:
            return sum(pair.equal_before() for pair in self.pairs.values())
        event = first.reference or first.candidate
        step = event.identity.step if event is not None else 0
        count = 0
        for name, pair in self.pairs.items():
            if name in self.pools:
                count += self.pools[name].equal_before(first) if name == first.process else 0
            elif name == first.process:
                count += pair.equal_before()
            else:
                count += sum(c.compared for key, c in pair.tally().cells.items() if _is_before(key, c, step))
        return count

    def _common_steps(self) -> int:
        common = [name for name in self.pairs if name in self.training]
        return max((min(steps_of(run.processes[name]) for run in self.runs) for name in common), default=0)

    def _modules(self, tallies: dict[str, Tally]) -> list[tuple[str, Count]]:
        return [
            (self.vocabularies[name].texts.get(module, ""), count)
            for name, tally in tallies.items()
            for module, count in sorted(tally.modules.items())
        ]

    def _uncompared(self, tallies: dict[str, Tally]) -> list[Skipped]:
        numbers: dict[int, dict[str, int]] = {}
        for name, tally in tallies.items():
            for (flag, op), number in sorted(tally.uncompared.items()):
                by_op = numbers.setdefault(flag, {})
                text = self.vocabularies[name].texts.get(op, "") or "other"
                by_op[text] = by_op.get(text, 0) + number
        found = [
            Skipped(subject=_counted(sum(ops.values()), "tensor"), reason=f"{reason} ({_most_common(ops)})")
            for flag, reason in REASONS
            if (ops := numbers.get(flag))
        ]
        if regions := sum(tally.regions for tally in tallies.values()):
            reason = "compiled: only what goes in and comes out was compared; --compile eager looks inside"
            found.append(
                Skipped(subject=f"the inside of {_counted(regions, 'call')} of compiled regions", reason=reason)
            )
        return found


def _with_tensors(trace: ProcessTrace) -> Array:
    events = trace.events
    chosen: Array = is_compared(events) & (events["tensors"] > 0)
    return chosen


def _is_before(cell: int, count: Count, step: int) -> bool:
    return step_and_phase(cell)[0] < step and not count.differing


def _cell_order(item: tuple[tuple[int, Phase], Count]) -> tuple[int, int]:
    (step, phase), _ = item
    return step, _PHASE_ORDER.index(phase)


def _phase_order(item: tuple[tuple[int, Phase], Count]) -> tuple[int, int]:
    (step, phase), _ = item
    return _PHASE_ORDER.index(phase), step


# As a step runs; what is in no phase stands last.
_PHASE_ORDER = (Phase.DATA, Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER, Phase.OTHER)


def _spreads(groups: dict[Any, Count]) -> tuple[Spread, ...]:
    return tuple(
        Spread(
            label=key.value if isinstance(key, Phase) else str(key), compared=count.compared, differing=count.differing
        )
        for key, count in groups.items()
    )


def _weights(count: Count) -> Weights | None:
    return Weights(compared=count.compared, differing=count.differing) if count.compared else None


def _most_common(numbers: dict[str, int]) -> str:
    ranked = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{op} {number:,}" for op, number in ranked[:3])
    return text + (", …" if len(ranked) > 3 else "")


def _counted(number: int, what: str, plural: str = "s") -> str:
    return f"{number:,} {what}{'' if number == 1 else plural}"
