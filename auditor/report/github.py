"""Workflow commands that GitHub Actions shows as annotations at the lines of a pull request; then the answer."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Severity
from auditor.report import RenderOptions
from auditor.report.prose.answer import one_line
from auditor.report.prose.earlier import known
from auditor.report.prose.page import visible
from auditor.report.prose.place import place
from auditor.report.schema.portable import portable
from auditor.report.schema.problems import Problem, problems
from auditor.report.schema.repository import from_top

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return one command a problem, most severe first: GitHub shows ten of a kind in a step. Then lines for the log."""
    report = from_top(portable(report), options.prefix)
    lines = [_command(problem, options.in_files) for problem in problems(report)]
    lines += [_plain(line) for line in (one_line(report), *map(known, report.earlier))]
    lines += [_plain(f"not analysed: {item.subject}: {item.reason}") for item in report.skipped]
    lines += map(_plain, report.notes)
    return "".join(f"{line}\n" for line in lines)


RENDERER = render


def _command(problem: Problem, in_files: Mapping[Location, Location]) -> str:
    properties = {**_position(problem.location, in_files), "title": problem.title}
    text = problem.text
    if problem.location is not None and problem.location.cell is not None:
        text = f"{place(problem.location)}\n{text}"
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[problem.severity]} {written}::{_data(text)}"


def _position(location: Location | None, in_files: Mapping[Location, Location]) -> dict[str, str]:
    """File, lines and columns. Columns only within one line, as GitHub wants it; a notebook's are those of its file."""
    if location is None:
        return {}
    location = in_files.get(location, location)
    if location.cell is not None:
        return {"file": location.path}
    last = location.end_line or location.line
    found = {"file": location.path, "line": str(location.line)}
    if last != location.line:
        return {**found, "endLine": str(last)}
    found["col"] = str(location.column)
    if location.end_column is not None:
        found["endColumn"] = str(location.end_column)
    return found


def _data(text: str) -> str:
    """Line breaks can be said; other control characters are nothing that a log should obey."""
    return visible(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """One line of a log, and never a command: a file name may hold anything."""
    flat = visible(" ".join(text.split()))
    return f" {flat}" if flat.startswith(("::", "##[")) else flat
