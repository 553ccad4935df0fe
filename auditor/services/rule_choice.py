"""Which rules are in force and how severe they are: what the settings say, held against the rules that there are.

Rules go by id, by the beginning of an id (`RA3`), by name or by category (`data-order`). Every complaint names the
setting, and the file or option that it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from auditor.errors import UsageError
from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.pattern import lazy_pattern
from auditor.model.report import AuditReport
from auditor.model.rule import Rule, RuleId, Severity
from auditor.ruleset import Ruleset, load
from auditor.ruleset.spelling import nearest_rule
from auditor.services.settings import Settings
from auditor.static.scanning.findings import finding_order

_ID_BEGINNING = lazy_pattern(r"[A-Z]{2,}[0-9]*")


ARGUMENT = "argument"
"""Origin of a setting that was not named: the word itself says what it is."""


def load_rules(settings: Settings) -> Ruleset:
    """Read our rules and those of the folders in the settings; raises `UsageError` for a folder that is none."""
    check_folders(settings)
    return load(settings.rules)


def check_folders(settings: Settings) -> None:
    """Raise `UsageError` for a folder of rules that is none."""
    for folder in settings.rules:
        if not folder.is_dir():
            what = "is a file; name its folder" if folder.exists() else "no such folder"
            raise UsageError(f"{_where(settings, 'rules')}{folder}: {what}")


def chosen_rules(ruleset: Ruleset, settings: Settings) -> tuple[Rule, ...]:
    """The rules that `select` names (none: all), without those that `ignore` names.

    Raises `UsageError` for what names no rule, in any setting that names rules.
    """
    selected = _named(ruleset, settings, "select", settings.select)
    ignored = set(_named(ruleset, settings, "ignore", settings.ignore))
    for words in settings.per_file_ignores.values():
        _named(ruleset, settings, "per-file-ignores", words)
    wanted = set(selected) if settings.select else {rule.id for rule in ruleset.rules}
    return tuple(rule for rule in ruleset.rules if rule.id in wanted and rule.id not in ignored)


def severities(ruleset: Ruleset, settings: Settings) -> Mapping[RuleId, Severity]:
    """The severities that the settings give; what names a rule more closely wins over what names many."""
    found: dict[RuleId, Severity] = {}
    for word in sorted(settings.severity, key=_closeness):
        for rule in _named(ruleset, settings, "severity", [word]):
            found[rule] = settings.severity[word]
    return found


def with_severities(report: AuditReport, given: Mapping[RuleId, Severity]) -> AuditReport:
    """Return the report with these severities, in its order: the worst first."""
    if not given:
        return report

    def changed(finding: Finding) -> Finding:
        return replace(finding, severity=given.get(finding.rule_id, finding.severity))

    return replace(
        report,
        findings=tuple(sorted(map(changed, report.findings), key=finding_order)),
        suppressed=tuple(replace(item, finding=changed(item.finding)) for item in report.suppressed),
        rules=tuple(severe(rule, given) for rule in report.rules),
    )


def severe(rule: Rule, given: Mapping[RuleId, Severity]) -> Rule:
    """Return the rule with the severity that the settings give it."""
    return replace(rule, severity=given.get(rule.id, rule.severity))


def goes_by(rule: Rule, word: str) -> bool:
    """Whether a word of the settings means a rule."""
    upper, lower = word.strip().upper(), word.strip().lower()
    if lower in (rule.name, rule.category.value):
        return True
    return bool(_ID_BEGINNING.fullmatch(upper)) and rule.id.startswith(upper)


def _closeness(word: str) -> tuple[int, int, str]:
    """Category, beginning of an id by its length, whole id or name."""
    upper = word.strip().upper()
    if _ID_BEGINNING.fullmatch(upper) and any(character.isdigit() for character in upper):
        return (2 if len(re.sub(r"\D", "", upper)) > 2 else 1), len(upper), word
    return (2, 0, word) if "-" in word else (0, 0, word)


def _named(ruleset: Ruleset, settings: Settings, key: str, words: Iterable[str]) -> list[RuleId]:
    found: list[RuleId] = []
    for word in words:
        meant = [rule.id for rule in ruleset.rules if goes_by(rule, word)]
        if not meant:
            close = nearest_rule(word, ruleset.rules)
            hint = f"; did you mean `{close}`?" if close else "; `repro-audit rules` lists them"
            raise UsageError(f"{_where(settings, key)}no rule is called `{word}`{hint}")
        found += meant
    return found


def _where(settings: Settings, key: str) -> str:
    """`--select: `, `REPRO_AUDIT_SELECT: `, `/project/pyproject.toml: select: `; the key alone where nobody knows."""
    origin = settings.origins.get(key, "default")
    if origin == ARGUMENT:
        return ""
    if origin in ("default", "option"):
        return f"--{key}: " if origin == "option" else f"{key}: "
    return f"{origin}: " if origin.startswith("REPRO_AUDIT_") else f"{origin}: {key}: "
