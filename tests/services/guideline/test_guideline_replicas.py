"""What replicas of a training say beside two runs of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import EvidenceKind
from auditor.model.guideline import Standing
from auditor.model.verdict import Status
from auditor.services.guideline.compared import criteria_chosen, explained
from auditor.services.guideline.known import Known

_SPEC = importlib.util.spec_from_file_location("guideline_literals", Path(__file__).with_name("conftest.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
literals: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(literals)
evidence = literals.evidence
Project = Callable[..., Known]
UNEQUAL = {"apart": "5 replicas of `impl` came to 5 different results"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.REPRODUCIBLE, Standing.NOT_SHOWN),
        (Status.WITHIN_TOLERANCE, Standing.TOLD),
        (Status.DIVERGENT, Standing.TOLD),
    ],
)
def test_two_equal_runs_do_not_outweigh_replicas_that_differ(
    project: Project, status: Status, expected: Standing
) -> None:
    known = project(evidence(1, status=status), evidence(2, EvidenceKind.VARIANCE, **UNEQUAL))
    (fact,) = [each for each in explained(known).facts if "saw runs of this source differ" in each.text]
    assert fact.standing is expected
    assert "5 replicas of `impl`" in fact.text


def test_replicas_of_another_source_are_no_evidence(project: Project) -> None:
    known = project(evidence(1), evidence(2, EvidenceKind.VARIANCE, unstable=("train.py",), **UNEQUAL))
    assert explained(known).standing is Standing.MET
    assert criteria_chosen(known).standing is Standing.NOT_SHOWN
