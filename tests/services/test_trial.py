"""Patches tried with real runs of a small program, in a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.verdict import Status
from auditor.services.fix import plan_fixes
from auditor.services.progress import Silent
from auditor.services.settings import Settings
from auditor.services.trial import try_patches

PROGRAM = """import random

import torch


def main():
    weights = torch.full((4,), random.random())
    for _ in range(3):
        weights = weights * 2


main()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(PROGRAM)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=tmp_path / "store")


def test_patched_copy_repeats_and_the_project_is_only_read(project: Path, settings: Settings, tmp_path: Path) -> None:
    plan = plan_fixes([project], settings)
    ids = [patch.id for patch in plan.patches if "RA101" in patch.rule_ids]
    trial = try_patches(plan, ids, ["python", "train.py"], cwd=project, settings=settings)
    assert trial.patches == tuple(ids)
    assert trial.verdict is not None
    assert trial.verdict.status is Status.REPRODUCIBLE
    assert (project / "train.py").read_text() == PROGRAM
    assert [path.name for path in project.iterdir()] == ["train.py"]
    assert not list((tmp_path / "store").rglob("train.py")), "the copy is deleted"


def test_program_that_fails_is_no_verdict(project: Path, settings: Settings) -> None:
    plan = plan_fixes([project], settings)
    ids = [patch.id for patch in plan.patches]
    trial = try_patches(plan, ids, ["python", "-c", "raise KeyError('lr')"], cwd=project, settings=settings)
    assert trial.verdict is None
    assert trial.failure == "KeyError: 'lr'"


def test_stopped_trial_is_inconclusive(project: Path, settings: Settings) -> None:
    class Stopped(Silent):
        def cancelled(self) -> bool:
            return True

    plan = plan_fixes([project], settings)
    ids = [patch.id for patch in plan.patches]
    trial = try_patches(plan, ids, ["python", "train.py"], cwd=project, settings=settings, progress=Stopped())
    assert trial.verdict is not None
    assert trial.verdict.status is Status.INCONCLUSIVE
    assert "stopped" in trial.verdict.reasons[0]
