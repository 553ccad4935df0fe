"""Files that were edited and say what they said: comments and blank lines came or went, and lines moved.

What was found out with them holds, with other numbers of lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING, TypeVar, cast
from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.pattern import lazy_pattern
from auditor.static.resolution.library_verdict import Draw, LibraryVerdict, Seed
from auditor.static.reuse.programfacts import MAX_MOVED_BYTES
from auditor.static.scanning.findings import MAX_SOURCE_LINES, Looked, Placed
from auditor.static.text.layout import moved_lines

if TYPE_CHECKING:
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Kept

Lines = Mapping[str, Mapping[int, int]]
"""By file: where each line of code stands now. Nothing of files that were never parsed: nothing points into these."""

Problems = Mapping[str, str] | None

Value = TypeVar("Value")

_NUMBER = lazy_pattern(r":(\d+)")


def shifted(project: Project, kept: Kept, unchanged: AbstractSet[str]) -> tuple[dict[str, dict[int, int]], int]:
    """Those of the edited files of which only the layout is another one.

    With the bytes by which sizes changed in this way, in all scans that used again what an earlier one had found.
    """
    found: dict[str, dict[int, int]] = {}
    moved_bytes = kept.moved_bytes
    for path in sorted((kept.sketches.keys() & project.files.keys()) - unchanged):
        if project.files[path].is_notebook:
            continue
        before, now = kept.sketch(path), project.sketch(path)
        if not now.digest or before.code != now.code or before.is_marked or now.is_marked:
            continue
        gist = kept.gists.get(path)
        try:
            lines = {} if gist is None else moved_lines(gist, project.gist(path))
        except (ProjectError, RecursionError):
            continue
        if lines is not None:
            found[path] = lines
            moved_bytes += abs(now.size_bytes - before.size_bytes)
    return (found, moved_bytes) if moved_bytes <= MAX_MOVED_BYTES else ({}, kept.moved_bytes)


class Shifts:
    """Gives answers of an earlier scan the lines of now."""

    def __init__(self, project: Project, lines: Lines) -> None:
        self._project = project
        self.lines = lines
        self._texts: dict[str, list[str]] = {}

    def of(self, answer: Value, problems: Problems) -> tuple[Value, Problems] | None:
        """The same answer, and what is wrong with files as it tells that.

        None where it tells something that was edited, such as a comment inside a call.
        """
        try:
            told = {path: self._text(problem) for path, problem in problems.items()} if problems else problems
            return cast("Value", self._moved(answer)), told
        except LookupError:
            return None

    def _moved(self, value: object) -> object:
        if isinstance(value, Placed):
            return self._placed(value)
        if isinstance(value, tuple):
            return tuple([self._moved(each) for each in value])
        if isinstance(value, dict):
            return {key: self._moved(each) for key, each in value.items()}
        if isinstance(value, Looked):
            return replace(value, findings=tuple(map(self._placed, value.findings)))
        if isinstance(value, LibraryVerdict):
            moved = [(path, line if cell else self._line(path, line), cell) for path, line, cell in value.unlisted]
            return replace(
                value,
                draws=tuple(map(self._draw, value.draws)),
                unlisted=frozenset(moved),
                seeds=tuple(map(self._seed, value.seeds)),
                first_draw=self._draw(value.first_draw),
                first_seed=None if value.first_seed is None else self._seed(value.first_seed),
            )
        return value

    def _draw(self, value: Draw) -> Draw:
        return replace(value, location=self._location(value.location), via=tuple(map(self._location, value.via)))

    def _seed(self, value: Seed) -> Seed:
        return replace(value, location=self._location(value.location), via=tuple(map(self._location, value.via)))

    def _placed(self, value: Placed) -> Placed:
        finding, place = self._finding(value.finding), value.finding.location
        if place.path not in self.lines:
            return replace(value, finding=finding)
        by = finding.location.line - place.line
        first, last = value.first + by, value.first + by
        last += (finding.location.end_line or finding.location.line) - finding.location.line
        if place.path not in self._texts:
            source = self._project.source(place.path)
            self._texts[place.path] = source.text().split("\n")
            self._project.unread(place.path)
        if finding.source_lines != tuple(self._texts[place.path][first - 1 : min(last, first - 1 + MAX_SOURCE_LINES)]):
            raise LookupError(place.path)
        return replace(value, finding=finding, first=first, last=last)

    def _finding(self, value: Finding) -> Finding:
        return replace(
            value,
            message=self._text(value.message),
            location=self._location(value.location),
            related=tuple([replace(each, location=self._location(each.location)) for each in value.related]),
        )

    def _text(self, value: str) -> str:
        return _NUMBER.sub(self._named, value)

    def _named(self, number: re.Match[str]) -> str:
        """What stands for a number behind a colon: it is a line where a path stands before it, blanks in it or not."""
        words = number.string[: number.start()].split(" ")
        paths = (" ".join(words[first:]) for first in range(len(words)))
        path = next((path for path in paths if path in self.lines), None)
        return number[0] if path is None else f":{self._line(path, int(number[1]))}"

    def _location(self, place: Location) -> Location:
        if place.path not in self.lines:
            return place
        end = None if place.end_line is None else self._line(place.path, place.end_line)
        return replace(place, line=self._line(place.path, place.line), end_line=end)

    def _line(self, path: str, line: int) -> int:
        lines = self.lines.get(path)
        return line if lines is None else lines[line]
