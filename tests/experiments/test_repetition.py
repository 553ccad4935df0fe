"""Numbers of runs: the bounds hold for every distribution of outcomes, and are reached by the worst."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.repetition import excluded_rate, rate_bound, runs_needed, settling_runs, undetected

WEIGHTS = st.lists(st.floats(min_value=0.01, max_value=1), min_size=1, max_size=6)


@given(WEIGHTS, st.integers(min_value=2, max_value=12))
def test_agreeing_runs_are_never_likelier_than_the_bound(weights: list[float], runs: int) -> None:
    outcomes = [weight / sum(weights) for weight in weights]
    rate = 1 - sum(q**2 for q in outcomes)
    assert sum(q**runs for q in outcomes) <= undetected(rate, runs) + 1e-12


@given(st.floats(min_value=0.01, max_value=0.99), st.floats(min_value=0.5, max_value=0.999))
def test_the_number_of_runs_is_the_smallest_that_does(rate: float, confidence: float) -> None:
    runs = runs_needed(rate, confidence)
    assert runs is not None
    assert undetected(rate, runs) <= 1 - confidence + 1e-9
    assert runs == 2 or undetected(rate, runs - 1) > 1 - confidence - 1e-9
    assert excluded_rate(runs, confidence) <= rate + 1e-9


@given(st.floats(min_value=0, max_value=1), st.integers(min_value=2, max_value=10))
def test_a_true_rate_is_rarely_below_its_bound(likely: float, runs: int) -> None:
    """One likely outcome beside countless rare ones: the distribution for which the bound is made."""
    rate = 1 - likely**2
    if rate_bound(True, 0, runs, 0.95) > rate + 1e-9:
        all_distinct = (1 - likely) ** runs + runs * likely * (1 - likely) ** (runs - 1)
        assert all_distinct <= 0.05 + 1e-9


def test_the_number_that_settles_is_the_smallest_that_does() -> None:
    for confidence in (0.5, 0.9, 0.95, 0.99, 0.999):
        runs = settling_runs(confidence)
        for tried in range(3, runs + 1):
            needed = runs_needed(rate_bound(True, 0, tried, confidence), confidence)
            assert needed is not None
            assert (needed <= tried) == (tried == runs)


def test_six_runs_that_all_differ_ask_for_six_that_agree() -> None:
    rate = rate_bound(True, 0, 6, 0.95)
    assert rate == pytest.approx(0.66, abs=0.01)
    assert runs_needed(rate, 0.95) == 6


@pytest.mark.parametrize(
    ("pairs", "differing", "bound"), [(1, 1, 0.05), (3, 3, 0.05 ** (1 / 3)), (4, 0, 0.0), (3, 1, 1 - 0.95 ** (1 / 3))]
)
def test_disjoint_pairs_are_bounded_as_clopper_and_pearson_do(pairs: int, differing: int, bound: float) -> None:
    assert rate_bound(False, differing, 2 * pairs, 0.95) == pytest.approx(bound, abs=1e-6)


def test_one_run_says_nothing_and_entropy_needs_one_pair() -> None:
    assert rate_bound(True, 0, 1, 0.95) == 0
    assert excluded_rate(1, 0.95) == 1
    assert undetected(0.5, 1) == 1
    assert runs_needed(1.0, 0.95) == 2
    assert runs_needed(0.0, 0.95) is None
    assert math.isclose(excluded_rate(2, 0.95), 0.95)


def test_the_table_of_the_page_is_what_is_computed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (0\.\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert len(rows) == 5
    for runs, bound, needed in rows:
        rate = rate_bound(True, 0, int(runs), 0.95)
        assert (f"{rate:.2f}", runs_needed(rate, 0.95)) == (bound, int(needed))
