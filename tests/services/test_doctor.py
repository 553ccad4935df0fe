"""The doctor says what is missing for what, and calls broken only what stops the main job."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from auditor.services.doctor import Check, Health, examine
from auditor.services.settings import Settings


def interpreter(folder: Path, answer: dict[str, object]) -> Path:
    """A stand-in for the program's Python that answers the doctor's questions."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\necho a warning\necho '{json.dumps(answer)}'\n")
    python.chmod(0o755)
    return python


def checks(folder: Path, answer: dict[str, object], store: Path | None = None) -> dict[str, Check]:
    found = examine(folder, Settings(store=store or folder / "runs"), interpreter(folder, answer))
    return {check.name: check for check in found}


def test_gpu_machine_with_everything(tmp_path: Path) -> None:
    answer = {"python": "3.11.7", "xxhash": True, "triton": True, "torch": "2.13.0", "threads": 8, "cuda": True}
    found = checks(tmp_path, answer | {"devices": ["NVIDIA H200"], "cupti": True})
    for name in ("torch", "xxhash", "CUDA", "CUPTI", "triton", "runs", "rules"):
        assert found[name].health is Health.WORKS, found[name]
    assert found["CUDA"].detail == "NVIDIA H200"


def test_missing_cupti_is_no_obstacle(tmp_path: Path) -> None:
    answer = {"python": "3.11.7", "xxhash": True, "triton": False, "torch": "2.13.0", "threads": 8, "cuda": True}
    found = checks(tmp_path, answer | {"devices": ["NVIDIA H200"], "cupti": False})
    assert found["CUPTI"].health is Health.MISSING
    assert found["triton"].health is Health.MISSING
    assert not [check for check in found.values() if check.health is Health.BROKEN]


def test_interpreter_without_torch_can_be_scanned_for_only(tmp_path: Path) -> None:
    answer = {
        "python": "3.9.1",
        "xxhash": False,
        "triton": False,
        "error": "ModuleNotFoundError: No module named 'torch'",
    }
    found = checks(tmp_path, answer)
    assert found["torch"].health is Health.MISSING
    assert "`scan` does not" in found["torch"].detail
    assert "CUDA" not in found


def test_interpreter_that_does_not_answer_is_broken(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    found = {check.name: check for check in examine(tmp_path, Settings(store=tmp_path), python)}
    assert found["program's Python"].health is Health.BROKEN


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_store_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    answer: dict[str, object] = {"python": "3.9.1", "xxhash": False, "triton": False, "error": "x"}
    assert checks(tmp_path, answer, locked)["runs"].health is Health.BROKEN
