"""A notebook whose cells were executed in another order than they stand in; told once a notebook.

A matcher cannot say it: it speaks about what the kernel wrote beside the cells, not about their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Related
from auditor.model.location import Location
from auditor.model.pattern import lazy_pattern
from auditor.model.rule import Confidence, Rule, Severity
from auditor.ruleset.table import Table
from auditor.static.documents.detector import DocumentDetector
from auditor.static.documents.kinds import Kind
from auditor.static.matcher import Hit

if TYPE_CHECKING:
    from auditor.static.documents.cells import Cell
    from auditor.static.documents.document import Document
    from auditor.static.documents.references import References

_COUNT = lazy_pattern(rb'"(?:execution_count|prompt_number)"\s*:\s*(\d+|null)')

_WORD = lazy_pattern(r"\w+")


def _read(table: Table) -> re.Pattern[bytes]:
    modules = "|".join(re.escape(name) for name in table.strings("modules", required=True))
    return re.compile(rf"\b(?:import|from)\s+(?:{modules})\b".encode())


class NotebookOrderDetector(DocumentDetector[re.Pattern[bytes]]):
    """`kind = "notebook-order"`; `modules`: a notebook that imports none of them computes nothing that we judge."""

    kind = "notebook-order"
    documents = frozenset({Kind.NOTEBOOK})

    def is_candidate(self, rule: Rule, kind: Kind, raw: bytes) -> bool:
        counts = [int(each) for each in _COUNT.findall(raw) if each != b"null"]
        has_gap = b"null" in _COUNT.findall(raw)
        return bool(counts) and (has_gap or counts != sorted(counts)) and bool(self._options.of(rule).search(raw))

    def find_in(self, rule: Rule, document: Document, references: References) -> Iterable[Hit]:
        cells = [cell for cell in document.cells if any(line.strip() for line in cell.lines)]
        hit = _out_of_order(document.path, cells) or _left_out(document.path, cells)
        if hit:
            yield hit


def _out_of_order(path: str, cells: Sequence[Cell]) -> Hit | None:
    latest: Cell | None = None
    redone: list[tuple[Cell, set[str]]] = []
    words: set[str] = set()
    read = 0
    for place, cell in enumerate(cells):
        if cell.executed is None or cell.sets_up:
            continue
        if redone and cell.given:
            named = set(_WORD.findall("\n".join(cell.lines)))
            for _, names in redone:
                if not named.isdisjoint(names):
                    names |= cell.given  # a function that calls the one which was given anew
        before = latest if latest is not None and _is_before(cell, latest) else None
        if before is not None or any(_is_before(cell, each) for each, _ in redone):
            given = cell.given
            for above in cells[read:place]:
                words.update(_WORD.findall("\n".join(above.lines)))
            read = place
            if given and words.isdisjoint(given):
                continue  # no cell above names what this one gives
            if cell.looks:
                continue
            own = set(_WORD.findall("\n".join(cell.lines)))
            before = before or next(
                (e for e, names in redone if _is_before(cell, e) and not own.isdisjoint(names)), None
            )
            if before is not None:
                return _told(path, cell, before)
        if cell.given:
            redone.append((cell, {*cell.given}))
        elif not cell.looks:
            latest = cell
    return None


def _is_before(cell: Cell, other: Cell) -> bool:
    return cell.executed is not None and other.executed is not None and cell.executed < other.executed


def _told(path: str, cell: Cell, latest: Cell) -> Hit:
    return Hit(
        location=_location(path, cell),
        message=f"cell {cell.number} was executed as number {cell.executed}, before cell {latest.number} above "
        f"it (number {latest.executed}): from top to bottom the notebook may give other results",
        related=(Related(location=_location(path, latest), message=f"executed later, as number {latest.executed}"),),
    )


def _left_out(path: str, cells: Sequence[Cell]) -> Hit | None:
    """A cell without a number above one with a number."""
    last = max((index for index, cell in enumerate(cells) if cell.executed is not None), default=0)
    for cell in cells[:last]:
        if cell.executed is None and cell.does_something:
            return Hit(
                location=_location(path, cell),
                message=f"cell {cell.number} was not executed, later ones were: from top to bottom the notebook may "
                "give other results",
                severity=Severity.NOTE,
                confidence=Confidence.MEDIUM,
            )
    return None


def _location(path: str, cell: Cell) -> Location:
    """The whole cell."""
    end = cell.lines[-1]
    return Location(path=path, line=1, column=1, end_line=len(cell.lines), end_column=len(end) + 1, cell=cell.number)


DETECTOR = NotebookOrderDetector(_read)
