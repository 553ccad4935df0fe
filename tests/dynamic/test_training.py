"""Same training? Figures of runs, and the judgement against the spread of the unpatched program."""

from __future__ import annotations

import random

import pytest

from auditor.dynamic.printed import metric_values
from auditor.dynamic.training import FINAL, MIN_RUNS, _student, compare_training, figures, prediction_interval
from auditor.model.proof import Likeness


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("step 10: train loss 4.12, val loss 4.2", {"train loss": 4.12, "val loss": 4.2}),
        ("iter 20: loss 3.9, time 12.3ms\niter 21: loss 3.8, time 9ms", {"loss": 3.8}),
        ("epoch 3 loss=0.25 acc 93.1%", {"loss": 0.25, "acc": 93.1}),
        ("{'loss': 0.3, 'lr': 0.1, 'weight_decay': 0.01}", {"loss": 0.3}),
        ("global_step=123, episodic_return=[12.]", {"episodic_return": 12.0}),
        ("10:31:07 took 3.2 s, SPS: 1233, step 7, checksum 12.5, seed 3", {}),
    ],
)
def test_figures_are_read_and_steps_times_and_sums_are_not(text: str, values: dict[str, float]) -> None:
    assert metric_values(text) == values


def test_the_final_loss_is_the_mean_of_the_last_tenth() -> None:
    assert figures([*range(18), 1.0, 2.0], "") == {FINAL: 1.5}
    assert figures([], "accuracy 0.5") == {"accuracy": 0.5}


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (8, 2.306), (29, 2.045)])
def test_quantiles_are_those_of_the_tables(freedom: int, t: float) -> None:
    assert _student(freedom, 0.95) == pytest.approx(t, abs=6e-4)


def runs(*values: float) -> list[dict[str, float]]:
    return [{FINAL: value} for value in values]


@pytest.mark.parametrize(
    ("unpatched", "patched", "effect", "likeness", "words"),
    [
        ((0.30, 0.34, 0.31, 0.33, 0.32), (0.325,), False, Likeness.SAME, "within what one more such run"),
        ((0.30, 0.34, 0.31, 0.33, 0.32), (0.62,), True, Likeness.DIFFERENT, "change what is learned"),
        ((0.30, 0.34), (0.39,), False, Likeness.UNKNOWN, "too few runs to tell"),
        ((0.3,), (0.4,), False, Likeness.UNKNOWN, "too few runs to tell"),  # no course that they share
        ((0.3, 0.3, 0.3), (0.3,), False, Likeness.SAME, "equal"),
        ((0.3, 0.3000001, 0.3), (0.300002,), False, Likeness.SAME, "up to rounding"),
        ((0.3, 0.3, 0.3), (0.4,), True, Likeness.UNKNOWN, "draws or order"),
        ((0.3, 0.3, 0.3), (0.4,), False, Likeness.DIFFERENT, "no patch says"),
        ((float("nan"), 0.3), (0.3,), False, Likeness.DIFFERENT, "some runs only"),
    ],
)
def test_the_judgement_follows_from_the_spread(
    unpatched: tuple[float, ...], patched: tuple[float, ...], effect: bool, likeness: Likeness, words: str
) -> None:
    found = compare_training(runs(*unpatched), runs(*patched), effect)
    assert (found.likeness, words in found.reason) == (likeness, True), found.reason


def test_nothing_seen_is_no_sameness() -> None:
    assert compare_training([{}, {}], [{}], False).likeness is Likeness.UNKNOWN
    assert compare_training([], [], False).likeness is Likeness.UNKNOWN


def test_a_run_of_the_same_kind_lies_outside_about_one_time_in_twenty() -> None:
    rng = random.Random(3)
    outside = 0
    for _ in range(2000):
        interval = prediction_interval([rng.gauss(1, 0.1) for _ in range(6)])
        assert interval is not None
        outside += not interval.low <= rng.gauss(1, 0.1) <= interval.high
    assert 60 <= outside <= 145
    assert prediction_interval([1.0] * (MIN_RUNS - 1)) is None
