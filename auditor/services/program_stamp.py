"""What tells whether this program and its rules are those that something in a cache was made by."""

from __future__ import annotations

import os
import sys

import auditor
from auditor.ruleset.locate import rule_folders
from auditor.ruleset.stamp import FileStamp, file_stamps
from auditor.services.kept_report import PACKAGE
from auditor.services.settings import Settings

ROOMS = ("static", "ruleset", "model", "services", "report", "cli")
"""Whose code decides what a scan finds, and how it is told."""

ProgramStamp = tuple[str, str, list[FileStamp]]


def program_stamp(settings: Settings, listed: list[str] | None = None) -> ProgramStamp:
    """Return versions of program and interpreter, and a stamp for each file of rules and of code.

    `listed`: takes the folders in which was looked.
    """
    stamps = [stamp for folder in rule_folders(settings.rules) for stamp in file_stamps(str(folder), ".toml", listed)]
    for room in ROOMS:
        stamps += file_stamps(os.path.join(PACKAGE, room), ".py", listed)
    return auditor.__version__, sys.version, stamps
