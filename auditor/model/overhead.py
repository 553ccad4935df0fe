"""What a setting costs."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A range that holds the true value with a probability of `level`."""

    low: float
    high: float
    level: float
    """Coverage, 0.95."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One variant's runs."""

    label: str
    runs: int
    steps: int
    """Timed steps a run, warm-up left out."""

    median_step_s: float
    interval_s: Interval
    wall_s: float
    """Median wall time of a whole run."""

    peak_memory_bytes: int
    """Median over runs of the peak resident memory of the whole process tree's largest process."""

    peak_device_memory_bytes: int | None
    """None where there is no GPU or NVML is missing."""


class EffectSize(Enum):
    """How large a Cliff's delta is (Romano et al., 2006): below .147, .33, .474, or not."""

    NEGLIGIBLE = "negligible"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dominance:
    """Whether a variant's runs take longer than the baseline's, whatever their distribution; a run is one value."""

    rank_sum_p: float
    """Wilcoxon's rank sum, two-sided, of the runs' median step times."""

    exact: bool
    """The p-value counts every arrangement; else it is the normal approximation."""

    cliffs_delta: float
    """P(variant > baseline) - P(variant < baseline), -1 to 1: 1 where every run of the variant takes longer."""

    effect: EffectSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A variant against the baseline."""

    label: str
    ratio: float
    interval: Interval
    conclusive: bool
    """False where the interval spans 1."""

    dominance: Dominance | None = None
    """None where an earlier version measured, which did not test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadReport:
    """What deterministic mode costs."""

    baseline: Timing
    variants: tuple[Timing, ...]
    ratios: tuple[Ratio, ...]
    method: str
    """One sentence: order of runs, warm-up, statistic, resamples and seed."""

    notes: tuple[str, ...]
