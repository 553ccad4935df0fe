"""What running a program with patches has shown: which of them make it reproducible, at what price, and what else."""

from __future__ import annotations

from enum import Enum

from auditor.model.divergence import Divergence
from auditor.model.lean import dataclass
from auditor.model.overhead import Interval, OverheadReport, Ratio
from auditor.model.patch import Applicability
from auditor.model.rule import RuleId
from auditor.model.verdict import Cause, Status


class Need(Enum):
    """What runs with and without a patch say about it."""

    NEEDED = "needed"
    NOT_NEEDED = "not needed"
    UNKNOWN = "cannot tell"
    BREAKS = "breaks the program"
    NOT_EXERCISED = "not exercised by this run"
    NOT_TRIED = "not tried"


class Likeness(Enum):
    """Whether the patched program learns what the unpatched one learns."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpread:
    """One figure of the training, of both programs."""

    name: str
    """`final loss`, or the word that the program prints before the figure."""

    unpatched: tuple[float, ...]
    """One value a run, in the order of the runs."""

    patched: tuple[float, ...]
    interval: Interval | None
    """Where one more run of the unpatched program is expected; None where the runs are too few to say so."""

    likeness: Likeness
    reason: str
    """One sentence with the figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The patched training against the spread of the unpatched one."""

    likeness: Likeness
    metrics: tuple[MetricSpread, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchProof:
    """One patch, as the runs have shown it."""

    id: str
    """As `fix` names it; or a variable for the launcher, `PYTHONHASHSEED=0`."""

    title: str
    rule_ids: tuple[RuleId, ...]
    files: tuple[str, ...]
    applicability: Applicability
    effect: str
    need: Need
    reason: str
    """One sentence with the numbers."""

    log: tuple[str, ...] = ()
    """What the program printed last, where the patch breaks it."""

    price: Ratio | None = None
    """The program with this patch alone against the unpatched one; None where it was not measured."""

    training: Training | None = None
    """With this patch alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRound:
    """One version of the program, run until its runs differ or are enough."""

    added: tuple[str, ...]
    """Patches that were added in this round; empty for the program as it is."""

    patches: tuple[str, ...]
    """All patches that are in."""

    runs: int
    status: Status
    first: Divergence | None
    cause: Cause | None
    """The best cause of the first divergence."""

    rate: float | None = None
    """Pairs of runs differ with at least this rate, at the confidence asked for; None where nobody needed to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The outcome of `fix --verify`."""

    status: Status
    """Reproducible: the program with the minimal set."""

    reasons: tuple[str, ...]
    """Sentences, the answer first."""

    command: tuple[str, ...]
    steps: int | None
    """Runs were stopped after so many optimizer steps; None: at their end."""

    confidence: float
    runs: int
    """Runs of the program with the minimal set, all equal where the status is reproducible."""

    launches: int
    """All runs together."""

    rounds: tuple[ProofRound, ...]
    patches: tuple[PatchProof, ...]
    minimal: tuple[str, ...]
    """Ids of the patches of which none can be left out; empty where nothing is proven."""

    diff: str
    """The minimal set as one unified diff."""

    launcher: tuple[str, ...]
    """Variables of the minimal set that have to be set outside the program."""

    advice: tuple[str, ...] = ()
    """What a person can do about what is left."""

    price: OverheadReport | None = None
    training: Training | None = None
    interrupted: bool = False
