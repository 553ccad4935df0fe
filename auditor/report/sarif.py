"""SARIF 2.1.0, for code scanning services and editors: findings, allowed findings, and what made two runs differ."""

from __future__ import annotations

import json

from auditor.model.annotations import Any
from auditor.model.criteria import CriteriaReport
from auditor.model.finding import Finding, Suppressed
from auditor.model.patch import Applicability, Patch
from auditor.model.report import AuditReport
from auditor.model.verdict import Cause, Status, Verdict
from auditor.report import RenderOptions
from auditor.report.prose.criteria import headline as criteria_headline
from auditor.report.prose.profile import profile_headline
from auditor.report.prose.story import headline
from auditor.report.schema.portable import portable
from auditor.report.schema.problems import problems
from auditor.report.schema.repository import from_top
from auditor.report.schema.sarif_places import Places, region
from auditor.report.schema.sarif_rules import CAUSE_PREFIX, CRITERION_PREFIX, UNEXPLAINED, descriptors

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "reproAuditKey/v1"
PROJECT = "The root of the audited project."
_OF_FILES = Places({})
"""Of places that are in no notebook cell."""

REPOSITORY = "The top of the repository that the audited project is in."


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return one SARIF log with one run; results in the order of the report, verdict first."""
    report = from_top(portable(report), options.prefix)
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report, options)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


RENDERER = render


def _run(report: AuditReport, options: RenderOptions) -> dict[str, Any]:
    name, _, version = report.tool.partition(" ")
    rules = descriptors(report)
    indexes = {rule["id"]: index for index, rule in enumerate(rules)}
    places = Places(options.in_files)
    results = [
        *_verdict_results(report.verdict, indexes),
        *_criteria_results(report.criteria, indexes),
        *_profile_results(report, indexes),
        *(_finding(finding, indexes, places) for finding in report.findings),
        *(_suppressed(item, indexes, places) for item in report.suppressed),
    ]
    driver: dict[str, Any] = {"name": name, "rules": rules}
    if version:
        driver |= {"version": version, "semanticVersion": version}
    return {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, options.exit_code)],
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": REPOSITORY if options.prefix else PROJECT}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "project": report.project,
            **_verdict_properties(report.verdict),
            **_criteria_properties(report.criteria),
            **({"headline": profile_headline(report.profile)} if report.profile is not None else {}),
        },
    }


def _invocation(report: AuditReport, exit_code: int | None) -> dict[str, Any]:
    notifications = [
        {"level": "warning", "message": {"text": f"{item.subject} was not looked at: {item.reason}"}}
        for item in report.skipped
    ] + [{"level": "note", "message": {"text": note}} for note in report.notes]
    invocation: dict[str, Any] = {"executionSuccessful": exit_code not in (2, 3, 130)}
    if exit_code is not None:
        invocation["exitCode"] = exit_code
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    return invocation


def _finding(finding: Finding, indexes: dict[str, int], places: Places) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "level": finding.severity.value,
        "message": {"text": f"{finding.message}\n{finding.advice}"},
        "locations": [places.location(finding.location, finding.source_lines)],
        "partialFingerprints": {FINGERPRINT: finding.key},
        "properties": {"confidence": finding.confidence.value, "entryPoints": list(finding.entry_points)},
    }
    if finding.rule_id in indexes:
        result["ruleIndex"] = indexes[finding.rule_id]
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **places.location(related.location), "message": {"text": related.message}}
            for number, related in enumerate(finding.related, start=1)
        ]
    if steps := [related for related in finding.related if related.is_step]:
        result["codeFlows"] = [places.code_flow(finding, steps)]
    if finding.patch is not None:
        result["properties"]["patch"] = {
            "id": finding.patch.id,
            "applicability": finding.patch.applicability.value,
            "effect": finding.patch.effect,
        }
        if finding.patch.applicability is not Applicability.DISPLAY:  # a tool may apply a fix without asking
            result["fixes"] = [_fix(finding.patch)]
    return result


def _suppressed(item: Suppressed, indexes: dict[str, int], places: Places) -> dict[str, Any]:
    suppression = {"kind": "inSource" if item.in_source else "external"} | (
        {"justification": item.reason} if item.reason else {}
    )
    return {**_finding(item.finding, indexes, places), "suppressions": [suppression]}


def _fix(patch: Patch) -> dict[str, Any]:
    changes: dict[str, dict[str, Any]] = {}
    for edit in patch.edits:
        place = _OF_FILES.physical_location(edit.span)
        change = changes.setdefault(edit.span.path, {"artifactLocation": place["artifactLocation"], "replacements": []})
        change["replacements"].append(
            {"deletedRegion": region(edit.span), "insertedContent": {"text": edit.replacement}}
        )
    return {
        "description": {"text": f"{patch.title} ({patch.applicability.value})"},
        "artifactChanges": list(changes.values()),
    }


def _verdict_results(verdict: Verdict | None, indexes: dict[str, int]) -> list[dict[str, Any]]:
    """One result a cause of a divergence; a divergence without a cause is a result too."""
    if verdict is None or verdict.status not in (Status.DIVERGENT, Status.WITHIN_TOLERANCE):
        return []
    first = headline(verdict)
    if not verdict.causes:
        return [_divergence(verdict, UNEXPLAINED, f"{first}\nThe cause is not known.", indexes)]
    return [_cause(verdict, cause, f"{first}\n{cause.title}.", indexes) for cause in verdict.causes]


def _criteria_results(criteria: CriteriaReport | None, indexes: dict[str, int]) -> list[dict[str, Any]]:
    """One result for the first criterion that differs."""
    if criteria is None or criteria.first is None:
        return []
    rule = CRITERION_PREFIX + criteria.first.value
    text = f"{criteria_headline(criteria)}\n{criteria.basis}"
    return [{"ruleId": rule, "ruleIndex": indexes[rule], "level": "error", "message": {"text": text}}]


def _profile_results(report: AuditReport, indexes: dict[str, int]) -> list[dict[str, Any]]:
    """One result an operator and line."""
    return [
        {
            "ruleId": problem.check,
            "ruleIndex": indexes[problem.check],
            "level": "error",
            "message": {"text": f"{problem.title}\n{problem.text}"},
            "locations": [_OF_FILES.location(problem.location)] if problem.location is not None else [],
            "partialFingerprints": {FINGERPRINT: problem.key},
        }
        for problem in (problems(report) if report.profile is not None else ())
        if problem.conclusive
    ]


def _criteria_properties(criteria: CriteriaReport | None) -> dict[str, Any]:
    if criteria is None:
        return {}
    return {"verdict": criteria.status.value, "headline": criteria_headline(criteria), "reasons": [criteria.basis]}


def _cause(verdict: Verdict, cause: Cause, text: str, indexes: dict[str, int]) -> dict[str, Any]:
    sentences = "\n".join([text, *cause.evidence, cause.remedy])
    result = _divergence(verdict, CAUSE_PREFIX + cause.kind, sentences, indexes)
    result["properties"] = {"confidence": cause.confidence.value, "findings": list(cause.findings)}
    if cause.location is not None:
        result["relatedLocations"] = result.get("locations", [])
        result["locations"] = [_OF_FILES.location(cause.location)]
        if not result["relatedLocations"]:
            del result["relatedLocations"]
    return result


def _divergence(verdict: Verdict, rule: str, text: str, indexes: dict[str, int]) -> dict[str, Any]:
    first = verdict.comparison.first if verdict.comparison else None
    event = (first.reference or first.candidate) if first else None
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": indexes[rule],
        # Accepted as small enough: told, and no failure.
        "level": "note" if verdict.status is Status.WITHIN_TOLERANCE else "error",
        "message": {"text": text},
    }
    if event is not None and event.site is not None:
        result["locations"] = [_OF_FILES.location(event.site)]
    return result


def _verdict_properties(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    return {"verdict": verdict.status.value, "headline": headline(verdict), "reasons": list(verdict.reasons)}
