"""Source text of the audited project, read when it is shown."""

from __future__ import annotations

import json
import re
import tokenize
from pathlib import Path

from auditor.model.location import Location

LIMIT_BYTES = 4_000_000
_LINE_END = re.compile(r"\r\n|\r|\n")  # Python's; `splitlines` breaks at form feeds and at U+2028, too


class SourceReader:
    """Reads files below `root` and keeps those that were read until they change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._kept: dict[tuple[str, int | None], tuple[int, tuple[str, ...]]] = {}

    def path(self, location: Location) -> Path:
        return self.root / location.path

    def lines(self, location: Location) -> tuple[str, ...]:
        """Lines of the location's file (of its cell, in a notebook); none where it cannot be read."""
        path = self.path(location)
        key = (location.path, location.cell)
        try:
            status = path.stat()
            kept = self._kept.get(key)
            if kept is not None and kept[0] == status.st_mtime_ns:
                return kept[1]
            if status.st_size > LIMIT_BYTES:
                return ()
            text = _notebook_cell(path, location.cell) if location.cell is not None else _decoded(path)
        except (OSError, SyntaxError, UnicodeError, ValueError, KeyError, IndexError, TypeError):
            return ()
        lines = tuple(_LINE_END.split(text.removesuffix("\n")))
        self._kept[key] = (status.st_mtime_ns, lines)
        return lines

    def forget(self) -> None:
        self._kept.clear()


def _decoded(path: Path) -> str:
    """Text in the encoding that the file itself declares, as Python reads it."""
    with tokenize.open(path) as file:
        return file.read()


def _notebook_cell(path: Path, cell: int) -> str:
    source = json.loads(path.read_bytes())["cells"][cell - 1]["source"]
    return source if isinstance(source, str) else "".join(source)
