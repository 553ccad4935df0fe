"""Rules as SARIF describes them, and causes of divergence in the same form."""

from __future__ import annotations

from typing import Any

from auditor.model.profile import Holding
from auditor.model.report import AuditReport
from auditor.model.rule import Rule
from auditor.model.verdict import Cause, Status

CAUSE_PREFIX = "divergence/"
UNEXPLAINED = "divergence/not-explained"
CRITERION_PREFIX = "criterion/"
PROFILE_PREFIX = "profile/"


def descriptors(report: AuditReport) -> list[dict[str, Any]]:
    """Return a `reportingDescriptor` for every rule that results may name: causes first, then rules by id."""
    verdict = report.verdict
    causes: dict[str, dict[str, Any]] = {}
    if verdict is not None and verdict.status in (Status.DIVERGENT, Status.WITHIN_TOLERANCE):
        for cause in verdict.causes:
            causes.setdefault(CAUSE_PREFIX + cause.kind, _of_cause(cause))
        if not verdict.causes:
            causes[UNEXPLAINED] = _descriptor(UNEXPLAINED, "Two runs differ for a reason that is not known", "error")
    criteria = report.criteria
    if criteria is not None and criteria.first is not None:
        identifier = CRITERION_PREFIX + criteria.first.value
        causes[identifier] = _descriptor(identifier, f"Two trainings differ in {criteria.first.value}", "error")
    for use in report.profile.uses if report.profile is not None else ():
        if use.holding is Holding.HOLDS:
            identifier = PROFILE_PREFIX + use.operator
            causes[identifier] = _descriptor(identifier, f"{use.operator} is non-deterministic here", "error")
    return [*causes.values(), *(_of_rule(rule) for rule in report.rules)]


def _descriptor(identifier: str, title: str, level: str) -> dict[str, Any]:
    return {"id": identifier, "shortDescription": {"text": title}, "defaultConfiguration": {"level": level}}


def _of_cause(cause: Cause) -> dict[str, Any]:
    described = _descriptor(CAUSE_PREFIX + cause.kind, cause.title, "error")
    return {**described, "properties": {"tags": ["reproducibility", cause.category.value]}}


def _of_rule(rule: Rule) -> dict[str, Any]:
    references = "\n".join(f"- <{reference}>" for reference in rule.references)
    markdown = f"{rule.explanation.strip()}\n\n**Fix:** {rule.fix.summary}\n\n{references}".strip()
    descriptor = {
        **_descriptor(rule.id, rule.title, rule.severity.value),
        "name": rule.name,
        "fullDescription": {"text": rule.explanation.strip()},
        "help": {"text": f"{rule.explanation.strip()}\n\nFix: {rule.fix.summary}", "markdown": markdown},
        "properties": {
            "tags": ["reproducibility", rule.category.value],
            "precision": {"high": "very-high", "medium": "high", "low": "medium"}[rule.confidence.value],
        },
    }
    if rule.references and rule.references[0].startswith("https://"):
        descriptor["helpUri"] = rule.references[0]
    return descriptor
