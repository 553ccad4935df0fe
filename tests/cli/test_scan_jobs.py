"""`scan --jobs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""


def test_jobs_says_how_many_share_the_work(command: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(
        "auditor.static.scanning.passes.spread",
        lambda work, units, processes: (asked.append(processes), ((n, work(unit)) for n, unit in enumerate(units)))[1],
    )
    (project / "train.py").write_text("import numpy as np\n\nprint(np.random.rand(3))\n")
    one = command("scan", ".", "--no-cache", "--jobs", "1")
    assert set(asked) == {1}
    asked.clear()
    three = command("scan", ".", "--no-cache", "--jobs=3")
    assert set(asked) == {3}
    assert (one.code, one.out) == (three.code, three.out)
    assert one.code == 1


@pytest.mark.parametrize(
    ("given", "told"), [("0", "--jobs 0: expected a number of processes, 1 or more"), ("many", "'many' is not a valid")]
)
def test_a_number_of_processes_that_is_none_is_told(command: Command, given: str, told: str) -> None:
    ran = command("scan", ".", "--jobs", given)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
