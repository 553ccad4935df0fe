"""Exit codes: what each result amounts to, and which one wins."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from auditor.cli.exit_codes import ExitCode, forgiving, of_error, of_report, worst
from auditor.errors import ProgramError, ProjectError, RuleError, TraceFormatError, UsageError
from auditor.model.finding import Finding
from auditor.model.location import Location
from auditor.model.overhead import Interval, OverheadReport, Ratio, Timing
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.rule import Confidence, RuleId, Severity
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.model.verdict import Status, Verdict

FINDING = Finding(
    rule_id=RuleId("RA101"),
    severity=Severity.NOTE,
    confidence=Confidence.LOW,
    message="m",
    advice="a",
    location=Location(path="a.py", line=1),
    key="k",
)


def report(
    *, findings: int = 0, files: int | None = None, status: Status | None = None, endings: tuple[Ending, ...] = ()
) -> AuditReport:
    return AuditReport(
        tool="repro-audit 0",
        project="p",
        findings=(FINDING,) * findings,
        scan=None if files is None else ScanSummary(files=files, entry_points=(), rules=1),
        verdict=status and Verdict(status=status, comparison=None, causes=(), reasons=()),
        runs=tuple(
            RunRecord(
                id=f"r{number}",
                argv=("python",),
                cwd="/p",
                project="/p",
                changes={},
                started_at="",
                duration_s=1.0,
                status=ExitStatus(ending=ending, code=0),
                processes=(),
                files_written=(),
            )
            for number, ending in enumerate(endings, start=1)
        ),
    )


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (report(files=3), 0),
        (report(files=3, findings=1), 1),
        (report(files=0), 4),
        (report(status=Status.REPRODUCIBLE), 0),
        (report(status=Status.REPRODUCIBLE, findings=2), 0),
        (report(status=Status.DIVERGENT), 1),
        (report(status=Status.WITHIN_TOLERANCE, findings=2), 0),
        (report(status=Status.INCONCLUSIVE, findings=2), 4),
        (report(status=Status.INCONCLUSIVE, endings=(Ending.FINISHED, Ending.INTERRUPTED)), 130),
        (report(status=Status.DIVERGENT, endings=(Ending.FINISHED, Ending.INTERRUPTED)), 1),
        (report(endings=(Ending.FINISHED,)), 0),
        (report(endings=(Ending.STOPPED,)), 0),
        (report(endings=(Ending.FAILED,)), 3),
        (report(endings=(Ending.TIMED_OUT,)), 3),
        (report(endings=(Ending.INTERRUPTED,)), 130),
    ],
)
def test_reports_amount_to(found: AuditReport, code: int) -> None:
    assert of_report(found) == code


@pytest.mark.parametrize(("conclusive", "code"), [(True, 0), (False, 4)])
def test_overhead_is_inconclusive_where_its_interval_spans_one(conclusive: bool, code: int) -> None:
    interval = Interval(low=0.9, high=1.1, level=0.95)
    timing = Timing(
        label="as is",
        runs=1,
        steps=1,
        median_step_s=1.0,
        interval_s=interval,
        wall_s=1.0,
        peak_memory_bytes=1,
        peak_device_memory_bytes=None,
    )
    ratio = Ratio(label="x", ratio=1.0, interval=interval, conclusive=conclusive)
    overhead = OverheadReport(baseline=timing, variants=(timing,), ratios=(ratio,), method="", notes=())
    assert of_report(replace(report(), overhead=overhead)) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (RuleError("x"), 2),
        (ProjectError("x"), 2),
        (ProgramError("x"), 3),
        (TraceFormatError("x"), 4),
    ],
)
def test_errors_amount_to(error: Exception, code: int) -> None:
    assert of_error(error) == code  # type: ignore[arg-type]


def test_order_is_2_3_1_4_0() -> None:
    ranked = [2, 3, 1, 4, 0]
    for first, second in combinations(ranked, 2):
        assert worst([ExitCode(second), ExitCode(first)]) == first
    assert worst([]) == 0


def test_exit_zero_forgives_results_and_no_errors() -> None:
    assert {code: forgiving(ExitCode(code)) for code in (0, 1, 2, 3, 4, 130)} == {
        0: 0,
        1: 0,
        2: 2,
        3: 3,
        4: 0,
        130: 130,
    }
