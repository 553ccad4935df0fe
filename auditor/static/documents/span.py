"""A stretch of a document's text."""

from __future__ import annotations

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Lines and columns from 1, the end column one past the last."""

    line: int
    column: int
    end_line: int
    end_column: int
