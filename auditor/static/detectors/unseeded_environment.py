"""An environment that is reset and never seeded, beside others that are: each has a generator of its own.

A matcher cannot say it: where the object goes has to be followed, through the names it is given and into functions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import islice

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.evaluation.flow import attribute_reads, parameter, uses
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.members import member
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, External, FunctionRef
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions

MAX_NAMES = 20
"""Names under which one environment is followed."""

MAX_READS = 200
"""Places that read one of them."""

_SPACES = frozenset({"action_space", "observation_space", "single_action_space", "single_observation_space"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    makers: frozenset[str]
    wrappers: tuple[str, ...]
    """Beginnings of the names of what gives the same environment, with something around it."""

    resetters: frozenset[str]
    """What resets an environment that it is given, without a seed."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        makers=frozenset(table.strings("makers", required=True)),
        wrappers=table.strings("wrappers"),
        resetters=frozenset(table.strings("resetters")),
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
            if call.argument("seed", None) is not None or not _is_only_reset(module, call, options):
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            yield Hit(
                location=module.location(call.node),
                message="This environment is never reset with a seed: the one that another gets does not reach it.",
                entry_points=entry_points,
            )


def _is_only_reset(module: ModuleFacts, call: Call, options: _Options) -> bool:
    """Whether all that is done with an environment is known, and it is reset, and never seeded."""
    is_reset = False
    pending: list[tuple[ModuleFacts, ast.expr]] = [(module, call.node)]
    seen: dict[tuple[str, str, ast.AST | None], tuple[ModuleFacts, ast.expr]] = {}
    while pending:
        where, value = pending.pop()
        value = _wrapped(where, value, options.wrappers)
        if _is_given_to(where, value, options.resetters):
            is_reset = True
            continue
        bound = _bound(where, value)
        if bound is None or len(seen) > MAX_NAMES:
            return False
        inside, target = bound
        key = (inside.path, ast.unparse(target), inside.enclosing_function(target))
        if key in seen:
            continue
        seen[key] = bound
        reads = list(islice(_reads(inside, target), MAX_READS + 1))
        done = [(read, _done(inside, read)) for read in reads] if len(reads) <= MAX_READS else []
        if len(reads) > MAX_READS or any(what == "seeded" for _, what in done):
            return False
        is_reset |= any(what == "reset" for _, what in done)
        pending += [(inside, read) for read, what in done if not what]
    attributes = [(inside, target.attr) for inside, target in seen.values() if isinstance(target, ast.Attribute)]
    return is_reset and not any(_is_known_elsewhere(inside, name) for inside, name in attributes)


def _reads(module: ModuleFacts, target: ast.expr) -> Iterator[ast.expr]:
    """The places that read it; a name that another function binds anew is another one."""
    if isinstance(target, ast.Attribute):
        yield from attribute_reads(module, target.attr)
        return
    bindings = module.lookup.bindings_of(target) if isinstance(target, ast.Name) else ()
    for read in uses(module, target):
        if isinstance(read, ast.Name) and module.lookup.bindings_of(read) is bindings:
            yield read


def _is_known_elsewhere(module: ModuleFacts, attribute: str) -> bool:
    """Whether another file of a program around this one reads an attribute of that name: `agent.env.seed(3)`."""
    paths = module.project.programs.paths_around(module.path)
    contain = module.project.texts.contain
    return any(contain(path, (f".{attribute}",)) for path in sorted(paths - {module.path}))


def _done(module: ModuleFacts, use: ast.expr) -> str:
    """What is done with an environment where it is read: `reset`, `seeded`, `asked`; nothing where it is handed on."""
    part, attributes = use, []
    while isinstance(above := module.parent(part), ast.Attribute):
        attributes.append(above.attr)
        part = above
    if not attributes:
        return ""
    if "np_random" in attributes:
        return "seeded"
    if not isinstance(above, ast.Call) or above.func is not part:
        return "" if attributes[-1] in ("env", "unwrapped") else "asked"
    if not _SPACES.isdisjoint(attributes):
        return "asked"
    words = {word.arg for word in above.keywords}
    if "seed" in attributes[-1] or "seed" in words or None in words or (attributes[-1] == "reset" and above.args):
        return "seeded"
    return "reset" if attributes[-1] == "reset" else "asked"


def _wrapped(module: ModuleFacts, value: ast.expr, wrappers: tuple[str, ...]) -> ast.expr:
    """The same environment, with everything that is put around it in one expression."""
    while isinstance(call := _taker(module, value), ast.Call) and call.func is not value:
        called = module.names.value(call.func)
        if not isinstance(called, External) or not called.name.startswith(wrappers):
            break
        value = call
    return value


def _taker(module: ModuleFacts, value: ast.expr) -> ast.AST | None:
    above = module.parent(value)
    return module.parent(above) if isinstance(above, ast.keyword) else above


def _is_given_to(module: ModuleFacts, value: ast.expr, resetters: frozenset[str]) -> bool:
    """`EvalCallback(environment)`, `evaluate_policy(model, environment)`."""
    call = _taker(module, value)
    return isinstance(call, ast.Call) and call.func is not value and module.resolve(call.func) in resetters


def _bound(module: ModuleFacts, value: ast.expr) -> tuple[ModuleFacts, ast.expr] | None:
    """The name under which a value goes on, and its file; None where nobody knows."""
    call = _taker(module, value)
    if isinstance(call, ast.Call) and call.func is not value:
        return _parameter(module, call, value)
    target = only_target(call)
    is_own = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self"
    return (module, target) if target is not None and (is_own or isinstance(target, ast.Name)) else None


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
