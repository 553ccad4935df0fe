"""What a setting costs: interleaved runs of the program with and without it, and the ratio of their step times.

Works on samples that somebody else has measured; launching is the service's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from auditor.dynamic.significance import cliffs_delta, effect_size, rank_sum
from auditor.dynamic.statistics import LEVEL, RESAMPLES, bootstrap_interval, median
from auditor.model.lean import dataclass
from auditor.model.overhead import Dominance, OverheadReport, Ratio, Timing

SEED = 20_240_229
MIN_PAIRS = 6
"""With fewer pairs, all of them lie on one side of 1 by chance more often than the interval's level allows."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One timed run."""

    step_s: tuple[float, ...]
    """Seconds per step, warm-up left out; never empty."""

    wall_s: float
    peak_memory_bytes: int
    peak_device_memory_bytes: int | None


def schedule(labels: Sequence[str], runs: int) -> Iterator[tuple[int, str]]:
    """Yield (round, label) in the order to run: A B, A B, …, so that a drift of the machine hits all alike."""
    for number in range(runs):
        for label in labels:
            yield number, label


def step_times(ends_ns: Sequence[int], warmup_steps: int) -> tuple[float, ...]:
    """Return seconds per step from the times at which steps ended.

    The first step has no beginning that is known and is left out with the first `warmup_steps`.
    """
    spans = [(after - before) / 1e9 for before, after in pairwise(ends_ns)]
    return tuple(spans[max(warmup_steps, 1) - 1 :])


def compare(
    baseline: tuple[str, Sequence[Sample]],
    variants: Sequence[tuple[str, Sequence[Sample]]],
    *,
    warmup_steps: int,
    notes: Sequence[str] = (),
) -> OverheadReport:
    """Hold each variant against the baseline, pair by pair in the order of the runs."""
    ratios = tuple(_ratio(label, baseline[1], samples) for label, samples in variants)
    told = list(notes)
    if any(min(len(samples), len(baseline[1])) < MIN_PAIRS for _, samples in variants):
        told.append(f"fewer than {MIN_PAIRS} pairs of runs: too few to conclude; ask for more with --runs")
    return OverheadReport(
        baseline=_timing(*baseline),
        variants=tuple(_timing(label, samples) for label, samples in variants),
        ratios=ratios,
        method=(
            f"Runs alternate (A B A B …); each run's first {max(warmup_steps, 1)} steps are left out; the ratio is the "
            f"median over pairs of runs of the quotient of their median step times; its {LEVEL:.0%} interval is a "
            f"percentile bootstrap over pairs, {RESAMPLES:,} resamples, seed {SEED}. p is that of Wilcoxon's rank sum, "
            f"two-sided, and delta Cliff's, both of the runs' median step times, which they do not pair."
        ),
        notes=tuple(told),
    )


def _ratio(label: str, baseline: Sequence[Sample], samples: Sequence[Sample]) -> Ratio:
    quotients = [median(b.step_s) / median(a.step_s) for a, b in zip(baseline, samples, strict=False)]
    interval = bootstrap_interval(quotients, seed=SEED)
    apart = interval.low > 1 or interval.high < 1
    return Ratio(
        label=label,
        ratio=median(quotients),
        interval=interval,
        conclusive=apart and len(quotients) >= MIN_PAIRS,
        dominance=_dominance(baseline, samples),
    )


def _dominance(baseline: Sequence[Sample], samples: Sequence[Sample]) -> Dominance:
    """Test the runs' medians: the steps of one run are not independent of each other."""
    slow, plain = ([median(sample.step_s) for sample in group] for group in (samples, baseline))
    p, exact = rank_sum(slow, plain)
    delta = cliffs_delta(slow, plain)
    return Dominance(rank_sum_p=p, exact=exact, cliffs_delta=delta, effect=effect_size(delta))


def _timing(label: str, samples: Sequence[Sample]) -> Timing:
    medians = [median(sample.step_s) for sample in samples]
    device = [s.peak_device_memory_bytes for s in samples if s.peak_device_memory_bytes is not None]
    return Timing(
        label=label,
        runs=len(samples),
        steps=min(len(sample.step_s) for sample in samples),
        median_step_s=median(medians),
        interval_s=bootstrap_interval(medians, seed=SEED),
        wall_s=median([sample.wall_s for sample in samples]),
        peak_memory_bytes=int(median([sample.peak_memory_bytes for sample in samples])),
        peak_device_memory_bytes=int(median(device)) if device else None,
    )
