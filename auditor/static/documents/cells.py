"""The code cells of a notebook as they stand, and in which order they were executed."""

from __future__ import annotations

from auditor.errors import ProjectError
from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell; `number` counts all cells from 1."""

    number: int
    lines: tuple[str, ...]
    executed: int | None
    """The number that the kernel gave it; None where it was not executed or the number was removed."""

    @property
    def does_something(self) -> bool:
        """Whether anything but comments, magics and shell commands stands in it."""
        return any(line.strip() and line.strip()[0] not in "#%!" for line in self.lines)


def read_cells(raw: bytes) -> tuple[Cell, ...]:
    """The code cells. Raises `ProjectError` where it is no notebook."""
    import json

    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"not a notebook: {error}") from None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        return ()
    found = []
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            executed = cell.get("execution_count")
            found.append(Cell(number, _lines(cell.get("source")), executed if type(executed) is int else None))
    return tuple(found)


def _lines(source: object) -> tuple[str, ...]:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return tuple(source.replace("\r\n", "\n").split("\n")) if isinstance(source, str) else ("",)
