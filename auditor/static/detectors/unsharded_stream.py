"""An iterable dataset that every worker reads from the beginning.

A matcher cannot say it: something has to be missing from the body of a class with certain bases.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodes import walk

_DRAWING = frozenset({"choice", "choices", "integers", "randint", "randrange", "sample"})
"""Functions that draw which one comes next."""

_GLOBAL = frozenset({"numpy.random", "random", "torch"})
"""Where those are that draw other numbers in each worker; of a generator of the data set each worker has a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    datasets: frozenset[str]
    shards: re.Pattern[str]
    """In the class's text: what tells that it knows its worker or its rank."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        datasets=frozenset(table.strings("datasets", required=True)),
        shards=re.compile("|".join(re.escape(word) for word in table.strings("shards", required=True))),
        program=read_program_condition(table),
    )


class UnshardedStreamDetector(WithOptions[_Options]):
    """`kind = "unsharded-stream"`."""

    kind = "unsharded-stream"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).datasets)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule).datasets),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for node in module.index.functions:
            if not isinstance(node, ast.ClassDef) or options.datasets.isdisjoint(module.base_classes(node)):
                continue
            if not _iterates(node) or options.shards.search(module.text(node)) or _samples(module, node):
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            yield Hit(location=module.location(node), entry_points=entry_points)


def _iterates(node: ast.ClassDef) -> bool:
    """Whether the class has an `__iter__` of its own that reads something (not one that is left to subclasses)."""
    return any(
        isinstance(child, ast.FunctionDef)
        and child.name == "__iter__"
        and any(isinstance(part, ast.Yield | ast.YieldFrom | ast.Return) for part in walk(child))
        for child in node.body
    )


def _samples(module: ModuleFacts, node: ast.ClassDef) -> bool:
    """`while True: yield self.rows[random.randrange(…)]`: an endless stream of draws has no beginning and no end.

    Nor has one that yields the same all the time, `while True: yield {}`, for a `collate_fn` that makes the batch.
    """
    for child in node.body:
        if not isinstance(child, ast.FunctionDef) or child.name != "__iter__":
            continue
        loop = child.body[-1]
        is_endless = isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant) and bool(loop.test.value)
        parts = list(walk(loop)) if is_endless else []
        names = [module.resolve(part.func) or "" for part in parts if isinstance(part, ast.Call)]
        drawn = {name.rpartition(".")[2] for name in names if name.rpartition(".")[0] in _GLOBAL}
        if any(isinstance(part, ast.For | ast.YieldFrom) for part in parts):
            return False
        return not _DRAWING.isdisjoint(drawn) or (is_endless and _yields_the_same(parts))
    return False


def _yields_the_same(parts: Iterable[ast.AST]) -> bool:
    yielded = [part.value for part in parts if isinstance(part, ast.Yield)]
    inside = [each for value in yielded if value is not None for each in walk(value)]
    return bool(yielded) and not any(isinstance(each, ast.Name) for each in inside)


DETECTOR = UnshardedStreamDetector(_read)
