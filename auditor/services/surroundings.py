"""What matters to all that a scan finds out besides the project's files: program, rules, packages, configuration."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from auditor.services.kept_report import PACKAGE, sites
from auditor.services.program_stamp import ProgramStamp, program_stamp
from auditor.services.settings import Settings
from auditor.static.pinfiles import lists_below, own_sites, where_sites_may_come
from auditor.static.stamps import Print, stamp_of

CONFIGURATION = frozenset({".toml", ".cfg", ".ini", ".txt", ".yaml", ".yml", ".lock", ".env", ".json", ".in", ""})
"""Endings of files at the top of a project that may say what is installed, or which programs there are."""


class Surroundings:
    """All of it, as it is now."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._folders: list[str] = []
        self.program: ProgramStamp = program_stamp(settings, self._folders)
        self._tried: list[str] = []
        self.lists = lists_below(root, self._tried)
        """Lists of requirements below the top of the project, relative to it."""

        beside = [*sites(), *(str(site) for site in own_sites(root))]
        with contextlib.suppress(OSError):
            beside += [
                entry.path
                for entry in os.scandir(root)
                if os.path.splitext(entry.name)[1] in CONFIGURATION and entry.is_file()
            ]
        self.beside = [(path, _size_and_time(path)) for path in sorted(beside)]
        """Installed packages and the project's own configuration."""

        self._tried += [str(root), *where_sites_may_come(root)]

    def prints(self, settled_ns: int) -> dict[str, Print]:
        """Stamps of all that tells whether they are the same; of what was changed since they were looked at, none."""
        _, _, files = self.program
        paths: Iterable[str] = (
            PACKAGE, *self._folders, *(path for path, _, _ in files), *self._tried, *(path for path, _ in self.beside),
        )  # fmt: skip
        return {path: (stamp_of(path, settled_ns), b"") for path in map(os.path.abspath, paths)}


def _size_and_time(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
