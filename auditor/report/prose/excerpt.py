"""Source lines with a caret line under the place that counts."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.report.prose.page import Below, Page, Style

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.model.location import Location

MAX_LINES = 3
MAX_COLUMNS = 160
_TAB = "    "


def add_excerpt(page: Page, finding: Finding) -> None:
    """Add at most three source lines; the caret line stands below the first."""
    location = finding.location
    lines = finding.source_lines
    if not lines:
        return
    gutter = max(4, len(str(location.line + min(len(lines), MAX_LINES) - 1)))
    for index, (shown, place) in enumerate(_rows(lines[:MAX_LINES], location)):
        page.add((f"  {location.line + index:>{gutter}} | ", Style.FAINT), shown)
        if place is not None:
            before, marked = place
            below = (Below(before, " "), Style.PLAIN), (Below(marked, "^"), Style.ERROR)
            page.add((f"  {'':>{gutter}} | ", Style.FAINT), *below)
    if len(lines) > MAX_LINES:
        page.add((f"  {'':>{gutter}} | …", Style.FAINT))


def _rows(lines: tuple[str, ...], location: Location) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Yield (source line as it is shown, what stands in it before the marks and above them)."""
    for index, raw in enumerate(lines):
        line = raw.rstrip("\r\n")
        if index:
            yield _cut(line, 0), None
            continue
        start = min(max(location.column - 1, 0), len(line))
        same_line = location.end_line in (None, location.line)
        stop = len(line.rstrip())
        if same_line and location.end_column is not None:
            stop = min(location.end_column - 1, len(line))
        elif same_line:
            stop = start + 1
        first = max(0, start - MAX_COLUMNS // 2) if len(line) > MAX_COLUMNS else 0
        marked = line[start : max(start, min(stop, first + MAX_COLUMNS))]
        before = ("… " if first else "") + _spaced(line[first:start])
        yield _cut(line, first), (before, _spaced(marked) or " ")


def _cut(line: str, first: int) -> str:
    """A window of a very long line; `…` stands where something is left out."""
    window = line[first : first + MAX_COLUMNS]
    return ("… " if first else "") + _spaced(window) + (" …" if first + len(window) < len(line) else "")


def _spaced(text: str) -> str:
    return text.replace("\t", _TAB)
