"""A function that draws from a shared generator is handed to threads or processes.

A matcher cannot say it: the function has to be found from the argument that names it, and its body be read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.callprerequisites import call_prerequisites
from auditor.static.conditions import CallCondition, read_call_condition
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.nodes import walk
from auditor.static.prerequisites import Prerequisite
from auditor.static.program import ProgramCondition, read_program_condition
from auditor.static.project import Project
from auditor.static.ruleoptions import WithOptions
from auditor.static.values import FunctionRef

MAX_DEPTH = 3
"""Calls between the function that is handed over and the draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    """A call that runs the function it is given elsewhere."""

    call: CallCondition
    argument: str
    position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    runners: tuple[_Runner, ...]
    libraries: frozenset[str]
    where: str
    """For the message: `in several threads`."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    runners = []
    for entry in table.tables("runners"):
        runner = _Runner(
            call=read_call_condition(entry), argument=entry.string("function"), position=entry.position("position")
        )
        entry.finish()
        runners.append(runner)
    return _Options(
        runners=tuple(runners),
        libraries=frozenset(table.strings("libraries", required=True)),
        where=table.string("where"),
        program=read_program_condition(table),
    )


class WorkerDrawsDetector(WithOptions[_Options]):
    """`kind = "worker-draws"`."""

    kind = "worker-draws"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(word for runner in self._options.of(rule).runners for word in runner.call.words)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return tuple(each for runner in self._options.of(rule).runners for each in call_prerequisites(runner.call))

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        if _prepares_workers(module):
            return
        for runner in options.runners:
            for call in runner.call.calls(module):
                given = call.argument(runner.argument, runner.position)
                draw = _draw_in(module.names.value(given), project, options.libraries) if given is not None else None
                if draw is None or options.program.entry_points(module, project) == ():
                    continue
                place, drawn = draw
                title = project.rng.libraries[_library(drawn, project, options.libraries)].title
                yield Hit(
                    location=module.location(call.node),
                    message=f"What runs here {options.where} draws from {title}, which they share or inherit.",
                    related=(Related(location=place.location(drawn.node), message=f"draws: {drawn.method}"),),
                    confidence=options.program.weakens(module, project),
                )


def _prepares_workers(module: ModuleFacts) -> bool:
    """A pool calls a function of the program in each new worker, where seeds are set."""
    return any(word.arg == "initializer" for call, _, _ in module.index.calls for word in call.keywords)


def _draw_in(
    value: object, project: Project, libraries: frozenset[str], depth: int = 0
) -> tuple[ModuleFacts, Call] | None:
    """The first draw in a function of the project, or in those that it calls; None where one of them seeds."""
    if not isinstance(value, FunctionRef) or depth > MAX_DEPTH:
        return None
    found: tuple[ModuleFacts, Call] | None = None
    for call in _calls_of(value):
        if call.callee in project.rng.seed_calls:
            return None
        if found is None and _library(call, project, libraries):
            found = value.module, call
        elif found is None and call.node.func is not value.node:
            found = _draw_in(value.module.names.value(call.node.func), project, libraries, depth + 1)
    return found


def _calls_of(function: FunctionRef) -> Iterator[Call]:
    """The calls that stand in a function's body."""
    inside = {id(node) for node in walk(function.node) if isinstance(node, ast.Call)}
    for call in function.module.calls:
        if id(call.node) in inside:
            yield call


def _library(call: Call, project: Project, libraries: frozenset[str]) -> str:
    """The shared generator that a call always draws from; empty where it does not."""
    for candidate in project.rng.candidates(call.callee) if call.callee else ():
        if candidate.condition is None and candidate.library.id in libraries:
            return candidate.library.id
    return ""


DETECTOR = WorkerDrawsDetector(_read)
