"""`repro-audit profile`: programs, kept runs, and mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

RACE = """\
import sys
import torch
torch.manual_seed(0)
torch.set_num_threads(int(sys.argv[1]))
table = torch.nn.Parameter(torch.randn(7, 4))
index = torch.randint(0, 7, (9000,))
(table[index] * torch.randn(9000, 4)).sum().backward()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "train.py").write_text(RACE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path.parent / "state"))
    monkeypatch.setenv("PYTHONPATH", "")
    return tmp_path


def test_a_race_is_found_with_its_patch_and_the_command_that_proves_it(command: Command, project: Path) -> None:
    ran = command("profile", "train.py", "--quiet-program", "--", "2")
    assert ran.code == 1, ran.err
    assert "NON-DETERMINISTIC here: aten::index_put at train.py:7 (backward of that line)" in ran.out
    patch = next(line.split()[1].rstrip(":") for line in ran.out.splitlines() if line.startswith("  patch "))
    assert f"  repro-audit fix {patch} --verify 'train.py -- 2'" in ran.out.splitlines()
    kept = command("profile", "r1", "--format", "json")
    assert kept.code == 1
    (use,) = [use for use in json.loads(kept.out)["profile"]["uses"] if use["holding"] == "holds"]
    assert (use["removal"]["patch"], use["calls"]) == (patch, 1)
    short = command("profile", "r1", "-q")
    assert short.out.startswith("NON-DETERMINISTIC here")
    assert len(short.out.splitlines()) == 1


def test_one_thread_ends_with_nothing_found_and_promises_nothing(command: Command, project: Path) -> None:
    ran = command("profile", "train.py", "--quiet-program", "--", "1")
    assert ran.code == 0, ran.err
    assert "does not run under conditions that make it non-deterministic" in " ".join(ran.out.split())
    assert "    1 thread\n" in ran.out
    assert "reproducible" not in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("profile",), "nothing to run"),
        (("profile", "missing.py"), "missing.py: no such file"),
        (("profile", "r99"), "no run r99"),
    ],
)
def test_mistakes_are_told(command: Command, project: Path, words: tuple[str, ...], said: str) -> None:
    ran = command(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
