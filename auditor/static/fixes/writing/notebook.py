"""All changes of one notebook: made in its code as one source, and put back into the cells that they lie in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby

from auditor.model.lean import dataclass, replace
from auditor.model.location import Location
from auditor.static.fixes.changes import Change
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.filetext import FileText
from auditor.static.fixes.writing.jsoncells import CellSource, cell_sources, with_source
from auditor.static.fixes.writing.python import PythonText
from auditor.static.fixes.writing.splice import Splice, spliced
from auditor.static.text.notebook import NotebookText, read_notebook

_CELL_MAGIC = re.compile(r"\s*%%[^\n]*\n")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A code cell; `start` and `end`: where it stands in the code of the whole notebook."""

    number: int
    start: int
    end: int


class NotebookCode:
    """One notebook, read once; raises `ProjectError` where it is none."""

    def __init__(self, raw: bytes) -> None:
        self._file = FileText(raw)
        self._notebook: NotebookText = read_notebook(self._file.text)
        lines = {place: number for number, place in enumerate(self._notebook.places, 1)}
        self._python = PythonText(self._notebook.text, line_of=lambda place: _line(place, lines))

    def compose(self, changes: Sequence[Change]) -> bytes:
        """Return the changed notebook. Raises `Conflict`."""
        self._python.compose(changes)  # that what comes out of it as a whole is Python
        by_cell: dict[_Cell, list[Splice]] = {}
        for splice in self._python.splices(changes):
            by_cell.setdefault(self._cell_of(splice), []).append(splice)
        text = self._file.text
        edits = []
        for cell, splices in by_cell.items():
            source = self._sources[cell.number]
            code = self._changed(cell, splices)
            parts = (with_source(text, source, code),)
            edits.append(Splice(start=source.start, end=source.end, parts=parts, changes=tuple(changes)))
        return self._file.bytes_of(spliced(text, edits))

    @cached_property
    def _cells(self) -> tuple[_Cell, ...]:
        found = []
        at = 0
        lines = self._notebook.text.split("\n")
        for number, places in groupby(enumerate(self._notebook.places), key=lambda each: each[1][0]):
            size = sum(len(lines[index]) + 1 for index, _ in places)
            found.append(_Cell(number, at, at + size - 1))
            at += size
        return tuple(found)

    @cached_property
    def _sources(self) -> Mapping[int, CellSource]:
        return cell_sources(self._file.text)

    def _cell_of(self, splice: Splice) -> _Cell:
        for cell in self._cells:
            if cell.start <= splice.start and splice.end <= cell.end:
                return cell
        raise Conflict("the change reaches over the end of a cell", splice.changes)

    def _changed(self, cell: _Cell, splices: Sequence[Splice]) -> str:
        """The code of a cell with the changes in it. Its magics are there; what was parsed has `pass`."""
        original = self._source(cell.number)
        code = original.replace("\r\n", "\n").replace("\r", "\n")
        read = self._notebook.text[cell.start : cell.end]
        moved = _below_magic([_moved(splice, cell.start, read, code) for splice in splices], code)
        changed = _as_a_cell(spliced(code, moved), code)
        return changed.replace("\n", "\r\n") if "\r\n" in original else changed

    def _source(self, number: int) -> str:
        import json

        return "".join(json.loads(self._file.text[start:end]) for start, end in self._sources[number].strings)


def _as_a_cell(changed: str, before: str) -> str:
    """Blank lines that keep two statements apart are not needed at the ends of a cell."""
    changed = changed if before.endswith("\n") else changed.rstrip("\n")
    return changed if before.startswith("\n") else changed.lstrip("\n")


def _below_magic(splices: list[Splice], code: str) -> list[Splice]:
    """What was to be put above `%%time` goes below it: such a line has to be the first of its cell."""
    magic = _CELL_MAGIC.match(code)
    if magic is None:
        return splices
    end = magic.end()
    return [
        replace(each, start=end, end=end, parts=tuple(part.lstrip("\n") for part in each.parts))
        if each.is_insertion and each.start < end
        else each
        for each in splices
    ]


def _line(place: Location, lines: dict[tuple[int, int], int]) -> int:
    return lines.get((place.cell or 0, place.line), 1)


def _moved(splice: Splice, start: int, read: str, code: str) -> Splice:
    """A splice of the code that was read as one of the cell as it is."""
    if read == code:
        return replace(splice, start=splice.start - start, end=splice.end - start)
    return replace(
        splice,
        start=_index(splice.start - start, read, code, splice),
        end=_index(splice.end - start, read, code, splice),
    )


def _index(at: int, read: str, code: str, splice: Splice) -> int:
    line = read.count("\n", 0, at)
    column = at - (read.rfind("\n", 0, at) + 1)
    starts = [0, *(match.end() for match in re.finditer("\n", code))]
    was, now = read.split("\n")[line], code.split("\n")[line]
    if was == now or column == 0:
        return starts[line] + column
    if column == len(was):
        return starts[line] + len(now)
    raise Conflict("the change would have to be made inside a magic command", splice.changes)
