"""The answers that what is worked out rests on, short enough to be kept, and different where anything is different."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.files.importgraph import Reach
from auditor.static.reuse.notes import Question
from auditor.static.reuse.trace import digest

if TYPE_CHECKING:
    from auditor.static.project import Project


class Answers:
    """Each question about the state of the project is answered once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[Question, object] = {}
        self._packages: dict[Reach, bytes] = {}

    def __call__(self, question: Question) -> object:
        found = self._found.get(question)
        if found is None:
            found = self._found[question] = self._answer(*question)
        return found

    def start_over(self) -> None:
        """Something was found out that may change answers."""
        self._found.clear()

    def _answer(self, kind: str, path: str) -> object:
        project = self._project
        if kind in ("content", "reach", "reached", "layout"):
            return None  # where they are the same, `Moves` tells
        if kind == "calling":
            return project.calling_files.found(path)
        if kind == "room":
            return project.moved_bytes
        if kind == "packages":
            return self._of_reach(project.graph.reach(path))
        if kind == "program":
            entry = project.programs.entry_point(path)
            return entry is not None and (entry.is_script, entry.functions)
        if kind == "group":
            return digest(project.programs.group_of(path))
        if kind == "near":
            return digest(sorted(project.programs.followed(path)))
        if kind == "reaching":
            return project.programs.reaching(path)
        if kind == "verdicts":
            verdicts = project.programs.known_verdicts(path)
            return verdicts is not None and digest([verdict.told for verdict in verdicts])
        if kind == "programs":
            return digest(sorted(project.programs.entry_points.items()))
        return project.is_imported(path) if kind == "imported" else project.matters(path)

    def _of_reach(self, reach: Reach) -> bytes:
        found = self._packages.get(reach)
        if found is None:
            found = self._packages[reach] = digest(sorted(reach.packages))
        return found
