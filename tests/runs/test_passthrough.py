"""Programs on our own terminal: their ends, however a machine can tell of them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs import processtree
from auditor.runs.passthrough import run_through
from auditor.runs.plan import LaunchPlan
from auditor.runs.processtree import tree

FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); import time; time.sleep(600)"],
                         stdout=subprocess.PIPE)
child.stdout.readline()
open("pid", "w").write(f"{child.pid} ")
child.wait()
"""


def _plan(folder: Path, *argv: str) -> LaunchPlan:
    return LaunchPlan(argv=argv, cwd=folder, project=folder, run_dir=folder, run_id="r", probe=None)


@pytest.fixture(params=["told by the system", "looked for"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "looked for":
        monkeypatch.delattr(os, "pidfd_open", raising=False)


@pytest.mark.usefixtures("_way")
def test_the_exit_code_is_the_programs_own(tmp_path: Path) -> None:
    assert run_through(_plan(tmp_path, "sh", "-c", "exit 3")) == 3
    assert run_through(_plan(tmp_path, "sh", "-c", "exit 0"), lambda: False) == 0
    assert run_through(_plan(tmp_path, "sh", "-c", "kill -TERM $$")) == -15


@pytest.mark.usefixtures("_way")
def test_a_program_is_killed_with_all_it_started_once_that_is_asked_for(tmp_path: Path) -> None:
    asked = []

    def on_poll() -> bool:
        asked.append(1)
        return len(asked) > 1

    assert run_through(_plan(tmp_path, "sh", "-c", "sleep 600 & wait"), on_poll) == -9
    assert len(asked) == 2


def test_a_program_that_cannot_be_started_is_a_mistake_of_the_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nosuch: cannot be started in"):
        run_through(_plan(tmp_path, "nosuch"))


def test_a_child_that_is_started_while_the_program_is_ended_ends_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look comes just before the child is there."""
    looks: list[set[int]] = []
    child: list[int] = []

    def look(root: int) -> set[int]:
        looks.append(tree(root) if looks else {root})
        return looks[-1]

    def has_child() -> bool:
        path = tmp_path / "pid"
        child[:] = map(int, path.read_text().split()) if path.exists() and path.read_text().endswith(" ") else []
        return bool(child)

    monkeypatch.setattr(processtree, "tree", look)
    (tmp_path / "program.py").write_text(FAMILY)
    assert run_through(_plan(tmp_path, sys.executable, "program.py"), has_child) == -9
    assert child[0] in looks[1]
    until = time.monotonic() + 600
    while is_alive(child[0]):
        assert time.monotonic() < until
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether it runs or is stopped; one that is dead may still wait for its reaper."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
