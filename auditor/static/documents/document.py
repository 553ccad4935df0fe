"""One document: its bytes, its text, its lines; read once and within limits."""

from __future__ import annotations

from functools import cached_property

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.location import Location
from auditor.static.documents.kinds import Kind
from auditor.static.syntax.source import SourceFile

if TYPE_CHECKING:
    from auditor.static.documents.cells import Cell
    from auditor.static.documents.span import Span

MAX_BYTES = 300_000
"""Larger documents are not read: nobody writes them by hand, and a megabyte of YAML takes ten seconds."""


class Document:
    """A document of the project, or a notebook seen as one."""

    def __init__(self, source: SourceFile, kind: Kind) -> None:
        self.path = source.path
        """Relative to the project's root, with `/`."""

        self.kind = kind
        self.raw = source.raw()
        self.file = source.file

    @property
    def name(self) -> str:
        """The name without folders."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folders, empty at the project's root."""
        return self.path.rpartition("/")[0]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """For a notebook: its code cells. Raises `ProjectError` where it is none."""
        from auditor.static.documents.cells import read_cells

        return read_cells(self.raw)

    @cached_property
    def text(self) -> str:
        """The text with line ends as `\\n`, a notebook's is its code. Raises `ProjectError` where it is none."""
        if self.kind is Kind.NOTEBOOK:
            return "\n".join(line for cell in self.cells for line in cell.lines)
        if b"\x00" in self.raw:
            raise ProjectError("not text: contains NUL bytes")
        # What is no UTF-8 stands in comments and messages: nothing that is looked for holds such letters.
        text = self.raw.decode("utf-8-sig", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of `text`."""
        return tuple(self.text.split("\n"))

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """For a notebook: cell and line in the cell of each line of the text."""
        return tuple((cell.number, line) for cell in self.cells for line in range(1, len(cell.lines) + 1))

    def location(self, span: Span) -> Location:
        """A stretch of the text as reports name it."""
        if self.kind is Kind.NOTEBOOK:
            cell, line = self.places[span.line - 1]
            end_line = line + span.end_line - span.line
            return Location(
                path=self.path, line=line, column=span.column, end_line=end_line, end_column=span.end_column, cell=cell
            )
        return Location(
            path=self.path, line=span.line, column=span.column, end_line=span.end_line, end_column=span.end_column
        )

    def text_line(self, location: Location) -> int:
        """The line of `text` at which a location begins."""
        if location.cell is None:
            return location.line
        return self.places.index((location.cell, location.line)) + 1
