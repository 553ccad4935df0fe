"""Which levels a sweep measures, and what is said about curves of every shape."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from auditor.experiments.midpoint import falling
from auditor.experiments.noise import Sweep, sweep_adaptive, sweep_grid, tolerance
from auditor.experiments.noiselevels import parse_levels
from auditor.experiments.quality import choose_scale
from auditor.model.sensitivity import ToleranceStatus

SIGMAS = parse_levels("log:1e-2:1e3:26")


Measure = Callable[[Sequence[tuple[float, int]]], Iterator[float]]


def one_by_one(measure: Callable[[float, int], float]) -> Measure:
    return lambda wanted: (measure(sigma, repeat) for sigma, repeat in wanted)


def noisy(midpoint: float, slope: float = 5.0, low: float = 0.1, high: float = 0.96, samples: int = 500) -> Measure:
    """A model's accuracy under noise, counted on `samples` test samples; the same for the same level and repeat."""

    def measure(sigma: float, repeat: int) -> float:
        share = low + (high - low) * falling(math.log10(sigma / midpoint), slope)
        rng = random.Random(f"{sigma} {repeat} {midpoint}")
        return sum(rng.random() < share for _ in range(samples)) / samples

    return one_by_one(measure)


def grid(measure: Measure, repeats: int = 3) -> Sweep:
    return sweep_grid(SIGMAS, repeats, measure)


@pytest.mark.parametrize("midpoint", [0.04, 0.3, 1.17, 7.3, 60.0, 300.0])
@pytest.mark.parametrize("slope", [3.0, 7.0])
def test_the_adaptive_sweep_takes_a_third_of_the_grid_for_a_midpoint_within_ten_percent(
    midpoint: float, slope: float
) -> None:
    whole = grid(noisy(midpoint, slope))
    few = sweep_adaptive(SIGMAS, 3, noisy(midpoint, slope), top=0.96, precision=0.1, floor=0.1)
    expected, found = (tolerance(sweep, top=0.96, floor=0.1).midpoint for sweep in (whole, few))
    assert whole.evaluations == 78
    assert few.evaluations <= 26
    assert found == pytest.approx(expected, rel=0.1)


def test_the_adaptive_sweep_measures_levels_of_the_grid_alone() -> None:
    few = sweep_adaptive(SIGMAS, 3, noisy(2.0), top=0.96, precision=0.1, floor=None)
    assert {level.sigma for level in few.levels()} < set(SIGMAS)


def test_a_batch_is_asked_for_at_once_with_its_repeats_numbered() -> None:
    asked: list[list[tuple[float, int]]] = []

    def measure(wanted: Sequence[tuple[float, int]]) -> Iterator[float]:
        asked.append(list(wanted))
        return noisy(2.0)(wanted)

    sweep_grid((0.1, 2.0), 2, measure)
    assert asked == [[(0.1, 0), (0.1, 1), (2.0, 0), (2.0, 1)]]
    asked.clear()
    sweep = sweep_adaptive(SIGMAS, 3, measure, top=0.96, precision=0.1, floor=0.1)
    assert sum(map(len, asked)) == sweep.evaluations
    assert len(asked[0]) == 8, "all coarse levels"
    assert len({each for batch in asked for each in batch}) == sweep.evaluations, "no draw of noise twice"


def test_a_curve_that_never_falls_has_its_midpoint_above_the_levels() -> None:
    for floor in (0.1, None):
        assert tolerance(grid(noisy(1e9)), top=0.96, floor=floor).status is ToleranceStatus.ABOVE
        few = sweep_adaptive(SIGMAS, 3, noisy(1e9), top=0.96, precision=0.1, floor=floor)
        assert tolerance(few, top=0.96, floor=floor).status is ToleranceStatus.ABOVE
        assert few.evaluations < 10


def test_a_curve_that_has_begun_to_fall_is_not_said_to_have_a_midpoint() -> None:
    found = tolerance(grid(noisy(4000.0)), top=0.96, floor=0.1)
    assert (found.status, found.midpoint) == (ToleranceStatus.ABOVE, None)


def test_a_curve_that_is_down_at_once_has_its_midpoint_below_the_levels() -> None:
    found = tolerance(grid(noisy(1e-4)), top=0.96, floor=0.1)
    assert (found.status, found.midpoint) == (ToleranceStatus.BELOW, None)


def test_a_plateau_above_chance_is_flagged_with_both_midpoints() -> None:
    found = tolerance(grid(noisy(2.0, low=0.4)), top=0.96, floor=0.1)
    assert found.status is ToleranceStatus.PLATEAU
    assert found.midpoint == pytest.approx(2.0, rel=0.1), "half-way to the plateau"
    assert found.midpoint_to_chance is not None
    assert found.midpoint_to_chance > found.midpoint * 1.2, "half-way to chance"


def test_a_plateau_that_never_comes_half_way_to_chance_says_so() -> None:
    found = tolerance(grid(noisy(2.0, low=0.7)), top=0.96, floor=0.1)
    assert (found.status, found.midpoint_to_chance) == (ToleranceStatus.PLATEAU, None)
    assert found.midpoint == pytest.approx(2.0, rel=0.2)


def test_a_curve_that_ends_at_chance_is_no_plateau() -> None:
    assert tolerance(grid(noisy(2.0)), top=0.96, floor=0.1).status is ToleranceStatus.MEASURED


def test_with_three_levels_there_is_a_crossing_and_no_fit() -> None:
    sweep = sweep_grid((0.1, 2.0, 100.0), 1, noisy(2.0))
    found = tolerance(sweep, top=0.96, floor=0.1)
    assert found.fit is None
    assert found.midpoint == found.crossing is not None


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("log:1e-2:1e2:5", (0.01, 0.1, 1.0, 10.0, 100.0)),
        ("lin:0:2:3", (1.0, 2.0)),
        ("0.5", (0.5,)),
        ("lin:1:2:2,log:10:100:2,0", (1.0, 2.0, 10.0, 100.0)),
        ("3,1,3", (1.0, 3.0)),
    ],
)
def test_levels_are_read_as_they_are_written(text: str, levels: tuple[float, ...]) -> None:
    assert parse_levels(text) == levels


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "log:0:1:3", "log:1:2", "lin:2:1:3", "log:1:2:0", "abc", "1:2"])
def test_levels_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="`"):
        parse_levels(text)


def test_a_loss_that_has_doubled_is_half_way_down() -> None:
    scale = choose_scale("min", 0.2, 50.0)
    assert [scale.quality(value) for value in (0.2, 0.1, 0.4, math.inf, math.nan)] == [1.0, 1.0, 0.5, 0.0, 0.0]


def test_a_return_counts_from_its_worst_value() -> None:
    scale = choose_scale("max", 200.0, -100.0)
    assert [scale.quality(value) for value in (200.0, 50.0, -300.0)] == [1.0, 0.5, 0.0]


def test_a_share_is_its_own_quality() -> None:
    assert choose_scale("max", 0.96, 0.1).quality(0.3) == 0.3
    assert choose_scale("max", 0.1, 0.12).quality(0.12) == 0.12  # a model that guesses


@pytest.mark.parametrize(
    ("direction", "baseline", "worst"),
    [
        ("max", 5.0, 9.0),
        ("min", 0.0, 1.0),
        ("max", math.nan, 0),
        ("max", 0.2, 0.7),
        ("max", 0.2, 9e5),
        ("min", 0.9, 0.1),
    ],
)
def test_a_metric_that_cannot_show_a_loss_is_refused(direction: str, baseline: float, worst: float) -> None:
    with pytest.raises(ValueError, match="metric"):
        choose_scale(direction, baseline, worst)


def test_few_single_measurements_have_a_midpoint_and_no_interval() -> None:
    sigmas = (0.1, 1.0, 10.0, 100.0)
    for repeats, expected in ((1, False), (3, True)):
        sweep = sweep_grid(sigmas, repeats, one_by_one(lambda sigma, repeat: 0.9 / (1 + sigma) + 0.01 * repeat))
        found = tolerance(sweep, top=0.9, floor=0.0)
        assert found.midpoint is not None
        assert (found.interval is not None) == expected
