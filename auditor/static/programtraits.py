"""Which programs hold a trait: each file is asked once for all of them, and most are told by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field
from auditor.static.project import Project

if TYPE_CHECKING:
    from auditor.static.program import Trait
    from auditor.static.trace import Memory

MAX_OPEN_BYTES = 4_000_000
"""Source that is parsed and resolved at once while files of a program are asked what they hold."""

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
    last: tuple[str, frozenset[str], bool] = ("", frozenset(), False)
    """The program that was asked last, its files, and whether they are many; mostly it is asked for several traits."""


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
        reached = frozenset(project.graph.reached_by_statements(path))
        size_bytes = sum(project.source(each).size_bytes for each in reached)
        knowledge.last = path, reached, size_bytes > MAX_OPEN_BYTES
    _, files, is_large = knowledge.last
    pending = sorted(files - known.lacking)

    def ask() -> bool:
        if is_large:
            _ask_ahead(trait, pending, project, known)
        return any(_holds(trait, each, project, known) for each in pending)

    holds = project.trace.once(known.programs, path, ask)
    _, asked, parsed = known.programs[path]
    # Whoever rests on the answer rests on what the program reaches, and so on what stands in these files.
    known.programs[path] = holds, [each for each in asked if each[0] not in _OF_CONTENT or each[1] not in files], parsed
    return holds


def _ask_ahead(trait: Trait, files: Iterable[str], project: Project, known: _Known) -> None:
    """Ask the files that are going to be asked, so that what is parsed for it is let go of every now and then."""
    pending = iter(files)
    for path in pending:
        if path in known.files:
            holds = known.files[path][0]
        elif path in known.lacking:
            continue
        else:
            holds = project.aside(partial(_next_holds, trait, chain((path,), pending), project, known))
        if holds:
            break


def _next_holds(trait: Trait, files: Iterable[str], project: Project, known: _Known) -> bool:
    """Whether one of the files holds the trait; False also where so much was parsed that it has to be let go of."""
    for path in files:
        if _holds(trait, path, project, known):
            return True
        if project.open_bytes > MAX_OPEN_BYTES:
            break
    return False


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
        holds = project.aside(look)
        project.unread(path)
        return holds

    return project.trace.once(known.files, path, ask)
