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


@pytest.mark.parametrize("test", ["seed", "seed > 0", "seed and True"])
def test_a_helper_that_takes_no_zero_is_none(fix: Fix, test: str) -> None:
    helper = f"def set_seed(seed=None):\n    if {test}:\n        random.seed(seed)\n        np.random.seed(seed)"
    assert "\nnp.random.seed(0)\nprint" in fix("RA102", {"train.py": f"{HEAD}{helper}{DRAWN}"}).texts["train.py"]


@pytest.mark.parametrize("test", ["seed is not None", "seed >= 0", "seed != -1"])
def test_a_helper_that_takes_zero_is_called(fix: Fix, test: str) -> None:
    helper = f"def set_seed(seed=None):\n    if {test}:\n        random.seed(seed)\n        np.random.seed(seed)"
    assert "set_seed(0)" in fix("RA102", {"train.py": f"{HEAD}{helper}{DRAWN}"}).texts["train.py"]


@pytest.mark.parametrize(
    ("before", "is_called"),
    [
        ("if not seed:\n        return", False),
        ("if seed <= 0:\n        raise ValueError(seed)", False),
        ("if seed in (0, None):\n        return", False),
        ("assert seed", False),
        ("seed = seed or int(time.time())", False),
        ("if not seed:\n        seed = int(time.time())", False),
        ("if seed is None or seed < 0:\n        return", False),
        ("if seed is None:\n        return", True),
        ("if seed < 0:\n        raise ValueError(seed)", True),
        ("if not seed:\n        print(seed)", True),
        ("if seed is None:\n        seed = 4", True),
        ("assert seed is not None", True),
        ("seed = int(seed) + 1", True),
    ],
)
def test_a_helper_that_leaves_or_takes_another_for_zero_is_none(fix: Fix, before: str, is_called: bool) -> None:
    """Found in a project whose helper begins with `if not seed: return`: the patch seeded nothing."""
    helper = f"def set_seed(seed=None):\n    {before}\n    random.seed(seed)\n    np.random.seed(seed)"
    text = fix("RA102", {"train.py": f"import time\n{HEAD}{helper}{DRAWN}"}).texts["train.py"]
    assert ("\nset_seed(0)" in text) is is_called
    assert ("\nnp.random.seed(0)\nprint" in text) is not is_called


SEEDS = "import numpy as np\n\n\ndef set_seed(seed):\n    np.random.seed(seed)\n"


@pytest.mark.parametrize(
    ("imported", "is_called"),
    [("import lab.net\n", True), ("from lab.net import width\n", True), ("import json\n", False)],
)
def test_a_helper_of_another_folder_is_called_by_who_imports_from_there(
    fix: Fix, imported: str, is_called: bool
) -> None:
    program = f"import numpy as np\n{imported}\nprint(np.random.rand())\n"
    files = {"tools/train.py": program, "lab/__init__.py": "", "lab/net.py": "width = 3\n", "lab/seeds.py": SEEDS}
    text = fix("RA102", files).texts["tools/train.py"]
    assert ("set_seed(0)" in text) is is_called
    assert ("np.random.seed(0)" in text) is not is_called
