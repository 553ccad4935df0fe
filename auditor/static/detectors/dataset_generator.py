"""A generator object that a data set makes in its constructor, and that every worker gets a copy of.

A matcher cannot say it: the call has to stand in the constructor of a class with certain bases, and its result be kept.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.execution.protocols import INDEXING
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodes import walk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    generators: frozenset[str]
    datasets: frozenset[str]
    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        generators=frozenset(table.strings("generators", required=True)),
        datasets=frozenset(table.strings("datasets", required=True)),
        program=read_program_condition(table),
    )


class DatasetGeneratorDetector(WithOptions[_Options]):
    """`kind = "dataset-generator"`."""

    kind = "dataset-generator"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).generators)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule).generators, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for call in module.calls_to(options.generators):
            if not _is_kept_by_dataset(module, call, options.datasets):
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            yield Hit(location=module.location(call.node), entry_points=entry_points)


def _is_kept_by_dataset(module: ModuleFacts, call: Call, datasets: frozenset[str]) -> bool:
    """`self.<name> = generator(…)` in the constructor of a data set."""
    statement = module.parent(call.node)
    if not isinstance(statement, ast.Assign) or getattr(call.function, "name", "") != "__init__":
        return False
    holder, target = module.enclosing_class(call.node), statement.targets[0]
    if holder is None or not isinstance(target, ast.Attribute) or datasets.isdisjoint(module.base_classes(holder)):
        return False
    return not _is_replaced(module, target, holder) and _may_be_read(module, target.attr, holder)


def _is_replaced(module: ModuleFacts, target: ast.Attribute, holder: ast.ClassDef) -> bool:
    """Whether the attribute gets another object somewhere, as in what a worker begins with."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == target.attr
        and isinstance(node.ctx, ast.Store)
        and node is not target
        and (getattr(node.value, "id", "") != "self" or module.enclosing_class(node) is holder)
        and getattr(module.enclosing_function(node), "name", "") != "__init__"
        for node in walk(module.tree)
    )


def _may_be_read(module: ModuleFacts, name: str, holder: ast.ClassDef) -> bool:
    """Whether anything asks for the attribute; a class that does not give items itself leaves that to others."""
    methods = {child.name for child in holder.body if isinstance(child, ast.FunctionDef)}
    if methods.isdisjoint(INDEXING):
        return True
    attributes = (node for node in walk(module.tree) if isinstance(node, ast.Attribute))
    return any(node.attr == name and isinstance(node.ctx, ast.Load) for node in attributes)


DETECTOR = DatasetGeneratorDetector(_read)
