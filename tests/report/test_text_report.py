"""What people read: order, names, widths, and what is said where something is not known."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.model.divergence import Difference
from auditor.model.finding import Skipped
from auditor.model.location import Location
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.verdict import Status, Verdict
from auditor.report import RenderOptions, formats, render

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
REPORTS = ("scan", "divergent", "reproducible", "inconclusive", "overhead", "proof", "guideline")


def report_named(request: pytest.FixtureRequest, name: str) -> AuditReport:
    report = request.getfixturevalue(f"{name}_report")
    assert isinstance(report, AuditReport)
    return report


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("format_name", formats())
def test_reports_are_what_they_were(request: pytest.FixtureRequest, name: str, format_name: str) -> None:
    """Golden files; `REWRITE_GOLDEN=1 pytest tests/report` makes them anew, for the diff to be reviewed."""
    text = render(report_named(request, name), format_name, RenderOptions(exit_code=1))
    path = GOLDEN / f"{name}.{format_name}"
    if os.environ.get("REWRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REPORTS)
def test_plain_text_has_no_escapes_no_trailing_space_and_ends_in_a_newline(
    request: pytest.FixtureRequest, name: str
) -> None:
    text = render(report_named(request, name))
    assert "\x1b" not in text
    assert text.endswith("\n")
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("name", REPORTS)
def test_colour_adds_codes_and_changes_no_word(request: pytest.FixtureRequest, name: str) -> None:
    report = report_named(request, name)
    coloured = render(report, "text", RenderOptions(color=True))
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == render(report).splitlines()


@pytest.mark.parametrize("name", REPORTS)
def test_ascii_form_is_ascii(request: pytest.FixtureRequest, name: str) -> None:
    assert render(report_named(request, name), "text", RenderOptions(ascii=True)).isascii()


def test_story_names_its_lines_in_one_order(divergent_report: AuditReport) -> None:
    lines = render(divergent_report).splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and line[2:3].isalpha() and "repro" not in line]
    story = [name for name in names if name in ("op", "tensor", "inputs", "kernel", "why", "then", "fix")]
    assert story == ["op", "tensor", "inputs", "kernel", "why", "then", "fix"]


def test_story_says_what_is_not_known(divergent_report: AuditReport) -> None:
    verdict = divergent_report.verdict
    assert verdict is not None
    assert verdict.comparison is not None
    assert verdict.comparison.first is not None
    first = replace(verdict.comparison.first, closeup=None, inputs_agree=None)
    comparison = replace(verdict.comparison, first=first, weights=None)
    bare = replace(divergent_report, verdict=replace(verdict, comparison=comparison, causes=()))
    text = " ".join(render(bare).split())
    assert "kernel not traced: there was no close-up run" in text
    assert "by how much was not measured" in text
    assert "inputs cannot be told from the traces" in text
    assert "why not known" in text
    assert "final weights: not seen" in text


@pytest.mark.parametrize("difference", list(Difference))
def test_every_kind_of_difference_has_words(divergent_report: AuditReport, difference: Difference) -> None:
    verdict = divergent_report.verdict
    assert verdict is not None
    assert verdict.comparison is not None
    assert verdict.comparison.first is not None
    first = verdict.comparison.first
    changed = replace(
        first,
        difference=difference,
        reference=None if difference is Difference.EXTRA else first.reference,
        candidate=None if difference is Difference.MISSING else first.candidate,
    )
    comparison = replace(verdict.comparison, first=changed)
    text = render(replace(divergent_report, verdict=replace(verdict, comparison=comparison)))
    assert "DIVERGENT at step 3, forward, Net.embed.pool" in text
    tensor_line = next(line for line in text.splitlines() if line.startswith("  tensor"))
    assert len(tensor_line.split()) > 3


@pytest.mark.parametrize(
    ("difference", "told"),
    [(Difference.STATE, "inputs differ: the generator"), (Difference.ARGUMENT, "inputs differ: a number")],
)
def test_tensor_is_measured_also_where_a_draw_or_an_argument_made_it_differ(
    divergent_report: AuditReport, difference: Difference, told: str
) -> None:
    verdict = divergent_report.verdict
    assert verdict is not None
    assert verdict.comparison is not None
    assert verdict.comparison.first is not None
    first = replace(verdict.comparison.first, difference=difference, inputs_agree=False)
    changed = replace(verdict, comparison=replace(verdict.comparison, first=first))
    text = " ".join(render(replace(divergent_report, verdict=changed)).split())
    assert "32,768 elements differ, by at most 2 ulp" in text
    assert told in text


def test_inconclusive_without_a_comparison_gives_the_reason_first(inconclusive_report: AuditReport) -> None:
    assert "\nINCONCLUSIVE: equal for 412 steps, then you stopped it.\n" in render(inconclusive_report)


def test_caret_stands_below_the_column(scan_report: AuditReport) -> None:
    lines = render(scan_report).splitlines()
    at = next(index for index, line in enumerate(lines) if "DataLoader(data" in line)
    assert lines[at].index("DataLoader(data") == lines[at + 1].index("^")


@pytest.mark.parametrize(
    ("source", "column", "end_column"),
    [("\tx = draw()", 6, 12), ("π, 数 = draw()", 8, 14), ("y" * 500 + " = draw()", 504, 510), ("x = draw()", 5, 200)],
)
def test_caret_fits_tabs_wide_characters_and_long_lines(
    scan_report: AuditReport, source: str, column: int, end_column: int
) -> None:
    finding = replace(
        scan_report.findings[0],
        location=Location(path="a.py", line=1, column=column, end_line=1, end_column=end_column),
        source_lines=(source,),
    )
    lines = render(replace(scan_report, findings=(finding,))).splitlines()
    at = next(index for index, line in enumerate(lines) if "draw()" in line)
    before = lines[at][: lines[at].index("draw()")]
    width = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in before)
    assert lines[at + 1].index("^") == width
    assert lines[at + 1].count("^") == len("draw()")
    assert len(lines[at]) < 200


def test_control_characters_of_the_source_do_not_reach_the_terminal(scan_report: AuditReport) -> None:
    finding = replace(scan_report.findings[0], source_lines=("x = '\x1b[2J\x07\u202e'",))
    text = render(replace(scan_report, findings=(finding,)))
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_paths_are_never_broken(scan_report: AuditReport) -> None:
    path = "very/" * 40 + "long name with spaces.py"
    finding = replace(scan_report.findings[0], location=Location(path=path, line=1))
    assert path in render(replace(scan_report, findings=(finding,)))


def test_findings_of_one_file_stand_together_in_the_order_of_the_report(scan_report: AuditReport) -> None:
    first, second = scan_report.findings
    text = render(replace(scan_report, findings=(first, second, first)))
    assert text.count("src/data.py\n") == 1
    assert text.index("src/data.py\n") < text.index("nb/explore one.ipynb\n")


def test_clean_scan_says_what_was_looked_at(scan_report: AuditReport) -> None:
    clean = replace(scan_report, findings=(), suppressed=(), skipped=(), notes=())
    assert render(clean).startswith("No findings in 38 files, 1 program, 61 rules. Next: repro-audit run ")
    assert render(clean).count("\n") == 1


def test_scan_of_nothing_is_not_called_clean(scan_report: AuditReport) -> None:
    empty = replace(scan_report, findings=(), scan=ScanSummary(files=0, entry_points=(), rules=61))
    text = render(empty)
    assert text.startswith("Nothing was analysed")
    assert "No findings" not in text


def test_skipped_files_are_counted_and_listed_where_verbose(scan_report: AuditReport) -> None:
    skipped = tuple(Skipped(subject=f"f{number}.py", reason="not UTF-8") for number in range(9))
    report = replace(scan_report, skipped=skipped)
    assert "… and 6 more (-v lists them)" in render(report)
    assert "f8.py: not UTF-8" in render(report, "text", RenderOptions(verbosity=1))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("scan", "2 findings: 1 error, 1 warning; 1 not analysed\n"),
        ("divergent", "DIVERGENT at step 3, forward, Net.embed.pool\n"),
        ("inconclusive", "INCONCLUSIVE: equal for 412 steps, then you stopped it.\n"),
        ("overhead", "deterministic mode: 1.38× the step time (1.35–1.42, 95 %)\n"),
    ],
)
def test_quiet_is_the_answer_alone(request: pytest.FixtureRequest, name: str, answer: str) -> None:
    assert render(report_named(request, name), "text", RenderOptions(verbosity=-1)) == answer


def test_a_single_run_is_never_called_reproducible(reproducible_report: AuditReport) -> None:
    text = render(replace(reproducible_report, verdict=None, runs=reproducible_report.runs[:1]))
    assert "One run alone says nothing about reproducibility" in text
    assert "REPRODUCIBLE" not in text


def test_interval_that_spans_one_is_inconclusive(overhead_report: AuditReport) -> None:
    assert overhead_report.overhead is not None
    ratio = replace(overhead_report.overhead.ratios[0], conclusive=False)
    text = render(replace(overhead_report, overhead=replace(overhead_report.overhead, ratios=(ratio,))))
    assert "INCONCLUSIVE" in text
    assert "spans 1" in text


def test_verdict_without_reasons_still_renders() -> None:
    verdict = Verdict(status=Status.INCONCLUSIVE, comparison=None, causes=(), reasons=())
    report = AuditReport(tool="repro-audit 0.1.0", project="x", verdict=verdict)
    assert "INCONCLUSIVE: no reason was given" in render(report)
