"""What a project had already at a git revision: the same scan, on the files as they were then."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
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

_PAIRS = 100_000
"""Of more pairs of files than this, only those of the same name are compared."""

_Lines = Counter[bytes]


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
        now = tuple(now)
        chosen = [each for each in (_moved(path, revision, top) for path in paths) if os.path.lexists(each)]
        chosen += _earlier_names(now, chosen, there, root)
        found: tuple[KnownFinding, ...] = ()
        if chosen:
            found = known_findings(scan(chosen, settings, progress, root=there))
        renamed = _renamed(found, there, now, root)
    notes = tuple(f"{path}: this submodule is not there as of {asked}; all of it counts as new." for path in unread)
    commit = revision.commit[:9] if revision.commit is not None else "no commit yet"
    return Before(name=f"{asked} ({commit})", findings=tuple(found), renamed=renamed, notes=notes)


def _moved(path: Path, revision: Revision, top: Path) -> Path:
    """The place below `top` that stands for `path` of the checkout; raises `UsageError` for one outside of it."""
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(revision.top))
    if inside.split(os.sep)[0] == os.pardir:
        raise UsageError(f"--diff-base {revision.asked}: {path} is not in the repository {revision.top}; scan it apart")
    return top / inside


def _earlier_names(now: Iterable[KnownFinding], chosen: Sequence[Path], then: Path, root: Path) -> list[Path]:
    """Files besides `chosen` that are gone and hold most lines of one in which something is found today."""
    come = _not_below(then, now)
    if not come or any(each == then or each in then.parents for each in chosen):
        return []
    suffixes = {os.path.splitext(path)[1] for path in come}
    gone = []
    for folder, folders, names in os.walk(then):
        folders[:] = sorted(name for name in folders if name != ".git" and Path(folder, name) not in chosen)
        paths = (os.path.relpath(os.path.join(folder, name), then) for name in sorted(names))
        gone += [path for path in paths if os.path.splitext(path)[1] in suffixes and not os.path.exists(root / path)]
    return [then / path for path in _same_text(then, gone, root, come)]


def _renamed(before: Iterable[KnownFinding], then: Path, after: Iterable[KnownFinding], now: Path) -> dict[str, str]:
    """Files with findings that are gone, and those that most of their lines are in today."""
    return _same_text(then, _not_below(now, before), now, _not_below(then, after))


def _not_below(root: Path, findings: Iterable[KnownFinding]) -> list[str]:
    paths = {path for entry in findings for path in (entry.path, *entry.programs)}
    return sorted(path for path in paths if not os.path.exists(root / path))


def _same_text(then: Path, left: Sequence[str], now: Path, come: Sequence[str]) -> dict[str, str]:
    """Path then → path now, each at most once, the most similar first."""
    if not left or not come:
        return {}
    old = {path: _lines(then / path) for path in left}
    new = {path: _lines(now / path) for path in come}
    found = _unchanged(old, new)
    taken = set(found.values())
    likely = sorted((-_similarity(old[a], new[b]), a, b) for a, b in _pairs(old.keys() - found, new.keys() - taken))
    for negative, a, b in likely:
        if -negative >= SIMILAR and a not in found and b not in taken:
            found[a] = b
            taken.add(b)
    return found


def _unchanged(old: Mapping[str, _Lines], new: Mapping[str, _Lines]) -> dict[str, str]:
    """The pairs that hold the same lines."""
    same: dict[frozenset[tuple[bytes, int]], list[str]] = {}
    for path in sorted(old, reverse=True):
        same.setdefault(frozenset(old[path].items()), []).append(path)
    found = {}
    for path in sorted(new):
        lines = frozenset(new[path].items())
        if lines and same.get(lines):
            found[same[lines].pop()] = path
    return found


def _pairs(old: Set[str], new: Set[str]) -> list[tuple[str, str]]:
    if len(old) * len(new) <= _PAIRS:
        return [(a, b) for a in old for b in new]
    by_name: dict[str, list[str]] = {}
    for path in sorted(new):
        by_name.setdefault(os.path.basename(path), []).append(path)
    return [(a, b) for a in sorted(old) for b in by_name.get(os.path.basename(a), [])][:_PAIRS]


def _lines(path: Path) -> _Lines:
    try:
        return Counter(line.strip() for line in path.read_bytes().splitlines() if line.strip())
    except OSError:
        return Counter()


def _similarity(one: _Lines, other: _Lines) -> float:
    longest = max(one.total(), other.total())
    return (one & other).total() / longest if longest else 0.0
