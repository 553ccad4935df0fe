"""How the programs of a group are seeded, each with what its own answer rests on.

The programs of a group are followed with the same trees, and most with the same modules. What is relevant is found out
for all of them, and what each can see of that is compared (`relevanceview.py`). Of the files that it imports a program
notes itself that it rests on them; what else is asked for any of them is noted for all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet

from auditor.model.annotations import TYPE_CHECKING, Any
from auditor.static.project import Project
from auditor.static.reuse.notes import Entry, Question

if TYPE_CHECKING:
    from auditor.static.execution.relevance import Relevance

Group = tuple[str, ...]
Item = str | tuple[str, Group]
"""A program; what the programs of a group see of what is relevant, or what all of them rest on."""

SEEN, SHARED = "seen", "shared"

_OF_FILES = frozenset({"content", "matters", "packages", "reach"})
"""What is asked of a file that a program imports, which says nothing of others that do not."""

_OWN = frozenset({"content", "reach"})
"""The other two are the same for what a program imports where its `reach` is the same, which it always asks."""


def is_of_group(item: Item) -> bool:
    """Whether something is kept for a group, so that only `Judging` asks for it: it is as large as all their files."""
    return not isinstance(item, str)


class Judging:
    """Of the programs of a scan."""

    def __init__(
        self,
        project: Project,
        before: Callable[[Item], tuple[Any, Iterable[Question]]],
        cancelled: Callable[[], bool],
    ) -> None:
        """`before`: what the last scan found out, and what it asked for that; None where that is not known."""
        self._project = project
        self._before = before
        self._cancelled = cancelled
        self._open: AbstractSet[Item] = frozenset()
        """That of which something that was noted is otherwise now."""

    def items(self, groups: Iterable[Group]) -> list[Item]:
        """What is kept. Of a program by itself, too, with which it was followed: in a group it notes a part alone."""
        groups = list(groups)
        shared = [(kind, group) for group in groups for kind in (SEEN, SHARED) if kind is SHARED or len(group) > 1]
        return [*shared, *(path for group in groups for path in group)]

    def units(self, groups: Iterable[Group], open_: Collection[Item]) -> list[Group]:
        """The groups of which something is to be found out."""
        self._open = {*open_}
        return [group for group in groups if not self._open.isdisjoint(((SEEN, group), (SHARED, group), *group))]

    def judge(self, group: Group) -> dict[Item, Entry]:
        """The verdicts of those programs of a group for which something is otherwise, and what is kept for all."""
        project = self._project
        project.start_over()
        if len(group) == 1:
            return {(SHARED, group): Entry((), {}, frozenset(), {}), group[0]: self._follow(group[0])}
        followed = {path: project.programs.followed(path) for path in group}
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
        found: dict[Item, Entry] = {}
        for path in group:
            if path in self._open or otherwise is None or not otherwise.isdisjoint(followed[path]):
                if self._cancelled():
                    return found
                entry = self._follow(path)
                self._share(entry.asked, followed[path])
                own = {
                    (kind, each): answer
                    for (kind, each), answer in entry.asked.items()
                    if kind in _OWN and each in followed[path]
                }
                found[path] = Entry(entry.answer, own, entry.parsed.intersection(followed[path]), entry.problems)
        if relevance is not None:
            from auditor.static.execution.relevanceview import view_of

            found[SEEN, group] = Entry(view_of(project, relevance), asked, frozenset(parsed), problems)
            found[SHARED, group] = self._shared(group, is_anew=otherwise is None)
        return found

    def _shared(self, group: Group, *, is_anew: bool) -> Entry:
        """What all programs of a group rest on: those that were followed now, and unless all were, before."""
        project = self._project
        questions = project.trace.shared if is_anew else project.trace.shared.union(self._before((SHARED, group))[1])
        project.trace.start()
        for question in sorted(questions):
            project.trace.note(*question)
        asked, parsed = project.trace.stop()
        return Entry((), asked, frozenset(parsed), {})

    def _told_otherwise(self, group: Group, relevance: Relevance) -> set[str] | None:
        """The files of which something else is told than before; None where all programs are to be followed."""
        before, moves = self._before((SEEN, group))[0], self._project.moves
        if before is None or moves is None or (SHARED, group) in self._open:
            return None
        from auditor.static.execution.relevanceview import EVERYWHERE, told_otherwise

        found = told_otherwise(self._project, relevance, before, moves.steady)
        return None if EVERYWHERE in found else found

    def _follow(self, path: str) -> Entry:
        project = self._project
        project.problems = {}
        project.trace.start()
        try:
            project.trace.note("reach", path)
            module = project.module(path)
            verdicts = project.programs.verdicts(module) if module is not None else ()
        finally:
            asked, parsed = project.trace.stop()
        return Entry(verdicts, asked, frozenset(parsed), project.problems_of(parsed))

    def _share(self, asked: Iterable[Question], followed: frozenset[str]) -> None:
        """Let all programs rest on what was asked that is not about files which are `followed` for this one.

        Who looks at all that any program imports asks about this one's own files, too.
        """
        others = [(kind, path) for kind, path in asked if kind not in _OF_FILES or path not in followed]
        every = any(kind == "reach" and path not in followed for kind, path in others)
        for kind, path in asked if every else others:
            self._project.trace.share(kind, path)
