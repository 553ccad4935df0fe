"""The labelled corpus: hazards are found on their lines, and code that only looks like one stays silent."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MEASURE = Path(__file__).with_name("measure.py")

KNOWN_MISSES = {
    # A set in braces that only gets a name: no word in the file tells it from a dictionary, so the file is not parsed.
    "popping from a set of strings",
    "join of a set",
    "set operations that end in a list of splits",
    # Subscripts that run code are not followed, only calls and properties are.
    "drawn by an indexed data set",
    # Of contexts of the project only what is behind their bodies is left, not behind a `return` in them: what a wrapper
    # calls in both arms, with a context and without, would count as seeded there.
    "a context of the project that is left by a return restores the generator",
    "a context of the project that is left by one of two returns restores the generator",
}


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus_measure", MEASURE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def outcomes(corpus: ModuleType) -> list[Any]:
    found: list[Any] = corpus.measure(corpus.read_cases())
    return found


def test_precision_and_recall_are_above_the_floor(corpus: ModuleType, outcomes: list[Any]) -> None:
    total = corpus.score(outcomes)
    assert total.precision >= corpus.FLOOR, corpus.report(outcomes)
    assert total.recall >= corpus.FLOOR, corpus.report(outcomes)


def test_what_is_missed_is_known(outcomes: list[Any]) -> None:
    assert {outcome.case.name for outcome in outcomes if outcome.missed} <= KNOWN_MISSES


def test_the_corpus_is_large_and_has_traps(outcomes: list[Any]) -> None:
    traps = [outcome for outcome in outcomes if not outcome.case.labels]
    assert len(outcomes) >= 150
    assert len(traps) >= 0.4 * len(outcomes)


def test_names_of_cases_are_unique(outcomes: list[Any]) -> None:
    names = [(outcome.case.category, outcome.case.name) for outcome in outcomes]
    assert len(names) == len(set(names))


def test_labels_are_not_seen_by_the_scan(corpus: ModuleType) -> None:
    assert not [
        line for case in corpus.read_cases() for lines in case.files.values() for line in lines if "#! RA" in line
    ]
