"""`repro-audit scan` from day to day: baseline and revision as options, and what is said about them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.report.schema.build import FILE

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""

DIRTY = "import numpy as np\n\nprint(np.random.rand(3))\n"


def test_writing_a_baseline_accepts_what_is_found(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", "--write-baseline", "b.json")
    assert ran.code == 0
    assert ran.err == "b.json: holds 1 finding; --baseline leaves them out\n"
    assert ran.out.startswith("No new findings in 1 file, ")
    assert command("scan", "--baseline", "b.json").code == 0
    assert command("scan").code == 1


def test_the_baseline_can_be_a_setting_and_be_turned_off(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    command("scan", "--write-baseline", "b.json")
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.repro-audit]\nbaseline = "b.json"\n')
    assert command("scan").code == 0
    assert command("scan", "--no-baseline").code == 1
    assert "baseline = " in command("scan", "--show-settings").out


def test_entries_that_match_nothing_are_listed(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    command("scan", "--write-baseline", "b.json")
    (project / "train.py").write_text("print(1)\n")
    ran = command("scan", "--baseline", "b.json")
    assert ran.code == 0
    assert "1 entry matches nothing any more; " in ran.out
    assert "  train.py RA102: print(np.random.rand(3))" in ran.out.splitlines()


def test_json_says_what_was_left_out(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    command("scan", "--write-baseline", "b.json")
    content = json.loads(command("scan", "--baseline", "b.json", "--format", "json").out)
    jsonschema.Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8"))).validate(content)
    assert content["earlier"] == [{"kind": "baseline", "name": "b.json", "known": 1, "gone": []}]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_only_what_the_working_tree_adds_is_told(command: Command, project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    ran = command("scan", "--diff-base", "main")
    assert ran.code == 0
    assert "There already at main (" in ran.out
    (project / "more.py").write_text(DIRTY)
    ran = command("scan", "--diff-base", "main", "--format", "concise")
    assert ran.code == 1
    assert [line.partition(":")[0] for line in ran.out.splitlines()] == ["more.py", "1 new finding"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--baseline", "none.json"), "none.json: no such baseline"),
        (("--baseline", "train.py"), "train.py: not a baseline: not JSON"),
        (("--write-baseline", "train.py"), "train.py: not a baseline: not JSON"),
        (("--write-baseline", "."), "--write-baseline .: is a folder; name a file"),
        (("--write-baseline", "no/b.json"), "no/b.json: the baseline cannot be written: No such file"),
        (("--write-baseline", "b.json", "--diff-base", "main"), "use one of them"),
        (("--baseline", "b.json", "--no-baseline"), "--baseline and --no-baseline exclude each other"),
        (("--diff-base", "main"), "--diff-base main: "),
    ],
)
def test_mistakes_are_told_and_exit_with_2(command: Command, project: Path, words: tuple[str, ...], told: str) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", *words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert (project / "train.py").read_text() == DIRTY


def test_services_get_paths_from_the_top_of_the_repository(command: Command, project: Path) -> None:
    (project.parent / ".git").mkdir()
    (project / "train.py").write_text(DIRTY)
    assert command("scan", "--format", "github").out.startswith("::error file=project/train.py,line=3,")
    assert json.loads(command("scan", "--format", "gitlab").out)[0]["location"]["path"] == "project/train.py"
    assert "\n  3:7 error" in command("scan").out
