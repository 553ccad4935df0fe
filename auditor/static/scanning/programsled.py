"""The programs in which an order counts, among those that import the file in which it comes about.

A function that lists files is of no account for who imports its file and calls another one, nor for who calls it and
sorts what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.rule import Confidence
from auditor.static.execution.namedways import gets_to_line
from auditor.static.files.published import is_published
from auditor.static.project import Project

if TYPE_CHECKING:
    import ast

    from auditor.static.facts import ModuleFacts
    from auditor.static.reuse.trace import Memory
    from auditor.static.unordered.ordertrail import OrderedUse

MAX_PROGRAMS = 20
"""Programs of which it is asked whether they get to a place; of a file that more import, all are told …"""

MAX_FOLLOWED = 20_000
"""… unless all these programs together import no more files, each counted with every program."""

MAX_USES = 5
"""Places of one order that are looked at; with more it counts in all programs that get to where it comes about."""

Ask = Callable[[frozenset[tuple[str, int]]], "OrderedUse | None"]
"""The first place where an order counts that is in none of some lines of files."""

Led = tuple["OrderedUse", tuple[str, ...] | None]
"""Where an order counts, and the programs in which it does; None for all that import the file where it comes about."""

_LED: WeakKeyDictionary[Project, Memory[tuple[str, str, int], bool]] = WeakKeyDictionary()


def programs_led_to(project: Project, module: ModuleFacts, node: ast.expr, ask: Ask) -> Led | None:
    """Where the order of `node` counts in a program that gets there by the names that are written on the way, or None.

    Nobody need get there where no program imports the file, or where it is part of a package that others install:
    what no program of the project calls they may.
    """
    use = ask(frozenset())
    if use is None:
        return None
    programs = project.programs.reaching(module.path)
    if not programs or _are_too_many(project, programs):
        return use, None
    making = frozenset(each for each in programs if _is_led(project, each, module.path, node.lineno))
    told, first = _told(project, making, ask)
    if told and first is not None:
        return first, tuple(sorted(told))
    return (use, None) if _is_offered(module.path, project) else None


def led_to(project: Project, path: str, line: int, programs: Collection[str]) -> Collection[str] | None:
    """Those of some programs that get to a line of a file; None where nothing does, and nobody else may.

    `programs`: some of those that import the file. None of them at all counts where others of these get there.
    """
    every = project.programs.reaching(path)
    if not programs or _are_too_many(project, every):
        return programs
    led = [each for each in programs if _is_led(project, each, path, line)]
    if led:
        return led
    if any(_is_led(project, each, path, line) for each in every if each not in programs):
        return None
    return () if _is_offered(path, project) else None


def _are_too_many(project: Project, programs: Collection[str]) -> bool:
    if len(programs) <= MAX_PROGRAMS:
        return False
    followed = 0
    for each in sorted(programs):
        project.trace.note("reach", each)
        followed += len(project.graph.reached(each))
        if followed > MAX_FOLLOWED:
            return True
    return False


def _told(project: Project, making: frozenset[str], ask: Ask) -> tuple[frozenset[str], OrderedUse | None]:
    """Those of some programs that get to a place where the order counts, and the first such place."""
    told: frozenset[str] = frozenset()
    first: OrderedUse | None = None
    count = 0
    for use in _uses(ask) if making else ():
        if first is not None and use.confidence is Confidence.LOW and first.confidence is not Confidence.LOW:
            break
        here = frozenset(each for each in making - told if _is_led(project, each, use.module.path, use.node.lineno))
        first = use if first is None and here else first
        told, count = told | here, count + 1
        if told == making:
            break
        if count == MAX_USES:
            return making, first or use
    return told, first


def _uses(ask: Ask) -> Iterator[OrderedUse]:
    """The places where an order counts, one after the other."""
    ignored: frozenset[tuple[str, int]] = frozenset()
    while (use := ask(ignored)) is not None:
        yield use
        ignored |= {(use.module.path, use.node.lineno)}


def _is_led(project: Project, program: str, path: str, line: int) -> bool:
    """Whether a program gets to a line of a file."""
    project.trace.note("reach", program)
    if path not in project.graph.reached_by_statements(program):
        return False
    known = _LED.setdefault(project, {})
    ask = partial(gets_to_line, project, program, path, line)
    return project.trace.once(known, (program, path, line), ask)


def _is_offered(path: str, project: Project) -> bool:
    """Whether a file is one of a package, in a project that can be installed."""
    folder = path.rpartition("/")[0]
    return bool(folder) and f"{folder}/__init__.py" in project.files and is_published(project.root)
