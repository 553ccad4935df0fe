"""Which findings to list, and in which order: `rule:RA3 sev:error path:src is:safe !numpy`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from auditor.model.lean import dataclass
from auditor.model.rule import Rule, Severity

if TYPE_CHECKING:
    from auditor.model.finding import Finding

RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
ORDERS = ("proved", "severity", "file", "rule")

Holds = Callable[[str, str], bool]
"""(key of a finding, word behind `is:`) → whether it is so: one of those that `Session.holds` knows."""

RuleOf = Callable[[str], Rule | None]


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter."""

    field: str
    """`rule`, `sev`, `path`, `is`; empty for a word that may stand anywhere."""

    value: str
    negated: bool


def parse(query: str) -> tuple[Term, ...]:
    """Split a filter into its terms; a prefix that is not known is part of the word."""
    terms = []
    for word in query.lower().split():
        negated = word.startswith("!")
        word = word.removeprefix("!")
        field, colon, value = word.partition(":")
        if not colon or field not in ("rule", "sev", "path", "is"):
            field, value = "", word
        if value:
            terms.append(Term(field, value, negated))
    return tuple(terms)


def select(findings: Iterable[Finding], query: str, order: str, *, holds: Holds, rule_of: RuleOf) -> list[Finding]:
    """Return the findings that every term of the query allows, ordered; equal ones keep the report's order."""
    terms = parse(query)
    chosen = [
        finding
        for finding in findings
        if all(_allows(term, finding, holds, rule_of) is not term.negated for term in terms)
    ]
    keys: dict[str, Callable[[Finding], tuple[object, ...]]] = {
        "proved": lambda each: (not holds(each.key, "proved"), RANK[each.severity]),
        "severity": lambda each: (RANK[each.severity],),
        "file": lambda each: (each.location.path, each.location.cell or 0, each.location.line),
        "rule": lambda each: (str(each.rule_id), RANK[each.severity]),
    }
    return sorted(chosen, key=keys[order])


def _allows(term: Term, finding: Finding, holds: Holds, rule_of: RuleOf) -> bool:
    if term.field == "sev":
        return finding.severity.value.startswith(term.value)
    if term.field == "path":
        return term.value in finding.location.path.lower()
    if term.field == "is":
        return holds(finding.key, term.value)
    rule = rule_of(str(finding.rule_id))
    name = f"{finding.rule_id} {rule.name if rule else ''}".lower()
    if term.field == "rule":
        return any(word.startswith(term.value) for word in name.split())
    return term.value in f"{name} {finding.severity.value} {finding.location.path} {finding.message}".lower()
