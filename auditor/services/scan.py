"""Find what makes a program non-deterministic by reading its source; nothing of it is executed or imported."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from pathlib import Path

import auditor
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.rule import Confidence, Rule, Severity
from auditor.services.kept_report import Keeping
from auditor.services.program_stamp import program_stamp
from auditor.services.progress import Progress, Silent
from auditor.services.scan_cache import Inputs, ScanCache
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_files, find_root
from auditor.static.text.gitignore import IgnoreFile, parse_ignore_file

if TYPE_CHECKING:
    from auditor.static.engine import Analysis


def scan(
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress | None = None,
    *,
    root: Path | None = None,
    cached: bool = False,
    processes: int | None = None,
    keeping: Keeping | None = None,
) -> AuditReport:
    """Scan files and folders.

    `root` is the folder that paths in the report are relative to; None means the project that `paths` lie in.
    `cached`: give the report of an earlier scan where nothing has changed since, and keep this one. `processes`: how
    many may share the work (None: as many as there are cores, where that is worth it); the report does not depend on
    it. `keeping`: what is known of the kept report; the scan adds to it. Raises
    `UsageError` for a path that does not exist and for a rule that is not known, `RuleError` for a broken rule.
    """
    # What is made here lives to the end; looking for garbage among it takes longer than finding a kept report.
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _scan(paths, settings, progress or Silent(), root, cached, processes, keeping or Keeping())
    finally:
        if enabled:
            gc.enable()


def _scan(
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress,
    root: Path | None,
    cached: bool,
    processes: int | None,
    keeping: Keeping,
) -> AuditReport:
    progress.stage("scan")
    root = find_root(paths) if root is None else root.absolute()
    if settings.rules:
        from auditor.services.rule_choice import check_folders

        check_folders(settings)
    cache = ScanCache(root, paths, settings, progress.cancelled) if cached else None
    report = cache.get(keeping) if cache is not None else None
    if report is not None:
        return report
    found = find_files(root, paths, settings.exclude, progress.cancelled) if cache is None else cache.found
    program = program_stamp(settings) if cache is None else cache.surroundings.program
    progress.stage("scan", len(found.files))
    # What is below is not needed where the result is known already.
    from auditor.services.demand_store import kept_demands
    from auditor.services.rule_choice import chosen_rules, load_rules, severities, with_severities
    from auditor.static.engine import Engine

    ruleset = load_rules(settings)
    rules = chosen_rules(ruleset, settings)
    parts = cache.parts(ruleset.libraries) if cache is not None else None
    analysis = Engine(ruleset, rules, kept_demands(ruleset, settings, program)).analyse(
        found,
        earlier=parts.kept if parts is not None else None,
        unchanged=parts.unchanged if parts is not None else (),
        listed=parts.listed if parts is not None else None,
        ignored=_per_file_ignores(settings),
        step=progress.update,
        cancelled=progress.cancelled,
        processes=processes,
    )
    report = above_floor(with_severities(_report(root, analysis, rules), severities(ruleset, settings)), settings)
    if cache is not None and not progress.cancelled():
        cache.put(report, Inputs(analysis.read_files, analysis.listed_folders), analysis.kept, keeping)
    return report


def above_floor(report: AuditReport, settings: Settings) -> AuditReport:
    """Leave out findings that are weaker than the settings ask for, and say how many they were."""
    severities, confidences = list(Severity), list(Confidence)  # strongest first
    kept = tuple(
        finding
        for finding in report.findings
        if severities.index(finding.severity) <= severities.index(settings.min_severity)
        and confidences.index(finding.confidence) <= confidences.index(settings.min_confidence)
    )
    left_out = len(report.findings) - len(kept)
    if not left_out:
        return report
    told = "1 weaker finding is" if left_out == 1 else f"{left_out:,} weaker findings are"
    note = f"{told} left out (min-severity, min-confidence)."
    return replace(with_findings(report, kept), notes=(*report.notes, note))


def with_findings(report: AuditReport, findings: Sequence[Finding]) -> AuditReport:
    """Return the report with these of its findings, and the rules that are still spoken of."""
    told = {finding.rule_id for finding in (*findings, *(entry.finding for entry in report.suppressed))}
    return replace(report, findings=tuple(findings), rules=tuple(rule for rule in report.rules if rule.id in told))


def _per_file_ignores(settings: Settings) -> Callable[[str, Rule], bool]:
    """Patterns are those of `.gitignore`: `tests/`, `*.ipynb`, `/scripts/old_*.py`."""
    entries = [
        (parse_ignore_file(pattern), tuple(words)) for pattern, words in sorted(settings.per_file_ignores.items())
    ]

    from auditor.services.rule_choice import goes_by

    def ignored(path: str, rule: Rule) -> bool:
        return any(_matches(pattern, path) and any(goes_by(rule, word) for word in words) for pattern, words in entries)

    return ignored


def _matches(pattern: IgnoreFile, path: str) -> bool:
    """Whether a file or one of the folders that it is in is meant."""
    parts = path.split("/")
    folders = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return bool(pattern.verdict(path, is_folder=False)) or any(
        pattern.verdict(each, is_folder=True) for each in folders
    )


def _report(root: Path, analysis: Analysis, rules: Sequence[Rule]) -> AuditReport:
    told = {finding.rule_id for finding in analysis.findings}
    told |= {entry.finding.rule_id for entry in analysis.suppressed}
    return AuditReport(
        tool=f"repro-audit {auditor.__version__}",
        project=root.name,
        scan=ScanSummary(files=analysis.files, entry_points=analysis.entry_points, rules=len(rules)),
        findings=analysis.findings,
        suppressed=analysis.suppressed,
        skipped=analysis.skipped,
        notes=analysis.notes,
        remarks=analysis.remarks,
        rules=tuple(rule for rule in rules if rule.id in told),
    )
