"""For a pull request or an issue: the text report's story, with the details folded."""

from __future__ import annotations

import re

from auditor.model.finding import Finding
from auditor.model.report import AuditReport
from auditor.report import RenderOptions
from auditor.report.prose.answer import one_line
from auditor.report.prose.findings import by_file, told_once
from auditor.report.prose.guideline import guideline_section
from auditor.report.prose.numbers import count
from auditor.report.prose.page import visible
from auditor.report.prose.place import command_line, position
from auditor.report.prose.pullrequest import proof_section
from auditor.report.schema.portable import portable
from auditor.report.text import render as render_text

MAX_FINDINGS = 20


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return GitHub-flavoured Markdown; the answer stands in the first line."""
    report = portable(report)
    lines = [f"### repro-audit: {_quoted(one_line(report))}", ""]
    if report.guideline is not None:
        lines += [*guideline_section(report.guideline), ""]
    if report.proof is not None:
        lines += [*proof_section(report.proof), ""]
    measured = (report.overhead, report.variance, report.sensitivity, report.simulation, report.profile)
    if any(part is not None for part in (report.verdict, report.criteria, *measured)):
        story = render_text(report, RenderOptions(ascii=options.ascii))
        opened = "" if report.proof is not None else " open"
        lines += [f"<details{opened}><summary>The whole story</summary>", "", *_fenced(story), "", "</details>", ""]
    if report.runs:
        lines += ["Reproduce:", "", *_fenced(f"cd {report.runs[0].cwd}\n{command_line(report.runs[0])}\n"), ""]
    if report.findings:
        lines += [*_findings(report), ""]
    if report.skipped:
        lines += [f"Not looked at: {count(len(report.skipped), 'item')}.", ""]
    return "\n".join(lines).rstrip() + "\n"


RENDERER = render


def _findings(report: AuditReport) -> list[str]:
    names = {rule.id: rule.name for rule in report.rules}
    title = f"{count(len(report.findings), 'finding')} in {count(len(by_file(report.findings)), 'file')}"
    told = told_once(report.findings)
    rows = [_row(finding, names.get(finding.rule_id, "")) for finding in told[:MAX_FINDINGS]]
    more = len(told) - len(rows)
    return [
        f"<details><summary>{title}</summary>",
        "",
        "| place | severity | rule | what |",
        "|---|---|---|---|",
        *rows,
        *(["", f"… and {more} more."] if more else []),
        "",
        "</details>",
    ]


def _row(finding: Finding, name: str) -> str:
    cells = (
        _code(f"{finding.location.path}:{position(finding.location)}"),
        finding.severity.value,
        f"{finding.rule_id} {name}",
        _quoted(finding.message),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    """Text as code, whatever stands in it: the marks are longer than any that it holds."""
    mark = "`" * (max(map(len, re.findall("`*", text))) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{mark}{space}{visible(text)}{space}{mark}"


def _quoted(text: str) -> str:
    """One line in which no character is markup."""
    flat = visible(text.replace("\n", " "))
    return "".join(f"\\{character}" if character in "\\`*_<>[]#&~$" else character for character in flat)


def _fenced(text: str) -> list[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    return [f"{fence}text", *text.rstrip("\n").split("\n"), fence]
