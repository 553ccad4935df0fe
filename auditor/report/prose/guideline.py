"""The walk through the guideline, as text and as Markdown."""

from __future__ import annotations

from auditor.model.guideline import GuidelineFact, GuidelinePoint, GuidelineReport, Standing
from auditor.model.report import AuditReport
from auditor.report.prose.numbers import count
from auditor.report.prose.page import WIDTH, Page, Style, wrap

_STYLES = {
    Standing.MET: Style.GOOD,
    Standing.NOT_MET: Style.ERROR,
    Standing.NOT_SHOWN: Style.WARNING,
    Standing.TOLD: Style.FAINT,
}
SIGNS = {Standing.MET: "+", Standing.NOT_MET: "-", Standing.NOT_SHOWN: "?", Standing.TOLD: " "}
"""What stands before a fact, so that its meaning does not rest on colour."""


_LISTED = 6


def guideline_headline(report: GuidelineReport) -> str:
    """`4 of 6 points met; not met: 1; not shown: 3`."""
    met = sum(point.standing is Standing.MET for point in report.points)
    parts = [f"{met} of {len(report.points)} points met"]
    for standing in (Standing.NOT_MET, Standing.NOT_SHOWN):
        numbers = [str(point.number) for point in report.points if point.standing is standing]
        if numbers:
            parts.append(f"{standing.value}: {', '.join(numbers)}")
    return "; ".join(parts)


def subject(report: AuditReport, guideline: GuidelineReport) -> str:
    """What it is about: `digits, train.py; source 1a2b3c4d5e6f (3 files)`."""
    program = guideline.program or "no program is known"
    return f"{report.project}, {program}; source {guideline.source[:12]} ({count(guideline.files, 'file')})"


def add_guideline(page: Page, report: AuditReport, guideline: GuidelineReport, verbosity: int = 0) -> None:
    """Add the answer, then each point with its facts and the commands that would show or mend what is missing."""
    page.add((guideline_headline(guideline), Style.STRONG))
    page.sentence(subject(report, guideline), style=Style.FAINT)
    for point in guideline.points:
        page.add()
        _add_point(page, point)
    page.add()
    shown = guideline.evidence if verbosity > 0 else guideline.evidence[:_LISTED]
    if shown:
        page.add("Evidence, newest first:")
        for line in shown:
            page.sentence(line, "  ")
        if len(shown) < len(guideline.evidence):
            page.add(f"  and {len(guideline.evidence) - len(shown)} more (-v)")
        page.add()
    page.add("Check it again, also in CI:")
    page.add(f"  $ {guideline.again}")
    if len(guideline.required) < len(guideline.points):
        page.add(f"Required: {', '.join(map(str, guideline.required))}.")


def _add_point(page: Page, point: GuidelinePoint) -> None:
    word = point.standing.value.upper()
    page.add((f"{point.number} {word:<10}", _STYLES[point.standing]), (point.title, Style.STRONG))
    for fact in point.facts:
        lines = _wrapped(fact)
        page.add((f"  {SIGNS[fact.standing]}", _STYLES[fact.standing]), f" {lines[0]}")
        for line in lines[1:]:
            page.add(f"    {line}")
    for command in point.commands:
        page.add(f"    $ {command}")


def _wrapped(fact: GuidelineFact) -> list[str]:
    source = f" [{fact.source}]" if fact.source else ""
    return wrap(f"{fact.text}{source}", WIDTH - 4)


def guideline_section(guideline: GuidelineReport) -> list[str]:
    """Lines of Markdown: a table of the points, the facts of each, the command."""
    lines = ["| | point | |", "|---|---|---|"]
    lines += [f"| {point.number} | {marked(point.title)} | {_badge(point.standing)} |" for point in guideline.points]
    for point in guideline.points:
        lines += ["", f"#### {point.number}. {marked(point.title)}: {point.standing.value}", ""]
        for fact in point.facts:
            source = f" ({marked(fact.source)})" if fact.source else ""
            lines.append(f"- {_lead(fact.standing)}{marked(fact.text)}{source}")
        for command in point.commands:
            lines += ["", *_block(command)]
    lines += ["", "Check it again:", "", *_block(guideline.again)]
    if len(guideline.required) < len(guideline.points):
        lines += ["", f"Required: {', '.join(map(str, guideline.required))}."]
    return lines


def marked(text: str) -> str:
    """Text of which Markdown makes no markup, on one line."""
    flat = " ".join(text.split())
    return "".join(f"\\{character}" if character in "\\`*_<>[]#|" else character for character in flat)


def _lead(standing: Standing) -> str:
    return "" if standing is Standing.TOLD else f"**{standing.value}:** "


def _badge(standing: Standing) -> str:
    return standing.value if standing is Standing.MET else f"**{standing.value}**"


def _block(command: str) -> list[str]:
    fence = "```"
    while fence in command:
        fence += "`"
    return [f"{fence}console", *command.splitlines(), fence]
