"""The stand-in for scikit-learn in samples that take nothing but its digits."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

STAND_IN = Path(__file__).parents[1] / "light_sklearn" / "sklearn" / "datasets.py"


def test_digits_of_the_stand_in_are_the_originals_bit_for_bit() -> None:
    original = pytest.importorskip("sklearn.datasets").load_digits()
    spec = importlib.util.spec_from_file_location("light_sklearn_datasets", STAND_IN)
    assert spec is not None
    assert spec.loader is not None
    stand_in = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stand_in)
    for name, found in vars(stand_in.load_digits()).items():
        expected = original[name]
        assert (found.dtype, found.shape, found.strides) == (expected.dtype, expected.shape, expected.strides)
        assert found.tobytes() == expected.tobytes()
