"""Who allows a rule at a place, asked while findings are made: of what is told once, the next place may count."""

from __future__ import annotations

from collections.abc import Callable

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.static.suppress import Suppressions, read_suppressions

if TYPE_CHECKING:
    from auditor.static.project import Project

Allower = tuple[str, int]
"""File and line of a comment; line 0 for what the settings ignore in that file."""


class AllowedPlaces:
    """Asks the settings and the comments of the files of one project. Only comments that give a reason allow."""

    def __init__(self, project: Project) -> None:
        self.ignored: Callable[[str, Rule], bool] = lambda path, rule: False
        """Whether the settings ignore a rule in a file."""

        self._project = project
        self._comments: dict[tuple[str, str], Suppressions] = {}

    def allower(self, rule: Rule, location: Location) -> Allower | None:
        """What allows a rule there; None where nothing does."""
        path = location.path
        if self.ignored(path, rule):
            return path, 0
        module = self._project.module(path)
        if module is None or not self._project.sketch(path).is_marked:
            return None
        comments = self._comments.get((path, rule.id))
        if comments is None:
            comments = read_suppressions("\n".join(module.lines), module.lines, {rule.id: rule, rule.name: rule})
            self._comments[path, rule.id] = comments
        first = module.text_line(location)
        entry = comments.allows(rule, first, first + (location.end_line or location.line) - location.line)
        return (path, entry.line) if entry is not None and entry.reason else None
