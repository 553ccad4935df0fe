"""A report as a list of problems at places, for services that know nothing else: annotations, code quality, tests.

Where two runs were compared, the verdict decides and findings in the source are suspicion: then only causes are
problems.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from auditor.model.criteria import CriteriaReport
from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.profile import Holding, OperatorProfile
from auditor.model.report import AuditReport
from auditor.model.rule import Severity
from auditor.model.verdict import Cause, Status, Verdict
from auditor.report.prose.criteria import headline as criteria_headline
from auditor.report.prose.findings import FEW, programs_named, told_once
from auditor.report.prose.numbers import count
from auditor.report.prose.profile import is_open, profile_headline, use_advice
from auditor.report.prose.story import headline
from auditor.report.schema.sarif_rules import CAUSE_PREFIX, CRITERION_PREFIX, PROFILE_PREFIX, UNEXPLAINED

INCONCLUSIVE = "verdict/inconclusive"
PROFILE_OPEN = "profile/not-told"
NOTHING_ANALYSED = "scan/nothing-analysed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that a person should look at."""

    check: str
    """Id of the rule, `divergence/<cause>` or a word for what could not be judged."""

    title: str
    text: str
    """Sentences, one a line."""

    severity: Severity
    location: Location | None
    key: str
    """Stable over line shifts."""

    conclusive: bool = True
    """False where nothing could be judged, so that it is no failure and no success."""


def problems(report: AuditReport) -> tuple[Problem, ...]:
    """Return the problems of a report in its order."""
    if report.criteria is not None:
        return tuple(_of_criteria(report.criteria))
    if report.verdict is not None:
        return tuple(_of_verdict(report.verdict))
    if report.profile is not None:
        return tuple(_of_profile(report.profile))
    names = {rule.id: rule.name for rule in report.rules}
    if report.scan is not None and not report.scan.files:
        return (_unjudged(NOTHING_ANALYSED, "nothing was analysed: no Python file was found that can be read"),)
    placed: dict[tuple[str, Location, Severity], list[Finding]] = {}
    for finding in told_once(report.findings):
        placed.setdefault((finding.rule_id, finding.location, finding.severity), []).append(finding)
    return tuple(_of_place(findings, names.get(findings[0].rule_id, "")) for findings in placed.values())


def _of_place(findings: Sequence[Finding], name: str) -> Problem:
    """What one rule says of one place: a line that many programs share is one line to look at."""
    finding, *others = findings
    lines = [finding.message, f"Fix: {finding.advice}", *(f"Also: {other.message}" for other in others[:FEW])]
    programs = tuple(dict.fromkeys(program for each in findings for program in each.entry_points))
    if len(programs) > 1:
        lines.append(f"Told of {count(len(programs), 'program')}: {programs_named(programs)}.")
    return Problem(
        check=finding.rule_id,
        title=f"{finding.rule_id} {name}".rstrip(),
        text="\n".join(lines),
        severity=finding.severity,
        location=finding.location,
        key=finding.key,
    )


def _of_verdict(verdict: Verdict) -> Iterator[Problem]:
    first = headline(verdict)
    if verdict.status is Status.INCONCLUSIVE:
        yield _unjudged(INCONCLUSIVE, "\n".join([first, *verdict.reasons[1:]]))
    elif verdict.status is Status.DIVERGENT and not verdict.causes:
        place = _parting(verdict)
        yield _divergence(UNEXPLAINED, "two runs differ", f"{first}\nThe cause is not known.", place)
    elif verdict.status is Status.DIVERGENT:
        for cause in verdict.causes:
            text = "\n".join([first, *cause.evidence, f"Fix: {cause.remedy}"])
            yield _divergence(CAUSE_PREFIX + cause.kind, cause.title, text, _place(cause, verdict))


def _of_criteria(criteria: CriteriaReport) -> Iterator[Problem]:
    text = f"{criteria_headline(criteria)}\n{criteria.basis}"
    if criteria.status is Status.INCONCLUSIVE:
        yield _unjudged(INCONCLUSIVE, text)
    elif criteria.first is not None:
        yield _divergence(CRITERION_PREFIX + criteria.first.value, "two trainings differ", text, None)


def _of_profile(profile: OperatorProfile) -> Iterator[Problem]:
    for use in profile.uses:
        if use.holding is Holding.HOLDS:
            text = "\n".join([f"{use.cause} Here: {', '.join(use.reasons)}.", use_advice(use)])
            title = f"{use.operator} is non-deterministic here"
            function = use.site.function if use.site is not None else ""
            part = f"{function}\0{use.module}\0{use.phase.value}"
            yield _divergence(f"{PROFILE_PREFIX}{use.operator}", title, text, use.site, part)
    if is_open(profile):
        yield _unjudged(PROFILE_OPEN, profile_headline(profile))


def _divergence(check: str, title: str, text: str, place: Location | None, part: str = "") -> Problem:
    """`part` tells problems of one check in one file apart."""
    key = _digest(check, place.path if place else "", *([part] if part else []))
    return Problem(check=check, title=title, text=text, severity=Severity.ERROR, location=place, key=key)


def _unjudged(check: str, text: str) -> Problem:
    return Problem(
        check=check,
        title="inconclusive",
        text=text,
        severity=Severity.WARNING,
        location=None,
        key=_digest(check),
        conclusive=False,
    )


def _place(cause: Cause, verdict: Verdict) -> Location | None:
    return cause.location or _parting(verdict)


def _parting(verdict: Verdict) -> Location | None:
    """Where the program was when two runs parted."""
    first = verdict.comparison.first if verdict.comparison is not None else None
    event = (first.reference or first.candidate) if first is not None else None
    return event.site if event is not None else None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
