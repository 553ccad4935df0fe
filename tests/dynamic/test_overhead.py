"""Ratios of step times, on literal samples."""

from __future__ import annotations

import random

import pytest

from auditor.dynamic.overhead import MIN_PAIRS, Sample, compare, schedule, step_times


def samples(*step_ms: float, memory: int = 100, device: int | None = None) -> list[Sample]:
    return [
        Sample(
            step_s=(ms / 1e3 * 0.9, ms / 1e3, ms / 1e3 * 1.5),
            wall_s=ms,
            peak_memory_bytes=memory,
            peak_device_memory_bytes=device,
        )
        for ms in step_ms
    ]


def test_runs_take_turns() -> None:
    assert list(schedule(("a", "b"), 3)) == [(0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("warmup", "expected"), [(0, (1.0, 2.0, 3.0)), (1, (1.0, 2.0, 3.0)), (2, (2.0, 3.0)), (4, ()), (9, ())]
)
def test_warm_up_steps_and_the_first_step_are_left_out(warmup: int, expected: tuple[float, ...]) -> None:
    ends_ns = [5_000_000_000 + ns for ns in (0, 1_000_000_000, 3_000_000_000, 6_000_000_000)]
    assert step_times(ends_ns, warmup) == expected


def test_a_clear_difference_is_conclusive() -> None:
    plain = samples(10, 10.1, 9.9, 10.05, 10, 9.95, 10.2, 10)
    slow = samples(13.8, 13.9, 13.7, 13.8, 13.75, 13.85, 14, 13.8, memory=300, device=50)
    report = compare(("as is", plain), [("deterministic", slow)], warmup_steps=3)
    (ratio,) = report.ratios
    assert ratio.ratio == pytest.approx(1.38, abs=0.01)
    assert 1.3 < ratio.interval.low <= ratio.ratio <= ratio.interval.high < 1.45
    assert ratio.conclusive
    assert report.notes == ()
    assert (report.baseline.label, report.baseline.runs, report.baseline.steps) == ("as is", 8, 3)
    assert report.baseline.median_step_s == pytest.approx(0.010)
    assert report.baseline.peak_device_memory_bytes is None
    assert (report.variants[0].peak_memory_bytes, report.variants[0].peak_device_memory_bytes) == (300, 50)
    assert "first 3 steps" in report.method
    assert "seed" in report.method


def test_an_interval_that_spans_1_is_not_conclusive() -> None:
    rng = random.Random(2)
    plain, same = (samples(*(10 + rng.random() for _ in range(10))) for _ in range(2))
    (ratio,) = compare(("as is", plain), [("same", same)], warmup_steps=1).ratios
    assert ratio.interval.low <= 1 <= ratio.interval.high
    assert not ratio.conclusive


def test_a_drift_that_hits_both_kinds_alike_does_not_hide_the_ratio() -> None:
    drift = [10 * 1.3**n for n in range(8)]
    slow = [1.05 * ms for ms in drift]
    (ratio,) = compare(("as is", samples(*drift)), [("slow", samples(*slow))], warmup_steps=1).ratios
    assert ratio.ratio == pytest.approx(1.05)
    assert ratio.conclusive


def test_few_runs_conclude_nothing_and_say_so() -> None:
    count = MIN_PAIRS - 1
    report = compare(("as is", samples(*[10] * count)), [("slow", samples(*[20] * count))], warmup_steps=1)
    assert not report.ratios[0].conclusive
    assert report.ratios[0].ratio == pytest.approx(2)
    assert report.notes == (f"fewer than {MIN_PAIRS} pairs of runs: too few to conclude; ask for more with --runs",)


def test_a_variant_without_a_run_leaves_the_baseline() -> None:
    report = compare(("as is", samples(10, 11)), [], warmup_steps=1, notes=("cannot run",))
    assert (report.variants, report.ratios, report.notes) == ((), (), ("cannot run",))


def test_a_ratio_carries_the_rank_sum_and_cliffs_delta_of_the_runs_medians() -> None:
    """scipy 1.17: mannwhitneyu(slow, plain, method="exact").pvalue = 0.057142857142857141; 15 of 16 above, 1 below."""
    plain, slow = samples(10, 11, 12, 13.5), samples(13, 14, 15, 16)
    (ratio,) = compare(("as is", plain), [("slow", slow)], warmup_steps=1).ratios
    assert ratio.dominance is not None
    assert ratio.dominance.rank_sum_p == pytest.approx(0.05714285714285714)
    assert ratio.dominance.exact
    assert ratio.dominance.cliffs_delta == pytest.approx(14 / 16)
    assert ratio.dominance.effect.value == "large"
    (same,) = compare(("as is", plain), [("same", plain)], warmup_steps=1).ratios
    assert same.dominance is not None
    assert (same.dominance.rank_sum_p, same.dominance.cliffs_delta) == (1.0, 0.0)
    assert same.dominance.effect.value == "negligible"
