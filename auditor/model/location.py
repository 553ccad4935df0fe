"""Places in source text; lines and columns count from 1, as in SARIF."""

from __future__ import annotations

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """A stretch of one file."""

    path: str
    """Relative to the project, with `/`."""

    line: int
    column: int = 1
    end_line: int | None = None
    """None where only the start is known."""

    end_column: int | None = None
    """One past the last column; None where only the start is known."""

    cell: int | None = None
    """Notebook cell, counted from 1 over all cells; `line` then counts inside it. None outside notebooks."""

    function: str | None = None
    """Enclosing function where it was recorded; None where not known."""
