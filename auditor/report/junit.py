"""JUnit XML, by the schema of Jenkins: a suite a file, a failed test a finding. Without times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.model.verdict import Status
from auditor.report import RenderOptions
from auditor.report.prose.answer import one_line
from auditor.report.prose.place import position
from auditor.report.schema.portable import portable
from auditor.report.schema.problems import Problem, problems

TOOL = "repro-audit"
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    suite: str
    name: str
    outcome: str = ""
    """Element that tells it: `failure`, `error` or `skipped`; empty for passed."""

    message: str = ""
    kind: str = ""
    text: str = ""


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return a document with at least one test, so that no reader takes a clean report for an empty one."""
    report = portable(report)
    cases = [*map(_failed, problems(report)), *_left_out(report)]
    if not any(case.outcome in ("failure", "error") for case in cases):
        cases.insert(0, _Case(suite=TOOL, name=_passed(report)))
    suites: dict[str, list[_Case]] = {}
    for case in _numbered(cases):
        suites.setdefault(case.suite, []).append(case)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name="{TOOL}" {_numbers(cases, ("tests", "failures", "errors"))}>')
    for number, (name, members) in enumerate(suites.items()):
        counted = _numbers(members, ("tests", "failures", "errors", "skipped"))
        lines.append(f'  <testsuite name={_attribute(name)} id="{number}" {counted}>')
        lines += [line for case in members for line in _lines(case)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


RENDERER = render


def _failed(problem: Problem) -> _Case:
    place = problem.location
    at = f"{place.path}:{position(place)}\n" if place is not None else ""
    first, _, rest = problem.text.partition("\n")
    return _Case(
        suite=place.path if place is not None else TOOL,
        name=problem.title,
        outcome="failure" if problem.conclusive else "error",
        message=first,
        kind=problem.check,
        text=f"{at}{first}\n{rest}".rstrip(),
    )


def _left_out(report: AuditReport) -> Iterable[_Case]:
    if report.verdict is not None:
        return
    names = {rule.id: rule.name for rule in report.rules}
    for item in report.suppressed:
        finding = item.finding
        name = f"{finding.rule_id} {names.get(finding.rule_id, '')}".rstrip()
        reason = item.reason or "allowed; no reason given"
        yield _Case(suite=finding.location.path, name=name, outcome="skipped", message=reason)
    for skipped in report.skipped:
        yield _Case(suite=skipped.subject, name="not analysed", outcome="skipped", message=skipped.reason)


def _passed(report: AuditReport) -> str:
    if report.verdict is not None and report.verdict.status is Status.REPRODUCIBLE:
        return "two runs are equal bit for bit"
    if report.verdict is not None and report.verdict.status is Status.WITHIN_TOLERANCE:
        return "two runs differ within the tolerance that was asked for"
    return "scan finds nothing new" if report.earlier else one_line(report) if report.scan is None else "scan is clean"


def _numbered(cases: Iterable[_Case]) -> Iterable[_Case]:
    """Names are told apart within a suite by a number, not by a line, so that a test keeps its history."""
    seen: dict[tuple[str, str], int] = {}
    for case in cases:
        key = case.suite, case.name
        seen[key] = seen.get(key, 0) + 1
        name = case.name if seen[key] == 1 else f"{case.name} ({seen[key]})"
        yield _Case(
            suite=case.suite, name=name, outcome=case.outcome, message=case.message, kind=case.kind, text=case.text
        )


def _numbers(cases: Iterable[_Case], names: Iterable[str]) -> str:
    outcomes = [case.outcome for case in cases]
    numbers = {
        "tests": len(outcomes),
        "failures": outcomes.count("failure"),
        "errors": outcomes.count("error"),
        "skipped": outcomes.count("skipped"),
    }
    return " ".join(f'{name}="{numbers[name]}"' for name in names)


def _lines(case: _Case) -> Iterable[str]:
    head = f"    <testcase classname={_attribute(case.suite)} name={_attribute(case.name)}"
    if not case.outcome:
        yield f"{head}/>"
        return
    yield f"{head}>"
    kind = f" type={_attribute(case.kind)}" if case.kind else ""
    opening = f"      <{case.outcome} message={_attribute(case.message)}{kind}"
    yield f"{opening}>{escape(_allowed(case.text))}</{case.outcome}>" if case.text else f"{opening}/>"
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(" ".join(_allowed(text).split()) or "?")


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
