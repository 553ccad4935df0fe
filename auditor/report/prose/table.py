"""Tables of a text report."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.report.prose.page import Page, Style


def add_table(page: Page, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns of equal width, the first to the left; the header is faint."""
    widths = [max(len(row[index]) for row in (header, *rows)) for index in range(len(header))]
    for number, row in enumerate((header, *rows)):
        first, *others = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        page.add(("  " + "  ".join(cells), Style.FAINT if number == 0 else Style.PLAIN))
