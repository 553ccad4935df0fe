"""What `run --twice` says about each sample project, and that it leaves the program as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auditor.model.divergence import Divergence
from auditor.model.report import AuditReport
from auditor.model.rule import Confidence
from auditor.model.verdict import Cause, Status
from auditor.runs.store import open_store
from auditor.services.settings import Settings
from auditor.services.twice import TwiceOptions, run_twice

CONFIDENCES = list(Confidence)
ATTEMPTS = 3
"""A race between threads is lost by none of them now and then, on a busy machine above all."""


def audit(sample, project: Path, store: Path, command: list[str] | None = None) -> AuditReport:
    return run_twice(
        command or sample.command,
        cwd=project,
        settings=Settings(store=store),
        options=TwiceOptions(
            timeout_s=sample.timeout_s, isolate=sample.isolate, closeup=sample.closeup, quiet_program=True
        ),
    )


def is_one_of(value: object, expected: object) -> bool:
    return value in expected if isinstance(expected, list) else value == expected


def wrong_about_first(first: Divergence, expected) -> list[str]:
    """Every key of the expectation that does not hold, with what was found instead."""
    event = first.reference or first.candidate
    assert event is not None
    found = {
        "process": first.process,
        "kind": event.kind.value,
        "op": event.identity.op,
        "phase": event.identity.phase.value,
        "module": event.identity.module,
        "path": event.site.path if event.site else None,
        "line": event.site.line if event.site else None,
        "inputs_agree": first.inputs_agree,
    }
    wanted = {key: getattr(expected, key) for key in found}
    return [
        f"{key}: expected {wanted[key]!r}, found {value!r}"
        for key, value in found.items()
        if wanted[key] is not None and not is_one_of(value, wanted[key])
    ]


def wrong_about_cause(cause: Cause, expected) -> list[str]:
    found = {
        "kind": cause.kind,
        "path": cause.location.path if cause.location else None,
        "line": cause.location.line if cause.location else None,
    }
    wanted = {key: getattr(expected, key) for key in found}
    wrong = [
        f"{key}: expected {wanted[key]!r}, found {value!r}"
        for key, value in found.items()
        if wanted[key] is not None and not is_one_of(value, wanted[key])
    ]
    if CONFIDENCES.index(cause.confidence) > CONFIDENCES.index(Confidence(expected.confidence)):
        wrong.append(f"confidence: expected at least {expected.confidence}, found {cause.confidence.value}")
    return wrong


@pytest.mark.usefixtures("light_sample")
def test_divergence_is_traced_to_its_cause(faulty_sample, project: Path, tmp_path: Path) -> None:
    for attempt in range(ATTEMPTS):
        report = audit(faulty_sample, project, tmp_path / f"store-{attempt}")
        if report.verdict is not None and report.verdict.status is not Status.REPRODUCIBLE:
            break
    verdict = report.verdict
    assert verdict is not None
    assert verdict.status is Status.DIVERGENT, verdict.reasons
    assert verdict.comparison is not None
    assert verdict.comparison.first is not None
    assert wrong_about_first(verdict.comparison.first, faulty_sample.first) == []
    assert verdict.causes
    assert wrong_about_cause(verdict.causes[0], faulty_sample.cause) == []
    linked = {finding.rule_id for finding in report.findings if finding.key in verdict.causes[0].findings}
    assert faulty_sample.cause.rule is None or faulty_sample.cause.rule in linked


def weights_of(path: Path) -> dict[str, bytes]:
    torch = pytest.importorskip("torch")
    return {name: value.contiguous().numpy().tobytes() for name, value in torch.load(path).items()}


@pytest.mark.usefixtures("light_sample")
def test_clean_program_is_reproducible_and_unchanged_by_the_probe(clean_sample, project: Path, tmp_path: Path) -> None:
    """Bit for bit the same weights and the same output as without us, in both runs."""
    plain, probed = tmp_path / "plain.pt", tmp_path / "probed.pt"
    command = [sys.executable, *clean_sample.command[1:], "--save", str(plain)]
    alone = subprocess.run(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)

    report = audit(clean_sample, project, tmp_path / "store", [*clean_sample.command, "--save", str(probed)])

    verdict = report.verdict
    assert verdict is not None
    assert verdict.status is Status.REPRODUCIBLE, verdict.reasons
    assert verdict.comparison is not None
    assert verdict.comparison.compared_events > 100
    assert verdict.comparison.weights is not None
    assert verdict.comparison.weights.compared > 0
    assert report.findings == ()
    assert weights_of(probed) == weights_of(plain)
    store = open_store(project, tmp_path / "store")
    logs = [(store.path(run.id) / "program.log").read_bytes() for run in report.runs]
    assert logs == [alone.stdout, alone.stdout]
