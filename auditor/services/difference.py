"""What a project had already at a git revision: the same scan, on the files as they were then."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.known import KnownFinding
from auditor.model.lean import dataclass
from auditor.runs.revision import Revision, extract, find_revision
from auditor.services.known import known_findings
from auditor.services.progress import Progress
from auditor.services.scan import scan
from auditor.services.settings import Settings

SIMILAR = 0.5
"""Share of lines that a file must keep to count as renamed; as in git."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was found at a revision."""

    name: str
    """The revision as it was asked for, with the commit."""

    findings: tuple[KnownFinding, ...]
    renamed: dict[str, str]
    """Path then → path now."""

    notes: tuple[str, ...]


def findings_at(
    asked: str, root: Path, paths: Sequence[Path], settings: Settings, progress: Progress, now: Iterable[KnownFinding]
) -> Before:
    """Scan what `paths` held at a revision; `now` is what they hold today, for files that changed their name.

    The revision is unpacked into a temporary folder. Raises `UsageError` where git cannot give it.
    """
    revision = find_revision(root, asked)
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as folder:
        # macOS and some clusters reach their temporary folder through a link; paths are compared below.
        top = Path(os.path.realpath(folder))
        unread = extract(revision, top)
        there = _moved(root, revision, top)
        chosen = [each for each in (_moved(path, revision, top) for path in paths) if os.path.lexists(each)]
        found: tuple[KnownFinding, ...] = ()
        if chosen:
            found = known_findings(scan(chosen, settings, progress, root=there))
        renamed = _renamed(found, there, now, root)
    notes = tuple(f"{path}: this submodule is not there as of {asked}; all of it counts as new." for path in unread)
    return Before(name=f"{asked} ({revision.commit[:9]})", findings=tuple(found), renamed=renamed, notes=notes)


def _moved(path: Path, revision: Revision, top: Path) -> Path:
    """The place below `top` that stands for `path` of the checkout; raises `UsageError` for one outside of it."""
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(revision.top))
    if inside.split(os.sep)[0] == os.pardir:
        raise UsageError(f"--diff-base {revision.asked}: {path} is not in the repository {revision.top}; scan it apart")
    return top / inside


def _renamed(before: Iterable[KnownFinding], then: Path, after: Iterable[KnownFinding], now: Path) -> dict[str, str]:
    """Files with findings that are gone, and those that most of their lines are in today."""
    left = {path for entry in before for path in (entry.path, *entry.programs) if not os.path.exists(now / path)}
    come = {path for entry in after for path in (entry.path, *entry.programs) if not os.path.exists(then / path)}
    if not left or not come:
        return {}
    old = {path: _lines(then / path) for path in sorted(left)}
    new = {path: _lines(now / path) for path in sorted(come)}
    likely = sorted((-_similarity(old[a], new[b]), a, b) for a in old for b in new)
    found: dict[str, str] = {}
    for negative, a, b in likely:
        if -negative >= SIMILAR and a not in found and b not in found.values():
            found[a] = b
    return found


def _lines(path: Path) -> Counter[bytes]:
    try:
        return Counter(line.strip() for line in path.read_bytes().splitlines() if line.strip())
    except OSError:
        return Counter()


def _similarity(one: Counter[bytes], other: Counter[bytes]) -> float:
    longest = max(one.total(), other.total())
    return (one & other).total() / longest if longest else 0.0
