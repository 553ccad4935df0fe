"""Where things stand in a file: text, lines and columns for people, cells of notebooks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import compress

from auditor.model.location import Location


def in_words(location: Location) -> str:
    """A place as messages name it: `train.py:3`, `train.ipynb: cell 2:3`."""
    cell = f" cell {location.cell}:" if location.cell is not None else ""
    return f"{location.path}:{cell}{location.line}"


class Places:
    """Lines of one file; `cells` gives for each line of a notebook the cell and the line in it, both from 1."""

    def __init__(
        self,
        path: str,
        lines: Sequence[str],
        cells: Sequence[tuple[int, int]] | None,
        code: Callable[[], Sequence[int]] | None = None,
    ) -> None:
        """`code`: which lines count, as `code_lines` tells; None where no text of a node is asked for."""
        self._path = path
        self._lines = lines
        self._cells = cells
        self._code = code

    def text(self, node: ast.AST) -> str:
        """Source text of a node without lines of comments and blank ones; the others keep their indentation."""
        line, column, end_line, end_column = _span(node)
        if end_line == line:
            return self._slice(line, column, end_column)
        lines = [self._slice(line, column, None)]
        between = slice(line, end_line - 1)
        lines.extend(compress(self._lines[between], self._counting[between]))
        lines.append(self._slice(end_line, 0, end_column))
        return "\n".join(lines)

    def location(self, node: ast.AST, function: str | None) -> Location:
        """Place of a node inside `function`; for a function or class only its first line."""
        line, column, end_line, end_column = _span(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            end_line, end_column = line, len(self._line(line).encode())
        cell, first = self.place(line)
        return Location(
            path=self._path,
            line=first,
            column=self._characters(line, column) + 1,
            end_line=first + end_line - line,
            end_column=self._characters(end_line, end_column) + 1,
            cell=cell,
            function=function,
        )

    def place(self, line: int) -> tuple[int | None, int]:
        """Cell and line in the cell for a line of the text; (None, line) outside notebooks."""
        if self._cells is None:
            return None, line
        return self._cells[line - 1] if line <= len(self._cells) else (None, line)

    def text_line(self, location: Location) -> int:
        """The line of the text, from 1, where a location of this file begins; the inverse of `place`."""
        if location.cell is None:
            return location.line
        return self._text_lines.get((location.cell, location.line), 1)

    @cached_property
    def _counting(self) -> Sequence[int]:
        return self._code() if self._code is not None else b"\1" * len(self._lines)

    @cached_property
    def _text_lines(self) -> dict[tuple[int, int], int]:
        return {place: number for number, place in enumerate(self._cells or (), 1)}

    def _line(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""

    def _slice(self, line: int, start: int, end: int | None) -> str:
        text = self._line(line)
        return text[start:end] if text.isascii() else text.encode()[start:end].decode("utf-8", "replace")

    def _characters(self, line: int, column: int) -> int:
        """The tree counts UTF-8 bytes, people count characters."""
        text = self._line(line)
        return column if text.isascii() else len(text.encode()[:column].decode("utf-8", "replace"))


def _span(node: ast.AST) -> tuple[int, int, int, int]:
    line = getattr(node, "lineno", 1)
    column = getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None)
    return line, column, end_line, column if end_column is None else end_column
