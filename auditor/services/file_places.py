"""Where the cells of a notebook stand in its file: services that show source count the lines of its JSON."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.report import AuditReport

if TYPE_CHECKING:
    from auditor.static.fixes.writing.jsoncells import CellSource

_LETTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
"""One character as JSON writes it."""

_BREAKS = {r"\n", r"\r", r"\u000a", r"\u000d", "\n"}


def file_places(report: AuditReport, root: Path, prefix: str = "") -> Mapping[Location, Location]:
    """Return the place in its file for every place in a notebook cell that findings name.

    `prefix` is what reports put before the paths of the project. A notebook that is gone or was changed meanwhile has
    none, or those of the cells that it still has.
    """
    asked: dict[str, list[Location]] = {}
    for place in _places(report):
        if place.cell is not None:
            asked.setdefault(place.path, []).append(place)
    found: dict[Location, Location] = {}
    for path, places in asked.items():
        notebook = _Notebook.read(root / path)
        if notebook is None:
            continue
        for place in places:
            inside = notebook.place(place)
            if inside is not None:
                found[_below(place, prefix)] = _below(inside, prefix)
    return found


def _below(place: Location, prefix: str) -> Location:
    return replace(place, path=prefix + place.path) if prefix else place


def _places(report: AuditReport) -> Iterator[Location]:
    for finding in (*report.findings, *(item.finding for item in report.suppressed)):
        yield finding.location
        for related in finding.related:
            yield related.location


class _Notebook:
    """The text of one notebook, and where the characters of its cells stand in it."""

    def __init__(self, raw: bytes) -> None:
        from auditor.static.fixes.writing.filetext import FileText  # few projects have notebooks
        from auditor.static.fixes.writing.jsoncells import cell_sources

        self._text = FileText(raw).text
        self._sources = cell_sources(self._text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", self._text))]
        self._lines: dict[int, list[list[int]]] = {}

    @classmethod
    def read(cls, path: Path) -> _Notebook | None:
        try:
            return cls(path.read_bytes())
        except (OSError, ValueError, ProjectError, RecursionError):
            return None

    def place(self, place: Location) -> Location | None:
        """The place in the file; None where the cell has no such line."""
        start = self._offset(place.cell, place.line, place.column)
        if start is None:
            return None
        end = None
        if place.end_column is not None:
            end = self._offset(place.cell, place.end_line or place.line, place.end_column)
        line, column = self._position(start)
        end_line, end_column = self._position(end) if end is not None and end > start else (None, None)
        return replace(place, cell=None, line=line, column=column, end_line=end_line, end_column=end_column)

    def _offset(self, cell: int | None, line: int, column: int) -> int | None:
        source = self._sources.get(cell or 0)
        if source is None:
            return None
        lines = self._lines.get(cell or 0)
        if lines is None:
            lines = self._lines[cell or 0] = _letters(self._text, source)
        if line > len(lines):
            return None
        return lines[line - 1][min(column, len(lines[line - 1])) - 1]

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def _letters(text: str, source: CellSource) -> list[list[int]]:
    """For each line of a cell the offsets of its characters, and that of its end."""
    lines: list[list[int]] = [[]]
    ends_with_return = False
    last = source.start
    for start, end in source.strings:
        for match in _LETTER.finditer(text, start + 1, end - 1):
            written = match[0].lower()
            last = match.end()
            if written not in _BREAKS:
                lines[-1].append(match.start())
            elif not (ends_with_return and written in (r"\n", r"\u000a")):
                lines[-1].append(match.start())
                lines.append([])
            ends_with_return = written in (r"\r", r"\u000d")
    lines[-1].append(last)
    return lines
