"""Scan again whenever a file was saved.

Times and sizes of files are looked at twice a second: that works on every file system, also on those of clusters, where
notifications of the kernel tell nothing about what another machine wrote.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from auditor.errors import ReproAuditError
from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.ruleset.locate import toml_files
from auditor.services.check import CheckOptions, check
from auditor.services.progress import Progress
from auditor.services.settings import Settings, user_file
from auditor.services.settings_files import PROJECT_FILE, PYPROJECT
from auditor.static.files.discovery import find_files, find_root

INTERVAL_S = 0.5
SETTLING_S = 0.05
"""Editors write a file in several steps, and several files at once: looked at again after this time."""

MAX_SETTLING = 20
SHARE = 10
"""Looking at the files may take one part in so many of the time; in large trees it happens less often."""

Snapshot = Mapping[str, tuple[int, int]]
"""Path → time of the last change in nanoseconds, and size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One scan, against the one before."""

    report: AuditReport | None
    """None where the scan was not possible."""

    problem: str
    """Why it was not possible; empty where it was."""

    changed: tuple[str, ...]
    """Files that were saved, made or removed, relative to the project; empty for the first scan."""

    new: tuple[Finding, ...]
    """Findings that the scan before did not have; empty for the first scan."""

    gone: tuple[Finding, ...]
    """Those of files that cannot be analysed for the moment are not."""

    watched: int
    """Number of files that are looked at."""


def watch(
    paths: Sequence[Path],
    settings: Callable[[], Settings],
    options: CheckOptions,
    progress: Callable[[], Progress],
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Scanned]:
    """Yield a scan at once and one after each change, for ever; `settings` and `progress` are asked for anew each time.

    What makes a scan impossible (a setting that is half written) is told and watched on. `wait` may raise to end it.
    """
    root = find_root(paths)
    seen: Snapshot | None = None
    known: tuple[Finding, ...] | None = None
    while True:
        began = clock()
        now = _settled(paths, root, settings, wait)
        if now == seen:
            wait(max(INTERVAL_S, SHARE * (clock() - began)))
            continue
        changed = _changed(seen, now, root)
        seen = now
        scanned = _scan(paths, settings, options, progress(), known, changed, len(now))
        if scanned.report is not None:
            known = (*scanned.report.findings, *_hidden(scanned.report, known or ()))
        yield scanned


def _scan(
    paths: Sequence[Path],
    settings: Callable[[], Settings],
    options: CheckOptions,
    progress: Progress,
    known: tuple[Finding, ...] | None,
    changed: tuple[str, ...],
    watched: int,
) -> Scanned:
    try:
        report = check(paths, settings(), options, progress)
    except ReproAuditError as error:
        return Scanned(report=None, problem=str(error), changed=changed, new=(), gone=(), watched=watched)
    before = report.findings if known is None else known
    return Scanned(
        report=report,
        problem="",
        changed=changed,
        new=_without(report.findings, before),
        gone=_without(before, (*report.findings, *_hidden(report, before))),
        watched=watched,
    )


def _hidden(report: AuditReport, before: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings that are neither there nor gone: a file that they rest on is half written."""
    unread = frozenset(item.subject for item in report.skipped)
    found = _without(before, report.findings)
    return tuple(each for each in found if not unread.isdisjoint((each.location.path, *each.entry_points)))


def _without(findings: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    known = {finding.key for finding in others}
    return tuple(finding for finding in findings if finding.key not in known)


def _settled(
    paths: Sequence[Path], root: Path, settings: Callable[[], Settings], wait: Callable[[float], None]
) -> Snapshot:
    """The files once they stay the same for a moment."""
    now = snapshot(paths, root, settings)
    for _ in range(MAX_SETTLING):
        wait(SETTLING_S)
        later = snapshot(paths, root, settings)
        if later == now:
            break
        now = later
    return now


def snapshot(paths: Sequence[Path], root: Path, settings: Callable[[], Settings]) -> Snapshot:
    """Times and sizes of everything that a scan of `paths` depends on; what is not there is left out."""
    found: dict[str, tuple[int, int]] = {}
    for file in _files(paths, root, settings):
        try:
            status = os.stat(file)
        except OSError:
            continue
        found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found


def _files(paths: Sequence[Path], root: Path, settings: Callable[[], Settings]) -> Iterator[Path]:
    yield user_file()
    for folder in (root, *root.parents):
        yield from (folder / name for name in (PYPROJECT, PROJECT_FILE, ".gitignore"))
    yield from (path for path in paths if os.path.isfile(path))
    try:
        current = settings()
    except ReproAuditError:
        current = Settings()  # one of them is half written; the scan tells it
    there = [path for path in paths if os.path.lexists(path)]
    found = find_files(root, there, current.exclude)
    yield from (file.file for file in (*found.files, *found.documents))
    yield from (file for folder in current.rules if os.path.isdir(folder) for file in toml_files(folder))
    if current.baseline is not None:
        yield current.baseline


def _changed(before: Snapshot | None, now: Snapshot, root: Path) -> tuple[str, ...]:
    if before is None:
        return ()
    names = {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    return tuple(sorted(os.path.relpath(name, root).replace(os.sep, "/") for name in names))
