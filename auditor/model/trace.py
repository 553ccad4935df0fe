"""What the probe saw: one event per operation, with its tensors."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.location import Location


class Phase(Enum):
    """Part of a training step."""

    OTHER = "other"
    DATA = "data"
    FORWARD = "forward"
    BACKWARD = "backward"
    OPTIMIZER = "optimizer"


class EventKind(Enum):
    """What an event stands for."""

    OP = "op"
    """An operator call."""

    OUTSIDE = "outside"
    """A tensor that no traced op made, at its first use: from numpy, a worker process, a file."""

    REGION = "region"
    """A compiled region as a whole."""

    BATCH = "batch"
    """What a data loader handed out."""

    STATE = "state"
    """The state of an RNG library, or of a generator, at a step or before a draw."""

    SEED = "seed"
    """A call that seeds, or makes a generator."""

    LISTING = "listing"
    """A directory was listed; the order and the set of names have a digest each."""

    STEP = "step"
    """An optimizer step ended."""

    WEIGHTS = "weights"
    """A parameter or buffer at the end of the program."""


class Role(Enum):
    """How a tensor takes part in its event."""

    OUTPUT = "output"
    MUTATED = "mutated"
    """An input that the op wrote to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A tensor's bits, in order, reduced to a digest, with what a person needs to recognise the tensor."""

    digest: int | None
    """64 bits; None where the tensor was not covered or is uninitialised (see `note`)."""

    dtype: str
    shape: tuple[int, ...]
    device: str
    role: Role
    position: int
    """Index among the tensors of this role, from 0."""

    note: str = ""
    """Why there is no digest: `uninitialised`, `not covered: …`; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes an event the same event in another run."""

    thread: int
    step: int
    phase: Phase
    module: str
    """Dotted path from the root module's class, `Net.embed.pool`; empty outside modules."""

    op: str
    occurrence: int
    """From 0, among the events of the process that agree in everything above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvent:
    """One event, with its names resolved."""

    index: int
    """Position in the process's trace, from 0."""

    process: str
    """Name of the process's trace, `<rank>-<place>`."""

    kind: EventKind
    identity: Identity
    site: Location | None
    """Nearest user frame; for a backward op that of the forward op that made the node. None where unknown."""

    tensors: tuple[Fingerprint, ...]
    input_count: int
    """Tensor inputs, outputs not counted."""

    inputs: int
    """Digest over the contents of the tensor inputs as last written."""

    arguments: int
    """Digest over the arguments that are no tensors."""

    outputs: int
    """Digest over all digests in `tensors`."""

    state: int
    """Digest of the generator's state before a draw; 0 for events that draw nothing."""

    random: bool
    """The op consumes a generator."""

    reads_uninitialised: bool
    """An input was, as far as the probe could see, not fully written before."""

    captured: bool = True
    """False where a digest is missing on purpose (uninitialised or not covered)."""

    shared: bool = False
    """The tensor lies in memory that other processes can write to (OUTSIDE events)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCall:
    """A call that set, or reset, the state of an RNG library."""

    event: int
    library: str
    call: str
    value: str
    """The seed as text; `entropy` where the system's entropy was used."""

    site: Location | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """A file that the program opened."""

    event: int
    path: str
    """Relative to the project where inside it, else absolute."""

    mode: str
    """`r` or `w` (also for append, update and create)."""

    site: Location | None
