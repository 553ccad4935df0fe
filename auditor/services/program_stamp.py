"""What tells whether this program and its rules are those that something in a cache was made by."""

from __future__ import annotations

import os
import sys

import auditor
from auditor.model.digest import sha256
from auditor.ruleset.locate import rule_folders
from auditor.ruleset.stamp import file_stamps
from auditor.services.kept_report import PACKAGE
from auditor.services.settings import Settings

ROOMS = ("static", "ruleset", "model", "services", "report", "cli")
"""Whose code decides what a scan finds, and how it is told."""


def program_stamp(settings: Settings, looked_at: list[str] | None = None) -> bytes:
    """Return a digest of the versions of program and interpreter, and of a stamp of each file of rules and of code.

    `looked_at`: takes these files, and the folders in which they were looked for.
    """
    listed = [] if looked_at is None else looked_at
    stamps = [stamp for folder in rule_folders(settings.rules) for stamp in file_stamps(str(folder), ".toml", listed)]
    for room in ROOMS:
        stamps += file_stamps(os.path.join(PACKAGE, room), ".py", listed)
    listed += [path for path, *_ in stamps]
    return sha256(repr((auditor.__version__, sys.version, stamps)).encode("utf-8", "surrogateescape")).digest()
