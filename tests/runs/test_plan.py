"""What a launch changes, and nothing else."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs.plan import BOOTSTRAP, LaunchPlan, command, environment, told_changes


def plan(*argv: str, **fields: object) -> LaunchPlan:
    folder = Path("/project")
    values = {"cwd": folder, "project": folder, "run_dir": Path("/runs/r1"), "run_id": "r1", **fields}
    return LaunchPlan(argv=argv, **values)  # type: ignore[arg-type]


def test_python_in_front_is_our_interpreter_or_the_one_asked_for() -> None:
    assert command(plan("python", "train.py")) == [sys.executable, "train.py"]
    assert command(plan("python", "train.py", python=Path("/opt/python"))) == ["/opt/python", "train.py"]
    assert command(plan("python3", "train.py")) == ["python3", "train.py"]
    assert command(plan("torchrun", "train.py", python=Path("/opt/python"))) == ["torchrun", "train.py"]


def test_an_empty_command_is_the_users_mistake() -> None:
    with pytest.raises(UsageError, match="nothing to run"):
        command(plan())


def test_the_environment_is_ours_but_for_the_probe() -> None:
    inherited = {"HOME": "/home", "PYTHONPATH": "/own", "REPRO_AUDIT_PLACE": "0 3", "REPRO_AUDIT_PROBE": "stale"}
    found = environment(plan("python", environment={"EXTRA": "1"}), inherited)
    assert set(found) == {"HOME", "PYTHONPATH", "REPRO_AUDIT_PROBE", "EXTRA"}
    assert found["PYTHONPATH"] == f"{BOOTSTRAP}{os.pathsep}/own"
    settings = json.loads(found["REPRO_AUDIT_PROBE"])
    assert (settings["run_dir"], settings["project"], settings["mode"]) == ("/runs/r1", "/project", "trace")


def test_without_a_probe_nothing_is_added() -> None:
    assert environment(plan("python", probe=None), {"HOME": "/home"}) == {"HOME": "/home"}


def test_the_bootstrap_folder_holds_nothing_that_a_program_could_import_by_accident() -> None:
    assert [path.name for path in BOOTSTRAP.iterdir() if path.name != "__pycache__"] == ["sitecustomize.py"]


def test_changes_are_told_without_how_the_probe_comes_in() -> None:
    told = told_changes(
        plan("python", environment={"B": "2"}, probe={"switches": {"threads": 4}, "compile": "eager"}),
        {"HOME": "/home"},
    )
    assert told == {"B": "2", "TORCHDYNAMO_DISABLE": "1", "switch threads": "4"}


def test_an_unknown_probe_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown probe settings: speed"):
        environment(plan("python", probe={"speed": 3}), {})
