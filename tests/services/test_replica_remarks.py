"""What else may lie in a spread is told."""

from __future__ import annotations

from pathlib import Path

from auditor.runs.replicas import Kept
from auditor.services.replica_remarks import machines


def on(machine: str) -> Kept:
    return Kept(
        variant="algo",
        number=1,
        folder=Path(),
        duration_s=1.0,
        seeds=(),
        files={},
        written=(),
        notes=(),
        machine=machine,
    )


def test_machines_of_several_kinds_are_told_and_of_one_kind_are_not() -> None:
    assert machines([on("A100"), on("A100"), on("")]) == []
    (told,) = machines([on("H100"), on("A100"), on("A100")])
    assert "A100 (2); H100 (1)" in told
