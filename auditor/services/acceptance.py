"""Accept single findings into the baseline, take them out of it, and take either back.

A change is made of entries, not of bytes: it can be taken back although others have written to the file since.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.known import KnownFinding
from auditor.model.lean import dataclass, replace
from auditor.model.report import AuditReport
from auditor.services.baseline import read_baseline, sorted_entries, write_baseline
from auditor.services.known import known_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineChange:
    """What was written to a baseline."""

    path: Path
    added: tuple[KnownFinding, ...] = ()
    removed: tuple[KnownFinding, ...] = ()
    made_file: bool = False
    """There was no such file before."""


def accept(report: AuditReport, keys: Collection[str], path: Path, reason: str = "") -> BaselineChange:
    """Add the findings of a report that have these keys; a file that is not there is made.

    `reason` is why they may stay, in a person's words; empty: none is given. What the file holds already stays as it
    is. The report must have the rules of the findings. Raises `UsageError` where the file is something else or cannot
    be written.
    """
    before = _entries(path)
    held = {entry.key for entry in before}
    wanted = replace(report, findings=tuple(each for each in report.findings if each.key in keys))
    words = " ".join(reason.split())
    added = tuple(replace(entry, reason=words) for entry in known_findings(wanted) if entry.key not in held)
    change = BaselineChange(path=path, added=added, made_file=not path.exists())
    if added:
        write_baseline(path, sorted_entries((*before, *added)))
    return change


def take_out(keys: Collection[str], path: Path) -> BaselineChange:
    """Remove the entries with these keys; raises as `accept`."""
    before = _entries(path)
    removed = tuple(entry for entry in before if entry.key in keys)
    if removed:
        write_baseline(path, [entry for entry in before if entry.key not in keys])
    return BaselineChange(path=path, removed=removed)


def take_back(change: BaselineChange) -> BaselineChange:
    """Undo a change, and return what that changed; raises as `accept`.

    A file that was made for the change is removed once nothing else is in it.
    """
    before = _entries(change.path)
    added = {entry.key for entry in change.added}
    kept = [entry for entry in before if entry.key not in added]
    held = {entry.key for entry in kept}
    back = tuple(entry for entry in change.removed if entry.key not in held)
    undone = BaselineChange(
        path=change.path, added=back, removed=tuple(entry for entry in before if entry.key in added)
    )
    if change.made_file and not kept and not back:
        try:
            change.path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{change.path}: the baseline cannot be removed: {error.strerror}") from error
    elif undone.added or undone.removed:
        write_baseline(change.path, sorted_entries((*kept, *back)))
    return undone


def _entries(path: Path) -> tuple[KnownFinding, ...]:
    return read_baseline(path) if path.exists() else ()
