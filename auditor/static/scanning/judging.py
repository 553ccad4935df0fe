"""How the programs of a group are seeded, each with what its own answer rests on.

The programs of a group are followed with the same trees, and most with the same modules. What is relevant is found out
for all of them, and each notes what it sees of that (`relevanceview.py`). The rest of what a program rests on it asks
for itself, or shares with those before it (`Trace.share`): an edit of one program leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.project import Project
from auditor.static.reuse.notes import Entry, Question

if TYPE_CHECKING:
    from auditor.static.execution.relevance import Relevance
    from auditor.static.execution.relevanceview import View

Group = tuple[str, ...]

_OF_FILES = frozenset({"content", "matters", "packages", "reach"})
"""What is asked of a file that a program imports, which says nothing of others that do not."""

_BELOW = frozenset({"matters", "packages"})
"""What is the same for what a program imports where the program's `reach` is the same, which it always asks."""


class Judging:
    """Of the programs of a scan."""

    def __init__(
        self, project: Project, view_before: Callable[[Group], View | None], cancelled: Callable[[], bool]
    ) -> None:
        """`view_before`: what the programs of a group saw in the last scan."""
        self._project = project
        self._view_before = view_before
        self._cancelled = cancelled
        self._open: AbstractSet[str | Group] = frozenset()
        """Programs, and groups, of which something that was noted is otherwise now."""

    def units(self, groups: Iterable[Group], open_: Collection[str | Group]) -> list[Group]:
        """The groups of which something is to be found out."""
        self._open = {*open_}
        return [group for group in groups if not self._open.isdisjoint((group, *group))]

    def judge(self, group: Group) -> dict[str | Group, Entry]:
        """The verdicts of those programs of a group for which something is otherwise, and what all of them see."""
        project = self._project
        project.start_over()
        followed = {path: project.programs.followed(path) for path in group}
        if len(group) == 1:
            return dict(self._follow(group, followed))
        paths = frozenset().union(*followed.values())
        relevance, otherwise = None, None
        project.trace.start()
        try:
            relevance = project.relate(group, paths)
            otherwise = self._told_otherwise(group, relevance)
        except RecursionError:
            pass  # told of each program that is followed
        finally:
            asked, parsed = project.trace.stop()
        problems = project.problems_of(parsed)
        self._share(asked, paths)
        rest = [
            path
            for path in group
            if path in self._open or otherwise is None or not otherwise.isdisjoint(followed[path])
        ]
        found: dict[str | Group, Entry] = dict(self._follow(rest, followed))
        if relevance is not None and not self._cancelled():
            from auditor.static.execution.relevanceview import view_of

            found[group] = Entry(view_of(project, relevance), asked, frozenset(parsed), problems)
        return found

    def _told_otherwise(self, group: Group, relevance: Relevance) -> set[str] | None:
        """The files of which something else is told than before; None for all."""
        before, moves = self._view_before(group), self._project.moves
        if before is None or moves is None:
            return None
        from auditor.static.execution.relevanceview import EVERYWHERE, told_otherwise

        found = told_otherwise(self._project, relevance, before, moves.steady)
        return None if EVERYWHERE in found else found

    def _follow(self, programs: Collection[str], followed: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, Entry]]:
        project = self._project
        for path in programs:
            if self._cancelled():
                return
            project.problems = {}
            project.trace.start()
            try:
                project.trace.note("reach", path)
                module = project.module(path)
                verdicts = project.programs.verdicts(module) if module is not None else ()
                for question in sorted(project.trace.shared):
                    project.trace.note(*question)
            finally:
                asked, parsed = project.trace.stop()
            self._share(asked, followed[path])
            own = {
                (kind, each): answer
                for (kind, each), answer in asked.items()
                if kind not in _BELOW or each not in followed[path]
            }
            yield path, Entry(verdicts, own, frozenset(parsed), project.problems_of(parsed))

    def _share(self, asked: Iterable[Question], followed: frozenset[str]) -> None:
        """Let the next programs rest on what was asked that is not about files which are `followed` for this one.

        Who looks at all that any program imports asks about this one's own files, too.
        """
        others = [(kind, path) for kind, path in asked if kind not in _OF_FILES or path not in followed]
        every = any(kind == "reach" and path not in followed for kind, path in others)
        for kind, path in asked if every else others:
            self._project.trace.share(kind, path)
