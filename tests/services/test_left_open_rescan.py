"""Which programs leave a seed open counts in the scans that come after any of them changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import render
from auditor.services.scan import scan
from auditor.services.settings import Settings

FILES = {
    "walk.py": (
        "import numpy as np\n\nclass Walk:\n    def __init__(self, seed=None):\n"
        "        self.rng = np.random.RandomState(seed)\n\n    def step(self):\n        return self.rng.normal()\n"
    ),
    "train.py": "from walk import Walk\n\nif __name__ == '__main__':\n    print(Walk().step())\n",
    "sweep.py": "from walk import Walk\n\nif __name__ == '__main__':\n    print(Walk(seed=3).step())\n",
}
_UNUSED = "from walk import Walk\n\ndef go():\n    return Walk().step()\n"
STEPS: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("sweep.py", FILES["train.py"], ("sweep.py", "train.py")),
    ("sweep.py", FILES["sweep.py"], ("train.py",)),
    ("train.py", "# more\n" + FILES["train.py"], ("train.py",)),
    ("train.py", FILES["sweep.py"], ()),
    ("unused.py", _UNUSED, ()),
    ("third.py", "from unused import go\n\nif __name__ == '__main__':\n    print(go())\n", ("third.py",)),
    ("third.py", "from unused import go\n\nif __name__ == '__main__':\n    print(go)\n", ()),
    ("unused.py", None, ()),
    ("train.py", FILES["train.py"], ("train.py",)),
    ("walk.py", FILES["walk.py"].replace("seed=None", "seed=0"), ()),
)


def test_each_edit_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    first = scan([root], Settings(), root=root, cached=True)
    assert [finding.entry_points for finding in first.findings] == [("train.py",)]
    for name, changed, programs in STEPS:
        if changed is None:
            (root / name).unlink()
        else:
            (root / name).write_text(changed)
        again = scan([root], Settings(), root=root, cached=True)
        assert [finding.entry_points for finding in again.findings] == [programs][: len(programs)], (name, changed)
        assert render(again, "json") == render(scan([root], Settings(), root=root), "json")
