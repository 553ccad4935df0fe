"""The JSON report holds everything, in one order, as the schema says."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest

from auditor.model.report import AuditReport
from auditor.report import render
from auditor.report.schema.build import FILE, to_text
from auditor.report.schema.page import HEADING, types_page

SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
DOCUMENT = Path(__file__).parents[2] / "docs" / "report-format.md"
REPORTS = ("scan", "divergent", "reproducible", "inconclusive", "overhead", "guideline")


def test_schema_file_is_what_the_model_says() -> None:
    """`make pages` makes it anew."""
    assert FILE.read_text(encoding="utf-8") == to_text()


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_valid(request: pytest.FixtureRequest, name: str) -> None:
    content = json.loads(render(request.getfixturevalue(f"{name}_report"), "json"))
    jsonschema.Draft202012Validator(SCHEMA).validate(content)


@pytest.mark.parametrize("broken", [{"version": 2}, {"format": "other"}, {"project": None}, {"findings": [{}]}])
def test_schema_refuses_other_things(scan_report: AuditReport, broken: dict[str, object]) -> None:
    content = json.loads(render(scan_report, "json")) | broken
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(content)


def test_everything_is_there_in_the_order_of_the_model(divergent_report: AuditReport) -> None:
    content = json.loads(render(divergent_report, "json"))
    assert list(content) == ["format", "version", *(field.name for field in fields(AuditReport))]
    first = content["verdict"]["comparison"]["first"]
    assert first["reference"]["tensors"][0]["digest"] == "c41f9be000000001"
    assert first["closeup"]["magnitude"]["max_ulp"] == 2
    assert content["runs"][1]["status"] == {"ending": "stopped", "code": 0}


def test_no_folder_of_this_machine_is_in_it(divergent_report: AuditReport) -> None:
    text = render(divergent_report, "json")
    assert "/home/someone" not in text
    run = json.loads(text)["runs"][0]
    assert run["argv"] == ["python", "train.py", "--data", "data"]
    assert (run["cwd"], run["project"]) == (".", "demo")


def test_quoted_source_is_left_as_it_is(scan_report: AuditReport) -> None:
    finding = replace(scan_report.findings[0], source_lines=('open("/home/someone/x")',))
    content = json.loads(render(replace(scan_report, findings=(finding,)), "json"))
    assert content["findings"][0]["source_lines"] == ['open("/home/someone/x")']


def test_numbers_that_are_not_finite_become_null(divergent_report: AuditReport) -> None:
    verdict = divergent_report.verdict
    assert verdict is not None
    assert verdict.comparison is not None
    assert verdict.comparison.first is not None
    assert verdict.comparison.first.closeup is not None
    assert verdict.comparison.first.closeup.magnitude is not None
    magnitude = replace(verdict.comparison.first.closeup.magnitude, max_absolute=float("inf"), rms=float("nan"))
    closeup = replace(verdict.comparison.first.closeup, magnitude=magnitude)
    comparison = replace(verdict.comparison, first=replace(verdict.comparison.first, closeup=closeup))
    text = render(replace(divergent_report, verdict=replace(verdict, comparison=comparison)), "json")
    content = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    shown = content["verdict"]["comparison"]["first"]["closeup"]["magnitude"]
    assert (shown["max_absolute"], shown["rms"]) == (None, None)


def test_page_names_every_field_of_the_report() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "| `format` | `repro-audit-report` |" in text
    assert "| `version` | `1` |" in text
    for field in fields(AuditReport):
        assert f"| `{field.name}` |" in text
    assert text.endswith(HEADING + types_page()), "run make pages"
