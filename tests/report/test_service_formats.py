"""What services read: GitHub's annotations, GitLab's code quality, JUnit."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from auditor.model.finding import Finding
from auditor.model.known import Earlier, EarlierKind
from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Severity
from auditor.report import RenderOptions, render

REPORTS = ("scan", "divergent", "reproducible", "inconclusive", "overhead")
COMMAND = re.compile(r"::(?P<command>error|warning|notice) (?P<properties>[^:]*)::(?P<data>.*)")
NAME = "50 % of a:b, c\r\nnext\x00\x1b[31m <&\"'> ≠"
NASTY = f"{NAME} \ud800"


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Undo what the runner undoes: commands, properties and text as GitHub understands them."""

    def plain(value: str) -> str:
        for escaped, meant in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            value = value.replace(escaped, meant)
        return value

    found = []
    for line in text.split("\n"):
        if match := COMMAND.fullmatch(line):
            pairs = [pair.partition("=") for pair in match["properties"].split(",")]
            found.append((match["command"], {name: plain(value) for name, _, value in pairs}, plain(match["data"])))
    return found


def nasty(report: AuditReport) -> AuditReport:
    finding = report.findings[0]
    changed = replace(finding, message=NASTY, location=replace(finding.location, path=f"src/{NAME}.py", end_line=41))
    return replace(report, findings=(changed,))


def test_annotations_name_severity_place_and_rule(scan_report: AuditReport) -> None:
    first, second = commands(render(scan_report, "github"))
    assert first == (
        "error",
        {
            "file": "src/data.py",
            "line": "41",
            "endLine": "42",
            "title": "RA301 dataloader-shuffle-without-generator",
        },
        f"{scan_report.findings[0].message}\nFix: {scan_report.findings[0].advice}",
    )
    assert second[:2] == ("warning", {"file": "nb/explore one.ipynb", "title": "RA102 unseeded-numpy"})
    assert second[2].startswith("nb/explore one.ipynb cell 3, line 2\n")


@pytest.mark.parametrize("same_words", [True, False])
def test_a_line_that_many_programs_share_is_one_problem_of_all_of_them(
    scan_report: AuditReport, same_words: bool
) -> None:
    first, other = scan_report.findings
    names = [f"run_{number}.py" for number in range(6)]
    shared = [
        replace(first, entry_points=(name,), key=name, message=first.message if same_words else f"{name} draws.")
        for name in names
    ]
    report = replace(scan_report, findings=(*shared, other))
    told, alone = commands(render(report, "github"))
    also = [] if same_words else [f"Also: {name} draws." for name in names[1:4]]
    programs = f"Told of 6 programs: {', '.join(names)}."
    assert told[2].split("\n") == [shared[0].message, f"Fix: {first.advice}", *also, programs]
    assert "Told of" not in alone[2]
    issues = json.loads(render(report, "gitlab"))
    assert [issue["fingerprint"] for issue in issues] == ["run_0.py", other.key]
    assert render(report, "junit").count("<failure ") == 2
    assert len(render(report, "concise").splitlines()) == (3 if same_words else 8)
    assert len(json.loads(render(report, "json"))["findings"]) == 7


def test_a_line_that_is_worse_for_one_program_is_told_as_both(scan_report: AuditReport) -> None:
    first = scan_report.findings[0]
    milder = replace(first, severity=Severity.NOTE, entry_points=("other.py",), key="milder", message="Milder.")
    told = commands(render(replace(scan_report, findings=(first, milder)), "github"))
    assert [command for command, *_ in told] == ["error", "notice"]


def test_services_that_show_the_file_get_the_lines_of_a_notebook_in_it(scan_report: AuditReport) -> None:
    told = replace(scan_report.findings[1].location, path="packages/train/nb/explore one.ipynb")
    inside = replace(told, cell=None, line=207, end_line=208, column=9, end_column=3)
    options = RenderOptions(prefix="packages/train/", in_files={told: inside})
    position = {"file": told.path, "line": "207", "endLine": "208", "title": "RA102 unseeded-numpy"}
    severity, properties, text = commands(render(scan_report, "github", options))[1]
    assert (severity, properties) == ("warning", position)
    assert text.startswith("packages/train/nb/explore one.ipynb cell 3, line 2\n")
    issue = json.loads(render(scan_report, "gitlab", options))[1]
    assert issue["location"] == {"path": told.path, "lines": {"begin": 207, "end": 208}}
    assert issue["description"].startswith("cell 3, line 2: ")


def test_columns_are_told_within_one_line_only(scan_report: AuditReport) -> None:
    finding = replace(
        scan_report.findings[0], location=Location(path="a.py", line=3, column=5, end_line=3, end_column=9)
    )
    text = render(replace(scan_report, findings=(finding,)), "github")
    assert text.startswith("::error file=a.py,line=3,col=5,endColumn=9,title=")


def test_text_and_properties_of_commands_are_escaped(scan_report: AuditReport) -> None:
    report = nasty(scan_report)
    text = render(report, "github")
    assert text.split("\n")[0].startswith("::error file=src/50 %25 of a%3Ab%2C c%0D%0Anext")
    ((_, properties, data),) = commands(text)
    shown = str.maketrans("\0\x1b", "??")  # neither can be said in a command, and a log obeys them
    assert properties["file"] == report.findings[0].location.path.translate(shown)
    assert data.startswith(NASTY.translate(shown))


def test_markdown_makes_no_markup_of_names_and_messages(scan_report: AuditReport) -> None:
    finding = scan_report.findings[0]
    path = "a`|``\n\x1b[2J.py"
    changed = replace(finding, message="&amp; ~~x~~ $x$ \n\x1b[2J", location=replace(finding.location, path=path))
    text = render(replace(scan_report, findings=(changed,)), "markdown")
    (row,) = (line for line in text.split("\n") if "RA301" in line)
    assert row.startswith("| ```a`\\|``??[2J.py:41:12``` | error | ")
    assert row.endswith("| \\&amp; \\~\\~x\\~\\~ \\$x\\$ ??\\[2J |".replace(" ??", "  ?"))


def test_a_line_break_in_a_name_ends_no_line(scan_report: AuditReport) -> None:
    finding = scan_report.findings[0]
    changed = replace(finding, location=replace(finding.location, path="a\n::error::b.py"))
    text = render(replace(scan_report, findings=(changed,)), "concise")
    assert text.startswith("a?::error::b.py:41:12: error RA301")


def test_no_line_of_the_log_is_taken_for_a_command(scan_report: AuditReport) -> None:
    skipped = tuple(replace(item, subject="::error file=x::gotcha\n::warning::y.py") for item in scan_report.skipped)
    text = render(replace(scan_report, findings=(), skipped=skipped), "github")
    assert not [line for line in text.splitlines() if line.startswith("::")]


def test_severities_are_those_of_the_service(scan_report: AuditReport) -> None:
    findings = tuple(replace(scan_report.findings[0], severity=severity, key=severity.value) for severity in Severity)
    report = replace(scan_report, findings=findings)
    assert [command for command, _, _ in commands(render(report, "github"))] == ["error", "warning", "notice"]
    assert [issue["severity"] for issue in json.loads(render(report, "gitlab"))] == ["major", "minor", "info"]


def test_code_quality_has_what_gitlab_requires(scan_report: AuditReport) -> None:
    issues = json.loads(render(scan_report, "gitlab"))
    assert issues[0] == {
        "description": "A shuffling DataLoader draws its order from the global generator. "
        "Fix: Pass generator=torch.Generator().manual_seed(0).",
        "check_name": "RA301 dataloader-shuffle-without-generator",
        "fingerprint": "key-1",
        "severity": "major",
        "location": {"path": "src/data.py", "lines": {"begin": 41, "end": 42}},
    }
    assert issues[1]["location"] == {"path": "nb/explore one.ipynb", "lines": {"begin": 1}}
    assert issues[1]["description"].startswith("cell 3, line 2: ")


def test_fingerprints_are_unique_and_do_not_follow_the_line(scan_report: AuditReport) -> None:
    finding = scan_report.findings[0]
    moved = replace(finding, location=replace(finding.location, line=99, end_line=99))
    twice = json.loads(render(replace(scan_report, findings=(finding, moved)), "gitlab"))
    assert [issue["fingerprint"] for issue in twice] == ["key-1", "key-1-2"]


def test_a_clean_report_is_an_empty_array_for_gitlab(reproducible_report: AuditReport) -> None:
    assert json.loads(render(reproducible_report, "gitlab")) == []


ALLOWED: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
}
"""Element → attributes that it must have, that it may have, and children; from Jenkins' junit-10.xsd."""


def checked(text: str) -> ElementTree.Element:
    """Parse a JUnit report and hold every element against the schema; its numbers must be right."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional, children = ALLOWED[element.tag]
        assert required <= set(element.attrib) <= required | optional
        assert {child.tag for child in element} <= children
    for element in [root, *root.iter("testsuite")]:
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if name in element.attrib:
                assert int(element.attrib[name]) == len(list(element.iter(tag)))
    names = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(set(names)) == len(names) > 0
    return root


@pytest.mark.parametrize("name", REPORTS)
def test_junit_keeps_to_the_schema(request: pytest.FixtureRequest, name: str) -> None:
    checked(render(request.getfixturevalue(f"{name}_report"), "junit"))


def test_a_finding_is_a_failed_test_of_its_file(scan_report: AuditReport) -> None:
    root = checked(render(scan_report, "junit"))
    case = next(root.iter("testcase"))
    assert case.attrib == {"classname": "src/data.py", "name": "RA301 dataloader-shuffle-without-generator"}
    failure = case[0]
    assert (failure.tag, failure.attrib["type"]) == ("failure", "RA301")
    assert (failure.text or "").startswith("src/data.py:41:12\n")


def test_names_of_tests_hold_no_line(scan_report: AuditReport) -> None:
    finding = scan_report.findings[0]
    moved = replace(finding, location=replace(finding.location, line=99, end_line=99))
    report = replace(scan_report, findings=(finding, moved))
    names = [case.attrib["name"] for case in checked(render(report, "junit")).iter("testcase")]
    assert names[:2] == [
        "RA301 dataloader-shuffle-without-generator",
        "RA301 dataloader-shuffle-without-generator (2)",
    ]


def test_control_characters_leave_valid_xml(scan_report: AuditReport) -> None:
    root = checked(render(nasty(scan_report), "junit"))
    failure = next(root.iter("failure"))
    assert failure.attrib["message"] == "50 % of a:b, c"
    assert "next??[31m <&\"'> ≠ ?" in (failure.text or "")


@pytest.mark.parametrize("format_name", ["github", "gitlab", "junit", "sarif", "text", "markdown", "concise", "json"])
def test_no_text_of_a_finding_breaks_a_format(scan_report: AuditReport, format_name: str) -> None:
    text = render(nasty(scan_report), format_name)
    assert text.encode("utf-8", "backslashreplace").endswith(b"\n")
    assert "50 % of a:b" in text or "50 %25 of a:b" in text
    if format_name in ("text", "concise"):
        assert not set(text) & {"\0", "\r", "\x1b"}, "the terminal would obey it"


def test_clean_scan_is_a_passed_test(scan_report: AuditReport) -> None:
    clean = replace(scan_report, findings=(), suppressed=(), skipped=())
    (case,) = checked(render(clean, "junit")).iter("testcase")
    assert (case.attrib["name"], len(case)) == ("scan is clean", 0)
    earlier = (Earlier(kind=EarlierKind.BASELINE, name="b.json", known=3),)
    (case,) = checked(render(replace(clean, earlier=earlier), "junit")).iter("testcase")
    assert case.attrib["name"] == "scan finds nothing new"


def test_nothing_analysed_is_no_success(scan_report: AuditReport) -> None:
    assert scan_report.scan is not None
    empty = replace(scan_report, scan=replace(scan_report.scan, files=0), findings=(), suppressed=(), skipped=())
    assert [each[0] for each in commands(render(empty, "github"))] == ["warning"]
    assert len(json.loads(render(empty, "gitlab"))) == 1
    assert checked(render(empty, "junit")).attrib["errors"] == "1"


def test_divergence_is_told_at_its_cause_and_suspicions_are_not(divergent_report: AuditReport) -> None:
    ((command, properties, text),) = commands(render(divergent_report, "github"))
    assert (command, properties["file"], properties["line"]) == ("error", "src/model/embed.py", "88")
    assert text.startswith("DIVERGENT at step 3")
    (issue,) = json.loads(render(divergent_report, "gitlab"))
    assert (issue["check_name"], issue["severity"]) == ("divergence/nondeterministic-op", "major")
    assert checked(render(divergent_report, "junit")).attrib["failures"] == "1"


def test_inconclusive_is_neither_failed_nor_passed(inconclusive_report: AuditReport) -> None:
    root = checked(render(inconclusive_report, "junit"))
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "1")
    (issue,) = json.loads(render(inconclusive_report, "gitlab"))
    assert (issue["check_name"], issue["location"]["path"]) == ("verdict/inconclusive", "train.py")


def test_reproducible_is_a_passed_test(reproducible_report: AuditReport) -> None:
    (case,) = checked(render(reproducible_report, "junit")).iter("testcase")
    assert case.attrib["name"] == "two runs are equal bit for bit"


@pytest.mark.parametrize("format_name", ["github", "gitlab", "sarif"])
def test_paths_count_from_the_top_of_the_repository(scan_report: AuditReport, format_name: str) -> None:
    text = render(scan_report, format_name, RenderOptions(prefix="packages/train/"))
    assert "packages/train/src/data.py" in text
    assert "packages/train/packages" not in text
    assert "packages/train" not in render(scan_report, format_name)


def flow(finding: Finding, report: AuditReport) -> list[dict[str, Any]]:
    results = json.loads(render(replace(report, findings=(finding,)), "sarif"))["runs"][0]["results"]
    return [flow["threadFlows"][0]["locations"] for flow in results[0].get("codeFlows", [])]


def test_code_flow_leads_from_the_program_to_the_draw(scan_report: AuditReport) -> None:
    ((first, last),) = flow(scan_report.findings[0], scan_report)
    assert first["location"]["physicalLocation"]["artifactLocation"]["uri"] == "train.py"
    assert first["location"]["message"]["text"] == "train.py comes here"
    assert last["location"]["physicalLocation"]["region"]["startLine"] == 41
    assert [first["nestingLevel"], last["nestingLevel"]] == [0, 1]
    assert flow(replace(scan_report.findings[0], related=()), scan_report) == []


def test_what_the_settings_allow_is_suppressed_outside_of_the_source(scan_report: AuditReport) -> None:
    suppressed = tuple(replace(item, in_source=False) for item in scan_report.suppressed)
    results = json.loads(render(replace(scan_report, suppressed=suppressed), "sarif"))["runs"][0]["results"]
    assert results[-1]["suppressions"] == [{"kind": "external", "justification": "only a plot"}]
