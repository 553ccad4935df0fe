"""The digits of the scikit-learn that is installed, read without importing it."""

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace

import numpy as np

STAND_IN = Path(__file__).parents[1]


def load_digits():
    """`data` (1797 × 64), `images` (1797 × 8 × 8) and `target`, as the original gives them."""
    spec = PathFinder.find_spec("sklearn", [entry for entry in sys.path if Path(entry or ".").resolve() != STAND_IN])
    rows = np.loadtxt(Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    data = rows[:, :-1]
    return SimpleNamespace(data=data, images=data.reshape(-1, 8, 8), target=rows[:, -1].astype(int, copy=False))
