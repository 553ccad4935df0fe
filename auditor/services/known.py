"""Hold a scan's findings against those of an earlier state: which are known, which are gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from auditor.model.known import Earlier, EarlierKind, KnownFinding
from auditor.model.lean import dataclass, replace
from auditor.model.report import AuditReport
from auditor.model.rule import RuleId
from auditor.services.scan import with_findings
from auditor.static.matcher import find_matcher
from auditor.static.scanning.identity import identity, source_text


def known_findings(report: AuditReport) -> tuple[KnownFinding, ...]:
    """Return the findings of a report as an earlier state keeps them, in the order of the report."""
    kinds = {rule.id: rule.match.kind for rule in report.rules}
    return tuple(
        KnownFinding(
            key=finding.key,
            rule_id=finding.rule_id,
            path=finding.location.path,
            programs=finding.entry_points if _per_program(kinds[finding.rule_id]) else (),
            source=source_text(finding.source_lines),
        )
        for finding in report.findings
    )


def _per_program(kind: str) -> bool:
    matcher = find_matcher(kind)
    return matcher is not None and matcher.scope == "entry-point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a scan looked at, so that "not found" can be told from "not looked for"."""

    root: Path
    paths: tuple[Path, ...]
    """What was asked for, absolute."""

    skipped: frozenset[str]
    """Files that could not be read."""

    asks_for: Callable[[RuleId], bool]
    """Whether the scan would have told findings of a rule."""

    def judges(self, known: KnownFinding) -> bool:
        """Whether the scan would have found this, were it still there."""
        return self.asks_for(known.rule_id) and all(self._covers(path) for path in (known.path, *known.programs))

    def _covers(self, path: str) -> bool:
        file = self.root / path
        if path in self.skipped:
            return False
        return not os.path.exists(file) or any(file == asked or asked in file.parents for asked in self.paths)


def coverage(report: AuditReport, root: Path, paths: Sequence[Path], asks_for: Callable[[RuleId], bool]) -> Coverage:
    """What the scan of `paths` covered that gave `report`."""
    return Coverage(
        root=root,
        paths=tuple(Path(os.path.abspath(path)) for path in paths),
        skipped=frozenset(item.subject for item in report.skipped),
        asks_for=asks_for,
    )


def hold_against(
    report: AuditReport,
    earlier: Sequence[KnownFinding],
    covered: Coverage,
    kind: EarlierKind,
    name: str,
    renamed: Mapping[str, str] | None = None,
) -> AuditReport:
    """Return the report without what was there before, and with what is no more.

    `renamed`: path then → path now, for files that are the same under another name.
    """
    now = known_findings(report)
    matched = _match(now, earlier, renamed or {})
    kept = [finding for finding, entry in zip(report.findings, now, strict=True) if entry.key not in matched]
    found = set(matched.values())
    gone = tuple(entry for entry in earlier if entry.key not in found and covered.judges(entry))
    summary = Earlier(kind=kind, name=name, known=len(report.findings) - len(kept), gone=gone)
    return replace(with_findings(report, kept), earlier=(*report.earlier, summary))


def _match(now: Sequence[KnownFinding], before: Sequence[KnownFinding], renamed: Mapping[str, str]) -> dict[str, str]:
    """Key now → key then of what is the same."""
    old = {entry.key for entry in before}
    pairs = {entry.key: entry.key for entry in now if entry.key in old}
    if renamed:
        left: dict[str, list[str]] = {}
        for entry in before:
            if entry.key not in pairs:
                left.setdefault(_identity(entry, renamed), []).append(entry.key)
        for entry in now:
            if entry.key not in pairs and (keys := left.get(_identity(entry, {}))):
                pairs[entry.key] = keys.pop(0)
    return pairs


def _identity(entry: KnownFinding, renamed: Mapping[str, str]) -> str:
    programs = [renamed.get(path, path) for path in entry.programs]
    return identity(entry.rule_id, renamed.get(entry.path, entry.path), entry.source, programs)
