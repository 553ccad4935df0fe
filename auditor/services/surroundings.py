"""What matters to all that a scan finds out besides the project's files: program, rules, packages, configuration."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from auditor.model.digest import sha256
from auditor.services.kept_report import PACKAGE, KeptReport, sites
from auditor.services.program_stamp import program_stamp
from auditor.services.settings import Settings
from auditor.static.files.pinfiles import lists_below, own_sites, where_sites_may_come
from auditor.static.text.stamps import packed_stamps, stamp_of

CONFIGURATION = frozenset({".toml", ".cfg", ".ini", ".txt", ".yaml", ".yml", ".lock", ".env", ".json", ".in", ""})
"""Endings of files at the top of a project that may say what is installed, or which programs there are."""


class Surroundings:
    """All of it, as it is now."""

    def __init__(self, root: Path, settings: Settings) -> None:
        tried: list[str] = [PACKAGE]
        self.program = program_stamp(settings, tried)
        self.lists = lists_below(root, tried)
        """Lists of requirements below the top of the project, relative to it."""

        beside = [*sites(), *(str(site) for site in own_sites(root))]
        with contextlib.suppress(OSError):
            beside += [
                entry.path
                for entry in os.scandir(root)
                if os.path.splitext(entry.name)[1] in CONFIGURATION and entry.is_file()
            ]
        told = [(path, _size_and_time(path)) for path in sorted(beside)]
        self.digest = sha256(repr((self.program, told)).encode("utf-8", "backslashreplace")).digest()
        """Of the program, installed packages and the project's own configuration."""

        self._paths = [*tried, str(root), *where_sites_may_come(root), *beside]

    def stamps(self, settled_ns: int) -> object:
        """Of all that tells whether they are the same, packed; of what was changed since they were looked at, none."""
        return packed_stamps({path: (stamp_of(path, settled_ns), b"") for path in map(os.path.abspath, self._paths)})


class KeptSurroundings:
    """As they were when a report was kept, where nothing of them differs."""

    def __init__(self, kept: KeptReport) -> None:
        _, _, (self.program, self.lists, self.digest) = kept.details
        self._stamps = kept.program

    def stamps(self, _settled_ns: int) -> object:
        """They held at the start: what was changed since then differs the next time."""
        return self._stamps


def _size_and_time(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
