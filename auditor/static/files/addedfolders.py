"""Folders that a file puts on `sys.path`, as far as it names them: read from its text, before anything is parsed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from auditor.model.pattern import lazy_pattern
from auditor.static.text.plainfile import read_plain

_ADDED = lazy_pattern(rb"^[^#\n]*\bsys\.path\.(?:append|insert|extend)\(([^\n]*)", re.MULTILINE)
_JOINED = lazy_pattern(rb"^[^#\n]*\bjoin\(([^\n]*)", re.MULTILINE)
"""In a file that is there for `sys.path`: `add_path(lib)` of a folder that has a name."""

_FOLDER = lazy_pattern(rb"""["']([\w./-]+?)\\?["']""")


def named_folders(file: str, *, also_joined: bool) -> Iterator[str]:
    """What `sys.path.append("../utils")` names, and `sys.path.insert(0, join(HERE, "models"))`: each part, and all."""
    raw = lines_with(file, b"sys.path")
    joined = _JOINED.findall(raw) if also_joined else []
    for statement in (*_ADDED.findall(raw), *joined):
        parts = [part.decode("ascii", "replace") for part in _FOLDER.findall(statement)]
        if parts:
            yield from (*parts, "/".join(parts))


def lines_with(file: str, word: bytes) -> bytes:
    """The lines of a file in which a word stands; nothing of others, and of what cannot be read."""
    try:
        raw = read_plain(file)
    except OSError:
        return b""
    return raw.removeprefix(codecs.BOM_UTF8).replace(b"\r", b"\n") if word in raw else b""
