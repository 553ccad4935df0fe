"""An environment that is reset and never seeded, beside others that are: each has a generator of its own.

A matcher cannot say it: where the object goes has to be followed, through the names it is given and into functions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.flow import attribute_reads, parameter, uses
from auditor.static.matcher import Hit, Scope
from auditor.static.members import member
from auditor.static.prerequisites import Prerequisite, naming
from auditor.static.program import ProgramCondition, read_program_condition
from auditor.static.project import Project
from auditor.static.ruleoptions import WithOptions
from auditor.static.targets import only_target
from auditor.static.values import ClassRef, External, FunctionRef

MAX_NAMES = 20
"""Names under which one environment is followed."""

_SPACES = frozenset({"action_space", "observation_space", "single_action_space", "single_observation_space"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    makers: frozenset[str]
    wrappers: tuple[str, ...]
    """Beginnings of the names of what gives the same environment, with something around it."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        makers=frozenset(table.strings("makers", required=True)),
        wrappers=table.strings("wrappers"),
        program=read_program_condition(table),
    )


class UnseededEnvironmentDetector(WithOptions[_Options]):
    """`kind = "unseeded-environment"`."""

    kind = "unseeded-environment"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).makers)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule).makers, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for call in module.calls_to(options.makers):
            if call.argument("seed", None) is not None or not _is_only_reset(module, call, options.wrappers):
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            yield Hit(
                location=module.location(call.node),
                message="This environment is never reset with a seed: the one that another gets does not reach it.",
                entry_points=entry_points,
            )


def _is_only_reset(module: ModuleFacts, call: Call, wrappers: tuple[str, ...]) -> bool:
    """Whether all that is done with an environment is known, and it is reset, and never seeded."""
    is_reset = False
    pending: list[tuple[ModuleFacts, ast.expr]] = [(module, call.node)]
    seen: set[tuple[str, str, ast.AST | None]] = set()
    while pending:
        holder, value = pending.pop()
        for place in _bound(holder, value, wrappers):
            if place is None or len(seen) > MAX_NAMES:
                return False
            inside, target = place
            key = (inside.path, ast.unparse(target), inside.enclosing_function(target))
            if key in seen:
                continue
            seen.add(key)
            if isinstance(target, ast.Attribute) and _is_known_elsewhere(inside, target.attr):
                return False
            for use in _uses(inside, target):
                done = _done(inside, use)
                if done == "seeded":
                    return False
                is_reset |= done == "reset"
                if not done:
                    pending.append((inside, use))
    return is_reset


def _uses(module: ModuleFacts, target: ast.expr) -> Iterator[ast.expr]:
    """The places that read it; a name that another function binds anew is another one."""
    if isinstance(target, ast.Attribute):
        yield from attribute_reads(module, target.attr)
        return
    bindings = module.names.bindings_of(target) if isinstance(target, ast.Name) else ()
    for use in uses(module, target):
        if isinstance(use, ast.Name) and module.names.bindings_of(use) == bindings:
            yield use


def _is_known_elsewhere(module: ModuleFacts, attribute: str) -> bool:
    """Whether another file of a program around this one reads an attribute of that name: `agent.env.seed(3)`."""
    project = module.project
    return any(
        path != module.path and project.texts.contain(path, (f".{attribute}",))
        for program in project.programs.reaching(module.path)
        for path in project.programs.paths_reached(program)
    )


def _done(module: ModuleFacts, use: ast.expr) -> str:
    """What is done with an environment where it is read: `reset`, `seeded`, `asked`; nothing where it is handed on."""
    part, attributes = use, []
    while isinstance(above := module.parent(part), ast.Attribute):
        attributes.append(above.attr)
        part = above
    if not attributes:
        return ""
    if not isinstance(above, ast.Call) or above.func is not part:
        return "" if attributes[-1] in ("env", "unwrapped") else "asked"
    if not _SPACES.isdisjoint(attributes):
        return "asked"
    words = {word.arg for word in above.keywords}
    if "seed" in attributes[-1] or "seed" in words or None in words or (attributes[-1] == "reset" and above.args):
        return "seeded"
    return "reset" if attributes[-1] == "reset" else "asked"


def _bound(
    module: ModuleFacts, value: ast.expr, wrappers: tuple[str, ...]
) -> Iterator[tuple[ModuleFacts, ast.expr] | None]:
    """The names under which a value goes on, each in its file; None where nobody knows."""
    above = module.parent(value)
    call = module.parent(above) if isinstance(above, ast.keyword) else above
    while isinstance(call, ast.Call) and call.func is not value:
        called = module.names.value(call.func)
        if not isinstance(called, External) or not called.name.startswith(wrappers):
            yield _parameter(module, call, value)
            return
        value, call = call, module.parent(call)
    target = only_target(call)
    is_own = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self"
    yield (module, target) if target is not None and (is_own or isinstance(target, ast.Name)) else None


def _parameter(module: ModuleFacts, call: ast.Call, value: ast.expr) -> tuple[ModuleFacts, ast.expr] | None:
    """The parameter of a function of the project that a call gives a value to, where it is read first."""
    called = module.names.value(call.func)
    if isinstance(called, ClassRef):
        called = member(called, "__init__", bound=True)
    if not isinstance(called, FunctionRef):
        return None
    name = parameter(call, value, called.node, skip=1 if called.bound else 0)
    read = next((node for node in ast.walk(called.node) if isinstance(node, ast.Name) and node.id == name), None)
    return (called.module, read) if read is not None else None


DETECTOR = UnseededEnvironmentDetector(_read)
