"""A scan as people use it from day to day: only what is new since a baseline, or since a git revision."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, replace
from auditor.model.report import AuditReport
from auditor.model.rule import Confidence, RuleId, Severity
from auditor.services.progress import Progress, Silent
from auditor.services.scan import above_floor, scan
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root

if TYPE_CHECKING:
    from auditor.model.known import KnownFinding
    from auditor.services.kept_report import Keeping
    from auditor.services.known import Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """What to hold a scan against; the baseline is a setting."""

    diff_base: str | None = None
    """A git revision; None: none."""

    write_baseline: Path | None = None
    """Accept what is found and write it there."""

    cached: bool = False
    """Use and keep the result of a scan of an unchanged tree."""

    processes: int | None = None
    """How many may share the work; None: as many as there are cores, where that is worth it."""

    keeping: Keeping | None = None
    """What is known of the kept report, which the scan adds to."""


def check(
    paths: Sequence[Path], settings: Settings, options: CheckOptions | None = None, progress: Progress | None = None
) -> AuditReport:
    """Scan, and leave out what the baseline of the settings knows and what a revision had already.

    Raises what `scan` raises, and `UsageError` for a baseline or a revision that cannot be read.
    """
    options = options or CheckOptions()
    if options.write_baseline and options.diff_base:
        raise UsageError("--write-baseline takes all findings, --diff-base only the new ones; use one of them")
    progress = progress or Silent()
    root = find_root(paths)
    before = _baseline(settings, options)
    if before is None and options.diff_base is None:
        return scan(
            paths,
            settings,
            progress,
            cached=options.cached,
            processes=options.processes,
            keeping=options.keeping,
        )
    from auditor.model.known import EarlierKind
    from auditor.services.baseline import shown_name, write_baseline  # most scans are not held against anything
    from auditor.services.known import coverage, hold_against, known_findings
    from auditor.services.renames import with_renames

    # Entries about weak findings would look gone if these were left out before.
    all_of_it = replace(settings, min_severity=Severity.NOTE, min_confidence=Confidence.LOW)
    report = scan(paths, all_of_it, progress, cached=options.cached, processes=options.processes)
    covered = coverage(report, root, paths, _asks_for(settings))
    if before is not None:
        path, known = before
        known = with_renames(known, known_findings(report), root)
        if options.write_baseline:
            known = _accept(report, settings, known, covered)
            write_baseline(path, known)
        report = hold_against(report, known, covered, EarlierKind.BASELINE, shown_name(path, root))
    if options.diff_base is not None:
        report = _since(options.diff_base, report, root, paths, all_of_it, progress, covered)
    return above_floor(report, settings)


def _baseline(settings: Settings, options: CheckOptions) -> tuple[Path, tuple[KnownFinding, ...]] | None:
    """The file and what is in it; a file that is to be written need not be there yet."""
    if options.write_baseline is None and settings.baseline is None:
        return None
    from auditor.services.baseline import read_baseline

    if options.write_baseline is not None:
        path = options.write_baseline
        if os.path.isdir(path):
            raise UsageError(f"--write-baseline {path}: is a folder; name a file")
        return path, read_baseline(path) if os.path.exists(path) else ()
    assert settings.baseline is not None
    return settings.baseline, read_baseline(settings.baseline)


def _accept(
    report: AuditReport, settings: Settings, before: Sequence[KnownFinding], covered: Coverage
) -> tuple[KnownFinding, ...]:
    """What is told, what was accepted before, and what this scan cannot judge."""
    from auditor.services.baseline import merge
    from auditor.services.known import known_findings

    old = {entry.key for entry in before}
    told = {finding.key for finding in above_floor(report, settings).findings}
    found = [entry for entry in known_findings(report) if entry.key in told | old]
    return merge(found, before, covered)


def _since(
    asked: str,
    report: AuditReport,
    root: Path,
    paths: Sequence[Path],
    settings: Settings,
    progress: Progress,
    covered: Coverage,
) -> AuditReport:
    from auditor.model.known import EarlierKind
    from auditor.services.difference import findings_at  # starts processes, which few scans need
    from auditor.services.known import hold_against, known_findings

    before = findings_at(asked, root, paths, settings, progress, known_findings(report))
    held = hold_against(report, before.findings, covered, EarlierKind.REVISION, before.name, before.renamed)
    return replace(held, notes=(*held.notes, *before.notes))


def _asks_for(settings: Settings) -> Callable[[RuleId], bool]:
    """Whether a rule is in force; rules that exist no more are, as nothing will ever find them again."""

    from auditor.services.rule_choice import chosen_rules, load_rules

    @cache
    def rules() -> tuple[set[RuleId], set[RuleId]]:
        ruleset = load_rules(settings)
        return {rule.id for rule in ruleset.rules}, {rule.id for rule in chosen_rules(ruleset, settings)}

    def asks_for(rule: RuleId) -> bool:
        known, chosen = rules()
        return rule in chosen or rule not in known

    return asks_for
