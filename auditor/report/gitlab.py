"""GitLab's Code Quality report: one JSON array, shown in merge requests; fingerprints are stable over line shifts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from auditor.model.annotations import Any
from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Severity
from auditor.report import RenderOptions
from auditor.report.schema.portable import portable
from auditor.report.schema.problems import Problem, problems
from auditor.report.schema.repository import from_top

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return the issues in the order of the report. What has no place is at the program, else at the top folder."""
    report = from_top(portable(report), options.prefix)
    otherwise = options.prefix + _program(report)
    seen: dict[str, int] = {}
    issues = [_issue(problem, otherwise, seen, options.in_files) for problem in problems(report)]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


RENDERER = render


def _issue(
    problem: Problem, otherwise: str, seen: dict[str, int], in_files: Mapping[Location, Location]
) -> dict[str, Any]:
    place = problem.location
    where = f"cell {place.cell}, line {place.line}: " if place is not None and place.cell is not None else ""
    return {
        "description": where + " ".join(map(_sentence, problem.text.splitlines())),
        "check_name": problem.check if "/" in problem.check else problem.title,
        "fingerprint": _fingerprint(problem.key, seen),
        "severity": _SEVERITIES[problem.severity],
        "location": {"path": place.path if place is not None else otherwise, "lines": _lines(place, in_files)},
    }


def _lines(place: Location | None, in_files: Mapping[Location, Location]) -> dict[str, int]:
    """Lines of the file; the first one where they are not known."""
    place = in_files.get(place, place) if place is not None else None
    if place is None or place.cell is not None:
        return {"begin": 1}
    if place.end_line is None or place.end_line <= place.line:
        return {"begin": place.line}
    return {"begin": place.line, "end": place.end_line}


def _sentence(line: str) -> str:
    flat = " ".join(line.split())
    return flat if not flat or flat.endswith((".", ":", "!", "?")) else f"{flat}."


def _fingerprint(key: str, seen: dict[str, int]) -> str:
    """The key; GitLab shows only the first issue of a fingerprint, so a second one gets a number."""
    seen[key] = seen.get(key, 0) + 1
    return key if seen[key] == 1 else f"{key}-{seen[key]}"


def _program(report: AuditReport) -> str:
    words = report.runs[0].argv if report.runs else ()
    return next((word for word in words[1:] if word.endswith(".py") and not word.startswith(("/", "~"))), ".")
