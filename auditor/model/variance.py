"""How far the results of runs of one training lie apart."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.overhead import Interval


class Criterion(Enum):
    """In what two trainings can agree, in the order in which they are reported.

    The first four are those of Chen et al. (ICSE 2022), from the coarsest to the finest.
    """

    OVERALL = "overall"
    PER_CLASS = "per-class"
    PREDICTIONS = "predictions"
    LOSSES = "losses"
    WEIGHTS = "weights"
    """Final parameters and buffers, all bits."""

    TRACE = "trace"
    """Every operator with its tensors, every draw."""

    FILES = "files"
    """What the program wrote, by digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """What one run of a training came to. Parts that are not known are empty."""

    name: str
    overall: float | None
    """The metric over the whole test set, 0 to 1 for an accuracy."""

    losses: tuple[float, ...] = ()
    """One an epoch."""

    classes: tuple[tuple[str, float], ...] = ()
    """Name of a class and its metric, in the order of the source."""

    predictions: tuple[int, ...] = ()
    """The predicted class of each test sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """How many pairs of runs that should be equal are equal, bit for bit."""

    group: str
    relation: str
    """What makes them a pair: `same seed`, `record and replay`."""

    pairs: int
    equal: Mapping[str, int]
    """For each criterion, by its value, the number of pairs that agree in it."""

    identical: int
    """Pairs that agree in every criterion."""

    first_difference: str | None
    """The first pair that differs and the first criterion in which it does; None where all are identical."""

    largest_loss_difference: float | None
    """Largest relative difference of two losses of a pair; None where no pair has losses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSpread:
    """One metric over the replicas of a group."""

    name: str
    """`overall`, or the name of a class."""

    mean: float
    minimum: float
    maximum: float
    deviation: float
    """Standard deviation, with the divisor that `VarianceReport.ddof` says."""

    interval: Interval
    """Bootstrap interval of the deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSpread:
    """A distance of two replicas, mean over all pairs."""

    mean: float
    interval: Interval
    """Bootstrap interval over replicas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSpread:
    """How far final weights lie apart."""

    replicas: int
    """Replicas whose weights are known."""

    distinct: int
    """Different weights among them, by all bits."""

    numbers: int
    """Floating-point weights of a replica: parameters and buffers."""

    normalised: PairSpread | None
    """L2 distance of weights that are scaled to length 1: 0 to 2, √2 for unrelated ones. None where none were kept."""

    plain: PairSpread | None
    """L2 distance of the weights as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupSpread:
    """A rate among some of the test samples, over replicas."""

    grouping: str
    """By what samples are told apart: `sex`."""

    name: str
    """Which of them: `female`."""

    samples: int
    rate: str
    """`accuracy`, `fpr` or `fnr`."""

    mean: float
    deviation: float
    interval: Interval
    ratio: float | None
    """The deviation over that of the whole test set; None where the whole does not spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpread:
    """Replicas of one training under one set-up, each with randomness of its own."""

    name: str
    replicas: int
    distinct: int
    """Replicas left when equal ones count once; fewer than `replicas` means that they are not independent."""

    overall: ReplicaSpread | None
    classes: tuple[ReplicaSpread, ...]
    widest_class: str | None
    """The class whose metric spreads most."""

    amplification: float | None
    """Deviation of the widest class over that of the whole; None where the whole does not spread."""

    churn: float | None
    """Share of test samples on which two replicas disagree, mean over all pairs; 1 minus that under `artifact`."""

    churn_interval: Interval | None
    """Bootstrap interval over replicas."""

    replicas_to_halve: int
    """Replicas that would about halve the interval of the deviation."""

    metrics: tuple[ReplicaSpread, ...] = ()
    """Each metric that was asked for, by name; `overall` is the first of them, or the accuracy."""

    weights: WeightSpread | None = None
    subgroups: tuple[SubgroupSpread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Significance:
    """Whether a metric differs between two variants."""

    metric: str
    first: str
    second: str
    rank_sum_p: float
    """Wilcoxon's rank sum, two-sided: do the values lie elsewhere?"""

    exact: bool
    """The p-value counts every arrangement; else it is the normal approximation."""

    spread_p: float | None
    """Brown and Forsythe: do they spread otherwise? None below three replicas, and where neither variant spreads."""

    cliffs_delta: float
    """P(first > second) - P(first < second), -1 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much of a spread is there with one source of noise alone."""

    quantity: str
    """`churn`, `sd of accuracy`, `L2 of weights`."""

    source: str
    """`algorithmic`, `implementation`, or one whose stream alone was free: `init`, `order+augment`."""

    share: float
    """The spread of that variant over that of `of`."""

    of: str = "algo+impl"
    """The variant that is the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSite:
    """One line that drew from a generator."""

    call: str
    """`torch.randn`."""

    place: str
    """`train.py:17 in Net.__init__`; empty where it is not known."""

    draws: int
    held: str
    """Why these draws are the same in all replicas; empty where they can be varied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDraws:
    """What one source of randomness drew in one replica whose generators were split into a stream a source."""

    source: str
    """`init`, `order`, `augment`, `dropout`, `other`; `workers`: seeds of a loader's workers, never varied; `unseen`:
    a generator moved although nobody was seen to draw."""

    draws: int
    """At least so many: a process that was killed tells each line once."""

    sites: tuple[DrawSite, ...]
    """Those with most draws first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndrawnSource:
    """A variant that was asked for and has no spread to tell: nothing was drawn that it could vary."""

    variant: str
    reason: str
    certain: bool
    """No draw can have been missed: neither compiled nor native code drew, and nothing was held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSetUp:
    """How the replicas were run."""

    experiment: str
    """Its folder in the store: `v1`."""

    command: tuple[str, ...]
    variants: tuple[str, ...]
    """Those that were asked for; `groups` has those of which there are replicas."""

    planned: int
    """Replicas of each variant that were asked for."""

    threads: int
    """Of the variants without implementation noise."""

    fixed_seeds: tuple[str, ...]
    """Seeds of global generators that the program passes itself, the same in all replicas: `torch.manual_seed(0)`."""

    varied: bool
    """The seeds that the program passes were replaced, by others in each replica with algorithmic noise."""

    interrupted: bool
    changed: tuple[str, ...] = ()
    """Sources and configuration of the project that are others now than when some of the replicas were run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceReport:
    """Spread of results over replicas."""

    source: str
    """Where the results come from."""

    results: int
    ddof: int
    """0: deviations are divided by the number of replicas, 1: by one less."""

    artifact: bool
    """Definitions are those of the artifact of Zhuang et al. (MLSys 2022) where it departs from its paper."""

    pairs: tuple[PairCounts, ...]
    groups: tuple[GroupSpread, ...]
    warnings: tuple[str, ...]
    """What speaks against the figures: replicas that are not independent."""

    method: str
    """How the intervals were made."""

    set_up: ReplicaSetUp | None = None
    """None for results that were run elsewhere."""

    tests: tuple[Significance, ...] = ()
    shares: tuple[Share, ...] = ()
    sources: tuple[SourceDraws, ...] = ()
    """What was drawn for what, in the first replica whose generators were split."""

    undrawn: tuple[UndrawnSource, ...] = ()
    """Variants of single sources that have no group, because there was nothing to vary."""
