"""Hits of matchers → findings: with their source, the programs that reach them, and a key that survives line shifts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Finding
from auditor.model.lean import dataclass, replace
from auditor.model.rule import Category, Rule, Severity
from auditor.static.matcher import Hit, Scope
from auditor.static.scanning.identity import finding_key, identity, source_text
from auditor.static.scanning.programsled import led_to

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

MAX_SOURCE_LINES = 12
"""Source lines kept with a finding."""

_NEEDS_EXECUTION = frozenset({Category.OPERATORS, Category.DATA_ORDER})
"""Rules about what is wrong only where it is executed; names do not show all ways by which it may be."""

_SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A finding with the lines of its file's text (for a notebook: of all its code) that it covers."""

    finding: Finding
    first: int
    last: int
    is_candidate: bool = False
    """Counts only for programs that have none of its rule before it (`firsts`)."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules found in a file."""

    findings: tuple[Placed, ...] = ()
    is_marked: bool = False
    """It holds a comment for us."""


def place_findings(
    rule: Rule, scope: Scope, hits: Iterable[Hit], module: ModuleFacts, project: Project
) -> Iterator[Placed]:
    """Yield a finding per hit, in the order of their places; `scope` is that of the rule's matcher."""
    counts: dict[str, int] = {}
    found = hits if scope == "entry-point" else led_hits(rule, hits, module, project)
    for hit in sorted(found, key=hit_order):
        yield _placed(rule, scope, hit, module, project, counts)


def place_candidates(
    rule: Rule, scope: Scope, hits: Iterable[Hit], module: ModuleFacts, project: Project
) -> Iterator[Placed]:
    """Yield a candidate per hit, in their order; each has the key that it has where it is the only one."""
    for hit in hits:
        yield replace(_placed(rule, scope, hit, module, project, {}), is_candidate=True)


def _placed(
    rule: Rule, scope: Scope, hit: Hit, module: ModuleFacts, project: Project, counts: dict[str, int]
) -> Placed:
    location = hit.location
    place = project.module(location.path) if location.path != module.path else module
    place = place or module
    first = place.text_line(location)
    last = first + (location.end_line or location.line) - location.line
    lines = place.lines[first - 1 : min(last, first - 1 + MAX_SOURCE_LINES)]
    entry_points = project.programs.reaching(module.path) if hit.entry_points is None else hit.entry_points
    # Only what is judged for each program by itself is another finding in another program.
    own = (hit.entry_points or ()) if scope == "entry-point" else ()
    finding = make_finding(rule, hit, lines, counts, own, entry_points)
    return Placed(finding=finding, first=first, last=last)


def led_hits(rule: Rule, hits: Iterable[Hit], module: ModuleFacts, project: Project) -> Iterator[Hit]:
    """The hits with those of their programs that get there by the names that are written on the way.

    Who imports a file need not execute all of it. A kernel or an order that none of its programs gets to is left out,
    but for what a package offers to others; whatever else none gets to is told of all that import the file.
    """
    for hit in hits:
        programs = project.programs.reaching(module.path) if hit.entry_points is None else hit.entry_points
        if hit.location.path != module.path or not programs:
            yield hit
            continue
        led = led_to(project, module.path, module.text_line(hit.location), programs)
        if led is not None:
            yield hit if len(led) == len(programs) else replace(hit, entry_points=tuple(led))
        elif rule.category not in _NEEDS_EXECUTION:
            yield hit


def make_finding(
    rule: Rule,
    hit: Hit,
    lines: Sequence[str],
    counts: dict[str, int],
    own: Sequence[str] = (),
    entry_points: Iterable[str] = (),
) -> Finding:
    """A hit with its source.

    `counts`: how often each identity was met in the file so far; `own`: the programs that are part of the identity.
    """
    what = identity(rule.id, hit.location.path, source_text(lines), own)
    counts[what] = counts.get(what, 0) + 1
    return Finding(
        rule_id=rule.id,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence or rule.confidence,
        message=hit.message or rule.title,
        advice=hit.advice or rule.fix.summary,
        location=hit.location,
        related=hit.related,
        entry_points=tuple(sorted(entry_points)),
        key=finding_key(what, counts[what]),
        source_lines=tuple(lines),
    )


def unique(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out what says the same of the same place."""
    seen: set[tuple[object, ...]] = set()
    for finding in findings:
        identity = (finding.rule_id, finding.location, finding.message, finding.entry_points)
        if identity not in seen:
            seen.add(identity)
            yield finding


def finding_order(finding: Finding) -> tuple[int, str, int, int, int, str, str]:
    """The order of reports: the worst first, then by place."""
    location = finding.location
    rank = _SEVERITIES.index(finding.severity)
    return rank, location.path, location.cell or 0, location.line, location.column, finding.rule_id, finding.message


def hit_order(hit: Hit) -> tuple[str, int, int, int, str]:
    """By place."""
    location = hit.location
    return location.path, location.cell or 0, location.line, location.column, hit.message or ""
