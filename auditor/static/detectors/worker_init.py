"""A `worker_init_fn` that gives workers the same seeds in every epoch, or other ones in every run.

A matcher cannot say it: the function has to be found from the argument, and what it seeds with be read. Workers are
started anew for every epoch, so a seed made of constants and the worker's number repeats all augmentations.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator, Mapping

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.scanning.conditions import CallCondition, read_call_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

_ARBITRARY = "Workers are seeded with other numbers in every run: from the clock, the process or the system."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    loaders: CallCondition
    seeds: frozenset[str]
    fresh: re.Pattern[str]
    """In the function's text: what differs from epoch to epoch."""


def _read(table: Table) -> _Options:
    return _Options(
        loaders=read_call_condition(table),
        seeds=frozenset(table.strings("seeds", required=True)),
        fresh=re.compile("|".join(re.escape(word) for word in table.strings("fresh", required=True))),
    )


class WorkerInitDetector(WithOptions[_Options]):
    """`kind = "worker-init"`."""

    kind = "worker-init"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset({"worker_init_fn"})

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        put = _put_under_name(module)
        for call in options.loaders.calls(module, _of_own_loaders(module, options.loaders.callees)):
            given = call.argument("worker_init_fn", None) or _among_further(call, put)
            function = module.names.value(given) if given is not None else None
            if not isinstance(function, FunctionRef):
                continue
            arbitrary = _seed_from_entropy(function, options.seeds)
            if arbitrary is not None:
                place = Related(location=function.module.location(arbitrary.node), message="another seed in every run")
                yield Hit(location=module.location(call.node), message=_ARBITRARY, related=(place,))
                continue
            if call.opaque or _keeps_workers(module, call) or options.fresh.search(function.module.text(function.node)):
                continue
            found = _seeds_in(function, options.seeds)
            seed = next((each for each in found if _is_drawn_from(each, module, project)), None)
            if seed is not None:
                place = Related(location=function.module.location(seed.node), message="the same seeds in every epoch")
                yield Hit(location=module.location(call.node), related=(place,))


def _of_own_loaders(module: ModuleFacts, loaders: Container[str]) -> list[Call]:
    """Calls of the project's own classes that extend a loader, where they may say something of workers."""
    found = []
    for call in module.calls:
        if call.argument("worker_init_fn", None) is None and not any(word.arg is None for word in call.node.keywords):
            continue
        value = module.names.value(call.node.func)
        if isinstance(value, ClassRef) and any(base in loaders for base in value.module.base_classes(value.node)):
            found.append(call)
    return found


def _put_under_name(module: ModuleFacts) -> Mapping[tuple[Function | None, str], ast.expr]:
    """`options["worker_init_fn"] = start`, by the function that does so and the name of the dictionary."""
    return {
        (module.enclosing_function(target), target.value.id): value
        for _, target, value, _ in module.index.assignments
        if isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Name)
        and isinstance(target.slice, ast.Constant)
        and target.slice.value == "worker_init_fn"
        and value is not None
    }


def _among_further(call: Call, put: Mapping[tuple[Function | None, str], ast.expr]) -> ast.expr | None:
    """What `DataLoader(data, **options)` is given so."""
    spread = (word.value for word in call.node.keywords if word.arg is None)
    return next((put[key] for each in spread if (key := (call.function, getattr(each, "id", ""))) in put), None)


def _keeps_workers(module: ModuleFacts, call: Call) -> bool:
    """Whether the workers live on (or may), so that they go on drawing."""
    given = call.argument("persistent_workers", None)
    value = module.constant(given)
    return given is not None and not (isinstance(value, Known) and value.value is False)


def _seed_from_entropy(function: FunctionRef, seeds: frozenset[str]) -> Call | None:
    """The first seed in a function that is left out, or taken from the clock, the process id or the system."""
    inside = {id(node) for node in walk(function.node) if isinstance(node, ast.Call)}
    for call in function.module.calls:
        if id(call.node) in inside and call.callee in seeds and not call.opaque:
            given = (*call.node.args, *(keyword.value for keyword in call.node.keywords))
            if not given or any(_is_arbitrary(function.module, value) for value in given):
                return call
    return None


def _is_arbitrary(module: ModuleFacts, value: ast.expr) -> bool:
    known = module.constant(value)
    return (isinstance(known, Known) and known.value is None) or module.seed_value(value) is SeedValue.ENTROPY


def _is_drawn_from(seed: Call, module: ModuleFacts, project: Project) -> bool:
    """Whether a program with these workers draws from what is seeded, as far as it was followed.

    `random.seed(…)` says nothing to augmentations by NumPy, which torch seeds in its workers.
    """
    asked = project.rng.seed_calls.get(seed.callee or "")
    reaching = project.programs.reaching(module.path)
    if asked is None or not reaching:
        return True
    for path in reaching:
        entry = project.module(path)
        verdicts = project.programs.verdicts(entry) if entry is not None else ()
        is_certain = bool(verdicts) and all(verdict.certain for verdict in verdicts)
        if not is_certain or any(verdict.library.id in asked.seeds for verdict in verdicts):
            return True
    return False


def _seeds_in(function: FunctionRef, seeds: frozenset[str]) -> Iterator[Call]:
    """The seeds in a function, if the value of the first is made of constants and names only."""
    inside = {id(node) for node in walk(function.node) if isinstance(node, ast.Call)}
    for call in function.module.calls:
        if id(call.node) in inside and call.callee in seeds and call.node.args:
            if any(isinstance(part, ast.Call) for part in walk(call.node.args[0])):
                return
            yield call


DETECTOR = WorkerInitDetector(_read)
