"""Where two runs stop agreeing, and how far apart they are."""

from __future__ import annotations

from enum import Enum

from auditor.model.finding import Skipped
from auditor.model.lean import dataclass
from auditor.model.trace import Phase, TraceEvent


class Difference(Enum):
    """What differs at the first divergent event."""

    VALUE = "value"
    SHAPE = "shape"
    DTYPE = "dtype"
    ARGUMENT = "argument"
    """A Python number or other non-tensor argument."""

    STATE = "state"
    """The state of a generator before a draw."""

    MISSING = "missing"
    """Only the reference has this event."""

    EXTRA = "extra"
    """Only the candidate has this event."""

    PROCESS = "process"
    """A whole process exists in one run only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """How far apart two tensors of the same shape and dtype are."""

    differing: int
    """Elements whose bits differ; NaNs with the same bits count as equal."""

    total: int
    max_absolute: float | None
    """Greatest absolute difference, in the tensor's own unit; None where NaN or infinity makes it meaningless."""

    max_relative: float | None
    max_ulp: int | None
    """Greatest distance in units in the last place; None for integers and booleans."""

    rms: float | None
    """Root mean square of the difference over all elements."""

    rerun: bool
    """Measured on a second pair of runs that diverged at the same event, not on the pair compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One op called again and again in the same process on the same inputs."""

    calls: int
    distinct: int
    """Different results among them."""

    magnitude: Magnitude | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A device kernel that an op launched."""

    name: str
    device: str
    stream: int
    duration_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeup:
    """What a second pair of runs saw of the first divergent event."""

    magnitude: Magnitude | None
    replay: Replay | None
    kernels: tuple[Kernel, ...]
    kernels_missing: str
    """Why no kernel is named; empty where they are."""

    note: str
    """Said where the second pair diverged elsewhere or not at all; empty otherwise."""

    inputs_agree: bool | None = None
    """The bytes of all tensor inputs, looked at in the second pair, agree; None where they were not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first event at which two runs differ."""

    difference: Difference
    process: str
    reference: TraceEvent | None
    """None where the reference has no such event."""

    candidate: TraceEvent | None
    tensor: str
    """`outputs[0]`, `mutated[1]`; empty where no single tensor differs."""

    inputs_agree: bool | None
    """All tensor inputs, arguments and generator states are equal; None where this cannot be told."""

    closeup: Closeup | None = None
    before: tuple[TraceEvent, ...] = ()
    """The last equal events before it, oldest first (reference side)."""

    instead: TraceEvent | None = None
    """For MISSING and EXTRA: what the other run did at that point; None where it had ended."""

    moved: bool = False
    """For MISSING: the other run has the event too, later: the same events came in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How many of the events of a group differ."""

    label: str
    """A step number, a module path, a phase."""

    compared: int
    differing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How many of the events of one phase of one step differ."""

    step: int
    phase: Phase
    compared: int
    differing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDifference:
    """A line of the program's output that differs between the runs."""

    line: int
    """Line of the reference's output, from 1."""

    reference: str
    candidate: str
    metric: bool
    """A number that differs stands beside a word such as `loss` or `accuracy`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Final parameters and buffers."""

    compared: int
    differing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs held against each other."""

    first: Divergence | None
    equal_before: int
    """Events before the first divergence that are proven equal, over all processes."""

    compared_events: int
    differing_events: int
    compared_tensors: int
    steps: int
    """Optimizer steps that both runs have."""

    by_step: tuple[Spread, ...]
    by_module: tuple[Spread, ...]
    by_phase: tuple[Spread, ...]
    weights: Weights | None
    """None where a run left no final weights."""

    not_compared: tuple[Skipped, ...]
    """Processes, events and tensors that were seen but not compared, and why."""

    others: tuple[Divergence, ...] = ()
    """The first divergences of other processes, in the order in which they are thought to have happened."""

    grid: tuple[Cell, ...] = ()
    """Every step and phase that has compared events, ordered by step, then phase."""

    output: tuple[OutputDifference, ...] = ()
    """Lines of the programs' output that differ, first ones first; at most 20, lines that only tell times left out."""
