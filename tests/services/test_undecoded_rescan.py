"""A comment that says in which encoding a file is counts for all of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import render
from auditor.services.scan import scan
from auditor.services.settings import Settings

LIBRARY = "import random\n\n\ndef draw():\n    return random.random()\n"
PROGRAM = "from lib import draw\n\nif __name__ == '__main__':\n    print(draw())\n"
HEADS = ("# -*- coding: utf-1 -*-\n", "# one\n# two\n# -*- coding: utf-1 -*-\n", "# -*- coding: utf-8 -*-\n", "")


def report(root: Path, *, cached: bool) -> str:
    return render(scan([root], Settings(), root=root, cached=cached), "json")


@pytest.mark.parametrize("name", ["lib.py", "train.py"])
def test_a_file_that_could_not_be_decoded_is_looked_at_where_a_comment_says_otherwise(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    texts = {"lib.py": LIBRARY, "train.py": PROGRAM}
    for path, text in texts.items():
        (root / path).write_text(text)
    for head in (*HEADS, *reversed(HEADS)):
        (root / name).write_text(head + texts[name])
        assert report(root, cached=True) == report(root, cached=False), head
