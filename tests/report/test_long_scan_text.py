"""A long scan as text: what repeats itself is gathered, and it says where to begin."""

from __future__ import annotations

from dataclasses import replace

from auditor.model.report import AuditReport
from auditor.report import render


def repeated(report: AuditReport, count: int) -> AuditReport:
    first = report.findings[0]
    lines = range(41, 41 + count)
    alike = (replace(first, location=replace(first.location, line=n, end_line=n), patch=None) for n in lines)
    return replace(report, findings=tuple(alike))


def test_many_findings_that_say_the_same_in_one_file_are_shown_by_their_places(scan_report: AuditReport) -> None:
    text = render(repeated(scan_report, 7))
    assert text.count("RA301 dataloader-shuffle-without-generator") == 3
    assert "same     4 times more in this file: 44:12, 45:12, 46:12, 47:12" in text
    assert "7 findings in 1 file" in text


def test_few_findings_that_say_the_same_are_all_shown(scan_report: AuditReport) -> None:
    text = render(repeated(scan_report, 5))
    assert text.count("RA301 dataloader-shuffle-without-generator") == 5
    assert "times more" not in text


def test_what_is_told_of_one_place_for_several_programs_is_shown_once(scan_report: AuditReport) -> None:
    first = scan_report.findings[0]
    other = replace(first, entry_points=("compare.py",), key="key-3")
    text = render(replace(scan_report, findings=(first, other)))
    assert text.count("RA301 dataloader-shuffle-without-generator") == 1
    assert "program  compare.py, train.py" in text


def test_a_long_report_says_where_to_begin_and_a_short_one_does_not(scan_report: AuditReport) -> None:
    assert "Begin with:" not in render(scan_report)
    assert (
        "Begin with:\n  error RA301 dataloader-shuffle-without-generator: 21 findings in 1 file, first src/data.py:41"
        in render(repeated(scan_report, 21))
    )


def test_the_program_to_run_is_the_one_that_most_is_told_of(scan_report: AuditReport) -> None:
    assert scan_report.scan is not None
    scan = replace(scan_report.scan, entry_points=("a.py", "train.py"))
    assert "repro-audit run train.py --twice" in render(replace(scan_report, scan=scan))


def test_many_programs_are_not_all_named(scan_report: AuditReport) -> None:
    names = tuple(f"run_{number:02}.py" for number in range(12))
    report = replace(scan_report, findings=(replace(scan_report.findings[0], entry_points=names),))
    text = " ".join(render(report).split())
    assert "run_07.py, and 4 more (--format json has all)" in text
    assert "run_08.py" not in text


def test_one_place_that_many_programs_reach_is_not_told_of_each(scan_report: AuditReport) -> None:
    first = scan_report.findings[0]
    names = [f"run_{number}.py" for number in range(7)]
    findings = tuple(replace(first, entry_points=(name,), message=f"{name} draws.", key=name) for name in names)
    text = " ".join(render(replace(scan_report, findings=findings)).split())
    assert text.count("RA301 dataloader-shuffle-without-generator") == 3
    assert "same here in 4 more programs: run_3.py, run_4.py, run_5.py, run_6.py" in text
    assert "7 findings at 1 place in 1 file" in text


def test_counts_tell_findings_from_the_places_they_are_at(scan_report: AuditReport) -> None:
    first = scan_report.findings[0]
    findings = tuple(replace(first, entry_points=(f"run_{n}.py",), key=f"key-{n}") for n in range(22))
    text = render(replace(scan_report, findings=findings))
    assert "22 findings at 1 place in 1 file: 22 errors." in text
    assert "dataloader-shuffle-without-generator: 22 findings at 1 place in 1 file, first src/data.py:41" in text
