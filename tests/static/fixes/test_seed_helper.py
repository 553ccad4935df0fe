"""The project's own seed helper is called where there is one; a function that is at work itself is none."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]

HEAD = "import random\nimport numpy as np\nimport torch\n\n\n"
DRAWN = "\n\nprint(np.random.rand())\n"


@pytest.mark.parametrize(
    "helper",
    [
        "def seed_everything(seed=0):\n    random.seed(seed)\n    np.random.seed(seed)",
        "def prepare(number=3):\n    random.seed(number)\n    np.random.seed(number)\n    torch.manual_seed(number)",
        "def set_seed(seed=1):\n    np.random.seed(seed)\n    return np.random.RandomState(seed)",
        "def set_seed(seed=1):\n    np.random.seed(seed)\n    return torch.Generator().manual_seed(seed)",
    ],
)
def test_a_helper_is_called(fix: Fix, helper: str) -> None:
    name = helper[4 : helper.index("(")]
    assert f"\n\n{name}()\nprint" in fix("RA102", {"train.py": f"{HEAD}{helper}{DRAWN}"}).texts["train.py"]


@pytest.mark.parametrize(
    "function",
    [
        """
        def make(count):
            state = np.random.get_state()
            np.random.seed(0)
            try:
                return count
            finally:
                np.random.set_state(state)
        """,
        """
        def make(count):
            random.seed(count)
            np.random.seed(count)
            return np.random.rand(count)
        """,
        """
        def seeded(count=3):
            np.random.seed(count)
            print(random.random())
        """,
        """
        def reseed(seed):
            with open("log") as file:
                np.random.seed(seed)
        """,
    ],
)
def test_a_function_that_draws_or_puts_back_is_none(fix: Fix, function: str) -> None:
    source = f"{HEAD}{dedent(function).strip()}{DRAWN}"
    assert "\nnp.random.seed(0)\nprint" in fix("RA102", {"train.py": source}).texts["train.py"]
