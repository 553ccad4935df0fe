"""What a setting costs."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A variant against the baseline."""

    label: str
    ratio: float
    interval: Interval
    conclusive: bool
    """False where the interval spans 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverheadReport:
    """What deterministic mode costs."""

    baseline: Timing
    variants: tuple[Timing, ...]
    ratios: tuple[Ratio, ...]
    method: str
    """One sentence: order of runs, warm-up, statistic, resamples and seed."""

    notes: tuple[str, ...]
