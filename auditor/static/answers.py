"""The answers that what is worked out rests on, short enough to be kept, and different where anything is different."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.importgraph import Reach
from auditor.static.trace import Question, digest

if TYPE_CHECKING:
    from auditor.static.project import Project


class Answers:
    """Each question about the state of the project is answered once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[Question, object] = {}
        self._reaches: dict[tuple[Reach, str], bytes] = {}

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
        if kind == "content":
            return project.sketch(path).digest
        if kind in ("reach", "packages"):
            return self._of_reach(project.graph.reach(path), kind)
        if kind == "reaching":
            return project.programs_reaching(path)
        if kind == "verdicts":
            verdicts = project.known_verdicts(path)
            return verdicts is not None and digest([verdict.told for verdict in verdicts])
        if kind == "programs":
            return digest(sorted(project.entry_points.items()))
        return project.is_imported(path) if kind == "imported" else project.matters(path)

    def _of_reach(self, reach: Reach, kind: str) -> bytes:
        found = self._reaches.get((reach, kind))
        if found is None:
            if kind == "packages":
                found = digest(sorted(reach.packages))
            else:
                found = digest([(path, self._project.sketch(path).digest) for path in sorted(reach.files)])
            self._reaches[reach, kind] = found
        return found
