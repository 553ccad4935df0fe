"""A seed goes behind the imports, whatever settings stand between them, and never behind work or a draw."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]

SEED = "torch.manual_seed(0)"


@pytest.mark.parametrize(
    "lead",
    [
        '__author__ = "somebody"',
        'import os\nos.environ["OMP_NUM_THREADS"] = str(1)',
        'import os\nos.environ.setdefault("TOKENIZERS_PARALLELISM", "false")',
        'import sys\nsys.path.append("..")',
        'import warnings\nwarnings.filterwarnings("ignore")\nBATCH: int = 3',
        "import os\nif True:\n    import re\nos.umask(0)",
        "import time\nbegin = time.time()\ndef ended():\n    return time.time() - begin\n",
    ],
)
def test_settings_between_imports_stay_before_the_seed(fix: Fix, lead: str) -> None:
    source = f"{lead}\nimport torch\n\nprint(torch.rand(3))\n"
    text = fix("RA103", {"train.py": source}).texts["train.py"]
    assert text == source.replace("print", f"{SEED}\nprint")


@pytest.mark.parametrize(
    ("source", "behind"),
    [
        ("import torch\nfrom work import build\nbuild()\nimport os\nprint(torch.rand(3))\n", "build\n"),
        ("import torch\nfor _ in []:\n    pass\nimport os\nprint(torch.rand(3))\n", "torch\n"),
        ("import torch\nprint(torch.rand(3))\nimport os\nprint(torch.rand(3))\n", "torch\n"),
        ('import torch\nexec("1")\nimport os\nprint(torch.rand(3))\n', "torch\n"),
        ("import torch\nimport multiprocessing as m\npool = m.Pool(2)\nimport os\nprint(torch.rand(3))\n", "as m\n"),
        ("import torch\nsize = 3\nprint(torch.rand(size))\n", "torch\n"),
    ],
)
def test_work_between_imports_comes_behind_the_seed(fix: Fix, source: str, behind: str) -> None:
    text = fix("RA103", {"train.py": source, "work.py": "def build():\n    print(1)\n"}).texts["train.py"]
    assert text.startswith(f"{source[: source.index(behind)]}{behind}\n{SEED}\n")


def test_a_seed_of_the_script_is_still_read_where_it_is_known(fix: Fix) -> None:
    source = "SEED = 7\nimport os\nos.umask(0)\nimport torch\n\nprint(torch.rand(3))\n"
    text = fix("RA103", {"train.py": source}).texts["train.py"]
    assert text == source.replace("print", "torch.manual_seed(SEED)\nprint")
