"""However many processes share the work, the report is the same, byte for byte."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from auditor.report import render
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.engine import MIN_SHARED_BYTES
from auditor.static.scanning.passes import MAX_UNIT_FILES
from auditor.static.scanning.pool import Pool

FILES = 2 * MAX_UNIT_FILES + 10
"""Enough for three units, so that three processes have something to do."""

PADDING = "# " + "of no meaning, but to be read\n# " * (MIN_SHARED_BYTES // FILES // 31 + 1) + "\n"
PIECES = (
    "import random\nprint(random.random())\n",
    "import numpy as np\n\n\ndef load{number}():\n    return np.random.rand(3)\n",
    "import torch\ntorch.manual_seed(0)\nprint(torch.rand(3))\n",
    "from part{other} import load{other}\n\nif __name__ == '__main__':\n    print(load{other}())\n",
    "import random\nprint(random.random())  # repro-audit: allow RA101 because it is a game\n",
    "import random\n\nrandom.seed(0)\nimport part{other}\nprint(random.random(), part{other})\n",
    "def broken(:\n",
    "x = {number}  # repro-audit: allow RA101 because it was needed once\n",
)


def large_project(folder: Path, seed: int) -> None:
    chosen = random.Random(seed)
    for number in range(FILES):
        piece = chosen.choice(PIECES).format(number=number, other=chosen.randrange(FILES))
        place = folder / chosen.choice(("", "", "pkg/")) / f"part{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(PADDING + piece)
    (folder / "pyproject.toml").write_text("")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of processes whenever some are started."""
    seen: list[int] = []
    start = Pool.start

    def counting(self: Pool[Any, Any], count: int) -> None:
        seen.append(count)
        start(self, count)

    monkeypatch.setattr(Pool, "start", counting)
    return seen


def test_the_number_of_processes_does_not_matter(tmp_path: Path, started: list[int]) -> None:
    large_project(tmp_path, seed=1)
    texts = {}
    for processes in (1, 2, 3, None):
        report = scan([tmp_path], Settings(), root=tmp_path, processes=processes)
        assert report.findings
        assert report.suppressed
        assert report.skipped
        texts[processes] = render(report, "json") + render(report, "sarif")
    assert texts[2] == texts[1]
    assert texts[3] == texts[1]
    assert texts[None] == texts[1]
    assert {2, 3} <= set(started)
