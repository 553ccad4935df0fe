"""A compiled function draws from generators of its own, which no seed outside of it reaches.

A matcher cannot say it: the draw has to stand in a function with a certain decorator.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.values import FunctionRef
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

_SHARED_OUT = (
    "The turns of this loop are run by threads that have a generator each, seeded from entropy: a seed that is set "
    "outside of the loop does not reach them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    decorators: frozenset[str]
    draws: tuple[str, ...]
    """Beginnings of what draws: `numpy.random.`."""

    seeds: frozenset[str]
    shared_out: frozenset[str]
    """What a loop goes through whose turns are run by several threads: `numba.prange`."""


def _read(table: Table) -> _Options:
    return _Options(
        decorators=frozenset(table.strings("decorators", required=True)),
        draws=table.strings("draws", required=True),
        seeds=frozenset(table.strings("seeds", required=True)),
        shared_out=frozenset(table.strings("shared_out")),
    )


class CompiledDrawsDetector(WithOptions[_Options]):
    """`kind = "compiled-draws"`: the first draw of each compiled function of a file that seeds in none of them.

    Where the turns of a loop are shared out to threads, the first draw in it whatever is seeded outside of the loop.
    """

    kind = "compiled-draws"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).decorators)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule).decorators),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        compiled = [node for node in module.index.functions if _is_compiled(module, node, options.decorators)]
        if not compiled:  # before every call of the file is resolved
            return
        seeding = {call.function for call in module.calls if call.callee in options.seeds}
        is_seeded = any(node in seeding for node in compiled)
        seen: set[int] = set()
        for call in module.calls:
            function = call.function
            if not any(function is node for node in compiled) or not (call.callee or "").startswith(options.draws):
                continue
            if call.callee in options.seeds or id(function) in seen:
                continue
            if not is_seeded:
                yield Hit(location=module.location(call.node))
            elif function is not None and _is_shared_out(module, call.node, options, seeding):
                yield Hit(location=module.location(call.node), message=_SHARED_OUT)
            else:
                continue
            seen.add(id(function))


def _is_shared_out(module: ModuleFacts, draw: ast.Call, options: _Options, seeding: Container[Function | None]) -> bool:
    """Whether a draw stands in a loop whose turns several threads run, and no turn seeds."""
    loop: ast.For | None = None
    for holder in module.around(draw):
        if isinstance(holder, ast.For) and isinstance(holder.iter, ast.Call):
            loop = holder if module.resolve(holder.iter.func) in options.shared_out else loop
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return loop is not None and _is_parallel(holder) and not _seeds_below(module, loop, options, seeding)
    return False


def _is_parallel(function: Function) -> bool:
    """`@njit(parallel=True)`."""
    calls = (each for each in getattr(function, "decorator_list", ()) if isinstance(each, ast.Call))
    words = (word for call in calls for word in call.keywords if word.arg == "parallel")
    return any(isinstance(word.value, ast.Constant) and word.value.value is True for word in words)


def _seeds_below(module: ModuleFacts, loop: ast.For, options: _Options, seeding: Container[Function | None]) -> bool:
    for call in (part for part in walk(loop) if isinstance(part, ast.Call)):
        called = module.names.value(call.func)
        if module.resolve(call.func) in options.seeds or (isinstance(called, FunctionRef) and called.node in seeding):
            return True
    return False


def _is_compiled(module: ModuleFacts, node: ast.AST, decorators: frozenset[str]) -> bool:
    for decorator in getattr(node, "decorator_list", ()):
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if module.resolve(named) in decorators:
            return True
    return False


DETECTOR = CompiledDrawsDetector(_read)
