"""A compiled function draws from generators of its own, which no seed outside of it reaches.

A matcher cannot say it: the draw has to stand in a function with a certain decorator.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.ruleoptions import WithOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    decorators: frozenset[str]
    draws: tuple[str, ...]
    """Beginnings of what draws: `numpy.random.`."""

    seeds: frozenset[str]


def _read(table: Table) -> _Options:
    return _Options(
        decorators=frozenset(table.strings("decorators", required=True)),
        draws=table.strings("draws", required=True),
        seeds=frozenset(table.strings("seeds", required=True)),
    )


class CompiledDrawsDetector(WithOptions[_Options]):
    """`kind = "compiled-draws"`: the first draw of each compiled function of a file that seeds in none of them."""

    kind = "compiled-draws"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).decorators)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule).decorators),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        compiled = [node for node in module.index.functions if _is_compiled(module, node, options.decorators)]
        hits: dict[int, Hit] = {}
        for call in module.calls:
            function = call.function
            if function is None or not any(function is node for node in compiled):
                continue
            if call.callee in options.seeds:
                return
            if call.callee and call.callee.startswith(options.draws):
                hits.setdefault(id(function), Hit(location=module.location(call.node)))
        yield from hits.values()


def _is_compiled(module: ModuleFacts, node: ast.AST, decorators: frozenset[str]) -> bool:
    for decorator in getattr(node, "decorator_list", ()):
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if module.resolve(named) in decorators:
            return True
    return False


DETECTOR = CompiledDrawsDetector(_read)
