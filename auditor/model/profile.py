"""Which executed operators are known as non-deterministic, and whether that holds where they ran."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.model.lean import dataclass, field
from auditor.model.location import Location
from auditor.model.trace import Phase


class Holding(Enum):
    """Whether what makes an operator non-deterministic is given."""

    HOLDS = "holds"
    FAILS = "does not hold"
    """A condition that is known to be needed is not met. No promise: there may be others that nobody knows."""

    UNKNOWN = "unknown"
    """A condition could not be seen, and all that could be seen hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What takes a non-deterministic operator out of a program."""

    advice: str
    """What to do, as the list has it."""

    mode: str
    """What `torch.use_deterministic_algorithms(True)` does about it: `switches`, `raises`, `silent` or `mixed`."""

    rule_id: str = ""
    """The rule by which a scan finds it at this line; empty where none does."""

    patch: str = ""
    """Id of the patch that `repro-audit fix` has for it; empty where there is none."""

    patch_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorUse:
    """A listed operator at one place of the program."""

    operator: str
    """As the tracer calls it: `aten::index_put_`; `compiled.backward` for a region that torch.compile made."""

    device: str
    """`cpu`, `cuda`."""

    phase: Phase
    site: Location | None
    """Nearest line of the program; of a backward op that of the op whose gradient it computes."""

    backward_site: bool
    """The line is that of the forward op."""

    module: str
    calls: int
    time_s: float | None
    """Of all its calls, without the tracer: by the clock on the CPU, the device's own on CUDA. None: not measured."""

    share: float | None
    """Part of the time of all operators, 0 to 1; None where time was not measured."""

    holding: Holding
    """Over all calls: it holds where it does for one of them."""

    holding_calls: int
    """Calls of which `holding` is told; others are better off."""

    reasons: tuple[str, ...]
    """What the answer rests on: conditions that hold, the ones that do not, or those that could not be seen."""

    condition: str
    """When it is non-deterministic, in the words of the list."""

    cause: str
    references: tuple[str, ...]
    removal: Removal | None = None
    """None where it does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileCommand:
    """A command that goes on from here."""

    command: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorProfile:
    """The operators that a run executed, held against the list of non-deterministic ones."""

    uses: tuple[OperatorUse, ...]
    """Those that hold first, then those that cannot be told; by time where it was measured, else by calls."""

    operators: int
    """Different operators that were executed, by name; views are left out where time was not measured."""

    calls: int
    listed: int
    """How many of `operators` are on the list for the device that they ran on."""

    off_list: Mapping[str, int] = field(default_factory=dict)
    """Calls of each operator that is not on it. Nothing is known of these; that does not make them deterministic."""

    entries: Mapping[str, int] = field(default_factory=dict)
    """How many operators the list has for each kind of device."""

    time_s: float | None = None
    """Of all operators together, over all processes and threads; None where time was not measured."""

    wall_s: float | None = None
    """From the first operator of a process to its last, summed over processes."""

    notes_s: float | None = None
    """Part of `wall_s` that went into timing and looking at arguments; the tracer's own part comes on top."""

    complete: bool = True
    """False where a process left no profile, or the run was cut short."""

    interrupted: bool = False
    remarks: tuple[str, ...] = ()
    commands: tuple[ProfileCommand, ...] = ()
