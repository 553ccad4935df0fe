"""Which programs hold a trait: each file is asked once for all of them, and most are told by their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field
from auditor.static.project import Project

if TYPE_CHECKING:
    from auditor.static.reuse.trace import Memory
    from auditor.static.scanning.program import Trait

_OF_CONTENT = ("content", "packages")


@dataclass(slots=True)
class _Known:
    """What is known of one trait."""

    programs: Memory[str, bool] = field(default_factory=dict)
    files: Memory[str, bool] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    """Files that cannot hold it by what stands in them."""


@dataclass(slots=True)
class _Knowledge:
    """What is known about the programs of a project."""

    traits: WeakKeyDictionary[Trait, _Known] = field(default_factory=WeakKeyDictionary)
    last: tuple[str, frozenset[str]] = ("", frozenset())
    """The program that was asked last, and its files; mostly it is asked for several traits."""


_KNOWN: WeakKeyDictionary[Project, _Knowledge] = WeakKeyDictionary()


def have(traits: Sequence[Trait], path: str, project: Project) -> bool:
    """Whether a file of the program at `path` holds one of the traits; each program is asked once about each."""
    if not traits:
        return False
    project.trace.note("reach", path)
    knowledge = _KNOWN.setdefault(project, _Knowledge())
    return any(_has(trait, path, project, knowledge) for trait in traits)


def _has(trait: Trait, path: str, project: Project, knowledge: _Knowledge) -> bool:
    known = knowledge.traits.setdefault(trait, _Known())
    if path in known.programs:
        return project.trace.once(known.programs, path, bool)
    if knowledge.last[0] != path:
        knowledge.last = path, frozenset(project.graph.reached_by_statements(path))
    files = knowledge.last[1]
    pending = sorted(files - known.lacking)

    def ask() -> bool:
        return any(_holds(trait, each, project, known) for each in pending)

    holds = project.trace.once(known.programs, path, ask)
    _, asked, parsed = known.programs[path]
    # Whoever rests on the answer rests on what the program reaches, and so on what stands in these files.
    known.programs[path] = holds, [each for each in asked if each[0] not in _OF_CONTENT or each[1] not in files], parsed
    return holds


def _holds(trait: Trait, path: str, project: Project, known: _Known) -> bool:
    """Whether one file holds it."""
    if path in known.lacking:
        return False
    if path not in known.files and not trait.may_be_in(path, project):
        known.lacking.add(path)
        project.unread(path)
        return False

    def look() -> bool:
        module = project.module(path)
        return module is not None and trait.is_in(module)

    def ask() -> bool:
        # Aside: what was resolved before in the file would not be noted again, and others take the answer from here.
        # Thousands of files may be parsed for it, too: each is let go of.
        holds = project.aside(look)
        project.unread(path)
        return holds

    return project.trace.once(known.files, path, ask)
