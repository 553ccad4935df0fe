"""The demands of all rules, kept beside their compiled form as long as rules and program are the same."""

from __future__ import annotations

import marshal
from binascii import crc32
from pathlib import Path

from auditor.errors import RuleError
from auditor.ruleset import Ruleset
from auditor.ruleset.locate import rule_folders
from auditor.ruleset.marshalled import cache_home, read_marshalled, write_marshalled
from auditor.services.settings import Settings
from auditor.static.scanning.demands import Demands, demands_of, pack, unpack

FORMAT = b"repro-audit demands 2\n"
"""Magic line, CRC-32 of the rest (little-endian), marshalled (stamp, ids of rules, demands).

Version 1: the stamp was a list of files. Version 2: it is a digest.
"""

MAX_FILES = 8
"""Sets of folders with rules for which demands are kept, those that were made last."""


def kept_demands(ruleset: Ruleset, settings: Settings, stamp: bytes) -> Demands | None:
    """Return what the rules of these settings demand, also those that are not chosen.

    `stamp`: that of the program now, made before the rules were read. None where one of them is malformed: whoever
    asks for that one is told, the others can do without it.
    """
    file = demands_file(settings)
    made_for = [stamp, [rule.id for rule in ruleset.rules]]
    content = read_marshalled(file, FORMAT)
    if content is not None:
        try:
            *kept_for, plain = marshal.loads(content)
            if kept_for == made_for:
                return unpack(plain)
        except (ValueError, TypeError, EOFError):
            pass  # made by a program that packs in another way
    try:
        demands = demands_of(ruleset.rules, ruleset.libraries.values())
    except RuleError:
        return None
    write_marshalled(file, FORMAT, (*made_for, pack(demands)))
    _prune(file.parent)
    return demands


def demands_file(settings: Settings) -> Path:
    """Return where they are kept, whether or not they are."""
    folders = "\0".join(str(folder) for folder in rule_folders(settings.rules))
    return cache_home() / "rules" / f"{crc32(folders.encode('utf-8', 'surrogateescape')):08x}.demands"


def _prune(folder: Path) -> None:
    """Rules of folders that are gone would stay for ever."""
    try:
        files = sorted(folder.glob("*.demands"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        for file in files[:-MAX_FILES]:
            file.unlink()
    except OSError:
        return
