"""Evidence and projects as literals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from auditor.model.environment import Environment
from auditor.model.evidence import Evidence, EvidenceKind, Surroundings
from auditor.model.lean import replace
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.verdict import Status
from auditor.runs.gitstate import GitState
from auditor.services.guideline.command_words import command_words
from auditor.services.guideline.currency import Present, hold_against
from auditor.services.guideline.known import Known
from auditor.static.files.pins import Pins

SURROUNDINGS = Surroundings(
    python="3.11.7", packages={"numpy": "2.4.6", "torch": "2.13.0", "black": "1.0"}, machine={"cpu": "Some CPU"}
)
ENVIRONMENT = Environment(
    python="3.11.7",
    torch="2.13.0",
    platform="Linux x86_64",
    cpu="Some CPU",
    threads=2,
    devices=(),
    flags={"deterministic_algorithms": "False"},
    variables={"OMP_NUM_THREADS": "2"},
    packages={"numpy": "2.4.6", "torch": "2.13.0"},
)
SOURCES = {"train.py": "digest-1", "model.py": "digest-2", "tests/test_model.py": "digest-3", "conf.yaml": "digest-4"}
NOW = datetime(2026, 2, 1, tzinfo=timezone.utc).timestamp()
COMMAND = ("python", "train.py", "--epochs", "2")


def evidence(number: int, kind: EvidenceKind = EvidenceKind.TWICE, **changes: Any) -> Evidence:
    """Two whole and equal runs, but for what is changed."""
    traced = kind is EvidenceKind.TWICE
    found = Evidence(
        id=f"e{number}",
        kind=kind,
        command=COMMAND,
        cwd="/p",
        project="/p",
        interpreter="/usr/bin/python",
        kept_at=f"2026-01-{number:02d}T10:00:00+00:00",
        sources=SOURCES,
        unstable=(),
        surroundings=SURROUNDINGS,
        answer=f"answer of e{number}",
        status=Status.REPRODUCIBLE if kind in (EvidenceKind.TWICE, EvidenceKind.VERIFY) else None,
        runs=("r1", "r2") if traced else (),
        steps=20 if traced else 0,
        is_whole=kind in (EvidenceKind.TWICE, EvidenceKind.VERIFY),
        compared=2001 if traced else 0,
        environment=ENVIRONMENT if traced else None,
        criteria=("accuracy",) if kind is EvidenceKind.VARIANCE else (),
        loaded=("conf.yaml", "model.py", "train.py") if traced else None,
        trained=True if traced else None,
    )
    return replace(found, **changes)


def present(**changes: Any) -> Present:
    """The project as all evidence above has seen it, but for what is changed."""
    today = Present(
        now=NOW,
        sources=SOURCES,
        data_digest=lambda path: f"data-{path}",
        data_changed_at=lambda path: 0.0,
        listing_digest=lambda folder, left_out: f"names-{folder}",
        surroundings=lambda _: SURROUNDINGS,
    )
    return replace(today, **changes)


@pytest.fixture
def project() -> Callable[..., Known]:
    """`project(evidence…, today=present(…), git=…)` is what is known; all that is not evidence is as it should be."""

    def known(*kept: Evidence, today: Present | None = None, **changes: Any) -> Known:
        from pathlib import Path

        found = Known(
            program="train.py",
            words=command_words(COMMAND, Path("/p"), Path("/p")),
            git=GitState(
                commit="0a1b2c3d4e5f60718293",
                tracked=frozenset({*SOURCES, "data/a.csv"}),
                changed=(),
                untracked=(),
                lfs=frozenset(),
            ),
            git_problem="",
            dvc=frozenset({"big"}),
            pins=Pins(
                files=("uv.lock",),
                versions={"numpy": frozenset({"2.4.6"}), "torch": frozenset({"2.13.0"})},
                loose=(),
                python="3.11",
                python_file=".python-version",
                unread=(),
            ),
            threads_set_by={},
            scan=AuditReport(tool="t", project="p", scan=ScanSummary(files=3, entry_points=("train.py",), rules=165)),
            ci=((".github/workflows/ci.yml", "repro-audit run train.py --twice && repro-audit report"),),
            held=hold_against(kept, today or present()),
        )
        return replace(found, **changes)

    return known
