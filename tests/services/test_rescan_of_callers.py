"""Rescans of programs that rest together on who calls a function, of which only some are followed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import render
from auditor.services.scan import scan
from auditor.services.settings import Settings

PROJECT = {
    "heads.py": (
        "import random\n\n\nclass Head:\n    def __init__(self, shift=random.random()):\n        self.shift = shift\n"
    ),
    "train.py": (
        "import random\nfrom heads import Head\nfrom extra import more\n\n"
        "random.seed(3)\nprint(Head(3).shift, more())\n"
    ),
    "work.py": "import random\nfrom data import one\n\nrandom.seed(3)\nprint(one())\n",
}
MORE = ("def more():\n    return 3\n", "import heads\ndef more():\n    return heads.Head()\n")
DATA = ("import random\ndef one():\n    return random.random()\n", "import numpy\ndef one():\n    return 1\n")


def report(root: Path, *, cached: bool) -> str:
    return render(scan([root], Settings(), root=root, cached=cached), "json")


def test_callers_that_only_a_program_asked_for_which_is_not_followed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    for name, text in PROJECT.items():
        (root / name).write_text(text)
    for turn in range(4):
        (root / "extra.py").write_text(MORE[turn % 2])
        for text in DATA:
            (root / "data.py").write_text(text)
            assert report(root, cached=True) == report(root, cached=False)
