"""A report of runs in a copy, told as if they had been in the project: its paths, and its lines before the patches."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

from auditor.model.lean import replace
from auditor.model.location import Location

T = TypeVar("T")


class Original:
    """From a version of the project in a copy to the project as it is."""

    def __init__(self, copy: Path, project: Path, texts: Mapping[str, bytes], original: Callable[[str], bytes]) -> None:
        self._copy = str(copy)
        self._project = str(project)
        self._texts = texts
        self._original = original
        self._lines: dict[str, list[int]] = {}

    def tell(self, value: T) -> T:
        """Rewrite every path and place below `value`; everything else stays as it is."""
        result: object = value
        if isinstance(value, str):
            result = value.replace(self._copy, self._project)
        elif isinstance(value, Location):
            result = self._place(value)
        elif isinstance(value, tuple):
            result = tuple(self.tell(item) for item in value)
        elif isinstance(value, Mapping):
            result = {key: self.tell(item) for key, item in value.items()}
        elif is_dataclass(value) and not isinstance(value, type) and not isinstance(value, Enum):
            result = replace(value, **{field.name: self.tell(getattr(value, field.name)) for field in fields(value)})
        return result  # type: ignore[return-value]

    def _place(self, place: Location) -> Location:
        place = replace(place, path=place.path.replace(self._copy, self._project))
        if place.path not in self._texts or place.cell is not None:
            return place
        lines = self._lines.get(place.path)
        if lines is None:
            lines = original_lines(self._original(place.path), self._texts[place.path])
            self._lines[place.path] = lines
        line = lines[min(place.line, len(lines)) - 1] if lines else place.line
        shift = line - place.line
        return replace(place, line=line, end_line=None if place.end_line is None else max(line, place.end_line + shift))


def original_lines(original: bytes, patched: bytes) -> list[int]:
    """For each line of the patched text, the line (from 1) of the original that it is, or that it was put at."""
    before, after = original.splitlines(), patched.splitlines()
    lines: list[int] = []
    for tag, first, last, start, stop in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for index in range(stop - start):
            if tag == "equal":
                lines.append(first + index + 1)
            else:
                lines.append(max(1, min(first + index + 1, last if tag == "replace" else first)))
    return lines
