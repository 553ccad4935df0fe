"""The case that is put to every cause: two runs, their first divergence, and what the traces say around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from auditor.model.divergence import Comparison, Divergence
from auditor.model.finding import Finding
from auditor.model.lean import dataclass, field
from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Category, Rule
from auditor.model.run import RunRecord
from auditor.model.trace import EventKind, SeedCall, TraceEvent
from auditor.model.verdict import Cause

if TYPE_CHECKING:
    from auditor.ruleset.operators import Operators
    from auditor.runs.tracefile import ProcessTrace, RunTraces


ENTROPY = "entropy"
"""The value of a seed that was taken from the system's entropy."""


_OF_TORCH = (
    "aten::", "prim", "quantized::", "_quantized::", "c10d", "_c10d", "mkldnn::", "mkldnn_", "onednn::", "inductor::",
    "sparse::", "fbgemm::", "torchvision::", "torchaudio::", "higher_order::", "profiler::", "rngprims::", "symm_mem::",
)  # fmt: skip
"""What names of operators of torch and of its own libraries begin with."""

ONE_TAPE = "one-tape"
"""The intervention of giving further runs the same entropy, hash secret and clocks used as seeds."""

LATER_RUNS = "later-runs"
"""Kind of an intervention that changes nothing: a further run with randomness of its own agrees with one of the pair.

`agreed`: with the candidate, so that the first run is the odd one; else with the reference.
"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A line of the program that asked the system for randomness, in a run that was recorded."""

    call: str
    """`os.urandom`."""

    site: Location
    times: int


@dataclass(frozen=True, kw_only=True)
class Unseeded:
    """A process of a run that was recorded, which drew from a generator that nothing seeds in it."""

    process: str
    argv: tuple[str, ...]
    library: str


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """A pair of runs with one thing changed from outside, to see whether the divergence goes away."""

    kind: str
    """What was changed: `hash-seed`, `one-tape`; nothing for `later-runs`."""

    agreed: bool
    """The two runs agree at the event that differed before."""

    note: str = ""
    """What they did instead, as a sentence."""

    asked: tuple[Asked, ...] = ()
    """Of `one-tape`: who asked for what the runs were given, other than libraries on business of their own."""

    unseeded: tuple[Unseeded, ...] = ()
    """Of `one-tape`: who drew from what starts from the system's entropy."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs."""

    traces: RunTraces
    process: str
    row: int
    """Row of the first divergence in the trace of `process`; the row after its last one where the run lacks it."""

    record: RunRecord | None = None

    @cached_property
    def trace(self) -> ProcessTrace | None:
        """The trace of the process that diverged; None where only the other run has it."""
        return self.traces.processes.get(self.process)

    def lineage(self) -> Iterator[ProcessTrace]:
        """That trace, then those of the processes that it was forked from, whose generators and seeds it inherits.

        A program that was started and a process that was spawned begin with generators of their own.
        """
        trace = self.trace
        rank, _, place = self.process.partition("-")
        place = place.partition("~")[0]
        while place:
            if trace is not None:
                yield trace
            place, _, last = place.rpartition(".")
            if not last.isdigit():
                return
            trace = self._parent(f"{rank}-{place}", trace)

    def _parent(self, name: str, child: ProcessTrace | None) -> ProcessTrace | None:
        """The trace of this name, of several that were started at one place the one that started the child."""
        named = [trace for each, trace in self.traces.processes.items() if each.partition("~")[0] == name]
        own = [trace for trace in named if child is not None and trace.header["pid"] == child.header["parent_pid"]]
        return next(iter(own or named), None)

    def seeds(self, library: str) -> list[SeedCall]:
        """Calls that seeded a library before the divergence, oldest first; those of parents come first.

        For the n-th generator object of a kind, only the call that made it.
        """
        found: list[SeedCall] = []
        for trace in self.lineage():
            before = self.row if trace.name == self.process else len(trace.events)
            found = [
                s for s in trace.seeds if s.event <= before and self.seeded_library(s) in _seeders(library)
            ] + found
        number = library.partition("#")[2]
        if number.isdigit() and int(number) < len(found):
            return [found[int(number)]]
        return found

    def later_seeds(self, library: str) -> list[SeedCall]:
        """Calls that seeded a library only after the divergence, in the same process."""
        if self.trace is None:
            return []
        return [s for s in self.trace.seeds if s.event > self.row and self.seeded_library(s) in _seeders(library)]

    @staticmethod
    def seeded_library(call: SeedCall) -> str:
        """What a call seeds; NumPy's seed sequences belong to generator objects, not to its global generator."""
        return call.call if call.call == "numpy.random.SeedSequence" else call.library


def _seeders(library: str) -> set[str]:
    """Libraries whose seeding seeds this one: `torch.manual_seed` seeds the devices' generators too."""
    kind = library.partition("#")[0]
    names = {library, kind, kind.partition(":")[0]}
    return names | {"torch"} if kind.startswith(("torch.cuda", "torch.xpu", "torch.mps")) else names


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a cause may look at. Nothing here runs a program."""

    comparison: Comparison
    first: Divergence
    reference: Side
    candidate: Side
    findings: tuple[Finding, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """By id; the rules that the findings refer to."""

    operators: Operators | None = None
    interventions: tuple[Intervention, ...] = ()

    @property
    def event(self) -> TraceEvent:
        """The divergent event, of the reference where it has one."""
        event = self.first.reference or self.first.candidate
        assert event is not None, "a divergence without an event"
        return event

    @property
    def site(self) -> Location | None:
        """The line of the divergent event."""
        return self.event.site

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.reference, self.candidate

    @property
    def runs_foreign_code(self) -> bool:
        """The op is none of torch's: inside, it may draw, read files, or do whatever else Python can."""
        return self.event.kind is EventKind.OP and not self.event.identity.op.startswith(_OF_TORCH)

    def intervention(self, kind: str) -> Intervention | None:
        return next((entry for entry in self.interventions if entry.kind == kind), None)

    def linked(
        self, category: Category | None, *words: str, at: Location | None = None, everywhere: bool = False
    ) -> tuple[str, ...]:
        """Keys of findings of a category (None: of any) that say the same.

        Those at the line of the event (or at `at`), also as a related place. With words, the rule's name must hold
        one of them; with `everywhere`, that is enough and the line does not matter.
        """
        places = [place for place in (at, self.site) if place is not None]
        keys = []
        for finding in self.findings:
            rule = self.rules.get(finding.rule_id)
            if rule is None or category not in (None, rule.category):
                continue
            if words and not any(word in rule.name for word in words):
                continue
            if everywhere or any(touches(finding, place) for place in places):
                keys.append(finding.key)
        return tuple(sorted(set(keys)))


@dataclass(frozen=True, kw_only=True)
class CauseRule:
    """One cause that a divergence may have; each file in `causes/` has one, called CAUSE."""

    name: str
    """As its file is called, with dashes."""

    category: Category
    evidence: Callable[[Case], Cause | None]
    """Return the cause with what speaks for it in this case, or None where nothing does."""

    depth: int = 0
    """Among causes of equal confidence the smaller one stands first.

    0: a root cause. 1: a circumstance. 2: what it looks like, whatever is behind it. 3: nothing better is known.
    """


def case_of(
    comparison: Comparison,
    runs: tuple[RunTraces, RunTraces],
    records: tuple[RunRecord | None, RunRecord | None] = (None, None),
    *,
    report: AuditReport | None = None,
    operators: Operators | None = None,
    interventions: tuple[Intervention, ...] = (),
) -> Case:
    """Put a comparison with a divergence, and the findings of a scan, before the causes."""
    first = comparison.first
    assert first is not None, "runs that agree have no case"
    events = first.reference, first.candidate
    sides = []
    for traces, record, event in zip(runs, records, events, strict=True):
        at = event or first.instead
        process = at.process if at is not None else first.process  # a pool may have given the task to another one
        trace = traces.processes.get(process)
        end = len(trace.events) if trace is not None else 0
        row = at.index if at is not None else end
        sides.append(Side(traces=traces, process=process, row=row, record=record))
    return Case(
        comparison=comparison,
        first=first,
        reference=sides[0],
        candidate=sides[1],
        findings=report.findings if report is not None else (),
        rules={rule.id: rule for rule in report.rules} if report is not None else {},
        operators=operators,
        interventions=interventions,
    )


def touches(finding: Finding, place: Location) -> bool:
    """True if a finding, or one of its related places, lies on the line."""
    spots = [finding.location, *(related.location for related in finding.related)]
    return any(spot.path == place.path and spot.line <= place.line <= (spot.end_line or spot.line) for spot in spots)


def line(place: Location | None) -> str:
    """`train.py:14`, for a sentence."""
    return f"{place.path}:{place.line}" if place is not None else "an unknown line"


def numbers(values: Any) -> str:
    """A few values for a sentence, in quotes."""
    return " and ".join(f"`{value}`" for value in values)
