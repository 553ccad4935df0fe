"""Which programs hold a trait: each file is asked once for all of them, and most are told by their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field
from auditor.static.execution.namedways import gets_to_lines
from auditor.static.project import Project

if TYPE_CHECKING:
    from auditor.static.reuse.trace import Memory
    from auditor.static.scanning.program import Trait

_OF_CONTENT = ("content", "packages")

MAX_HOLDING = 20
"""Files that may hold a trait and are parsed to see whether a program gets to it; with more it counts as reached."""


@dataclass(slots=True)
class _Known:
    """What is known of one trait."""

    programs: Memory[str, bool] = field(default_factory=dict)
    files: Memory[str, bool] = field(default_factory=dict)
    led: Memory[str, bool] = field(default_factory=dict)
    """Programs that get to a call of the trait."""

    lacking: set[str] = field(default_factory=set)
    """Files that cannot hold it by what stands in them."""


@dataclass(slots=True)
class _Knowledge:
    """What is known about the programs of a project."""

    traits: WeakKeyDictionary[Trait, _Known] = field(default_factory=WeakKeyDictionary)
    last: tuple[str, frozenset[str]] = ("", frozenset())
    """The program that was asked last, and its files; mostly it is asked for several traits."""


_KNOWN: WeakKeyDictionary[Project, _Knowledge] = WeakKeyDictionary()


def have(traits: Sequence[Trait], path: str, project: Project, *, led: bool = False) -> bool:
    """Whether a file of the program at `path` holds one of the traits; each program is asked once about each.

    `led`: a call counts only where the program may get to it: a library that can compile does so for who asks for it.
    """
    if not traits:
        return False
    project.trace.note("reach", path)
    knowledge = _KNOWN.setdefault(project, _Knowledge())
    return any(
        _has(trait, path, project, knowledge) and (not led or _is_led(trait, path, project, knowledge))
        for trait in traits
    )


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


def _is_led(trait: Trait, path: str, project: Project, knowledge: _Knowledge) -> bool:
    """Whether the program at `path` may get to a call of a trait that one of its files holds."""
    known = knowledge.traits[trait]
    if trait.call is None or _holds(trait, path, project, known):
        return True

    def ask() -> bool:
        files = project.graph.reached_by_statements(path)
        candidates = [each for each in sorted(files) if each not in known.lacking and trait.may_be_in(each, project)]
        if len(candidates) > MAX_HOLDING:
            return True
        holding = [each for each in candidates if _holds(trait, each, project, known)]
        lines = {each: project.aside(partial(_lines, trait, each, project)) for each in holding}
        return not all(lines.values()) or gets_to_lines(project, path, lines)

    return project.trace.once(known.led, path, ask)


def _lines(trait: Trait, path: str, project: Project) -> frozenset[int]:
    """The lines in which the calls of a trait begin in a file; none where the file holds it by something else."""
    module = project.module(path)
    return frozenset(call.node.lineno for call in trait.calls_in(module)) if module is not None else frozenset()


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
