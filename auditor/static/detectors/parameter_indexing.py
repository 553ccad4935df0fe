"""A parameter that is looked up with an index tensor, so that its gradient is accumulated in racing threads.

A matcher cannot say it: what is indexed has to be known as a parameter, and the index as a tensor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from auditor.model.lean import dataclass
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.programwide.gradient import Gradient, gradient_at
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.scanning.tensorindex import is_tensor_index
from auditor.static.syntax.nodeindex import nodes_of
from auditor.static.syntax.nodes import walk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    parameters: frozenset[str]
    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        parameters=frozenset(table.strings("parameters", required=True)),
        program=read_program_condition(table),
    )


class ParameterIndexingDetector(WithOptions[_Options]):
    """`kind = "parameter-indexing"`."""

    kind = "parameter-indexing"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        last = {name.rpartition(".")[2] for name in self._options.of(rule).parameters}
        return frozenset(last | {"requires_grad"})

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        asked = Prerequisite(literals=(frozenset({"requires_grad", "requires_grad_"}),))
        return naming(self._options.of(rule).parameters, called=True), asked

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        found = [node for node in nodes_of(module, ast.Subscript) if _is_lookup(module, node, options)]
        if not found:
            return
        entry_points = options.program.entry_points(module, project)
        if entry_points == ():
            return
        for node in found:
            known = isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Name)
            yield Hit(
                location=module.location(node),
                confidence=Confidence.MEDIUM if known or _is_made_here(module, node) else Confidence.LOW,
                entry_points=entry_points,
            )


def _is_lookup(module: ModuleFacts, node: ast.Subscript, options: _Options) -> bool:
    if not isinstance(node.ctx, ast.Load):
        return False
    if isinstance(node.slice, ast.Constant | ast.Slice | ast.UnaryOp):
        return False
    return (
        _is_made_by_call(module, node.value)  # told without parsing any other file
        and is_tensor_index(module, node.slice)
        and _is_parameter(module, node.value, options)
        and gradient_at(module, node) is not Gradient.NONE
    )


def _is_made_here(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether the index is a name that was assigned here, so that it is known what it is."""
    index = node.slice if isinstance(node, ast.Subscript) else None
    return isinstance(index, ast.Name) and module.origin(index) is not index


def _is_made_by_call(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether all that gives a variable its value are calls, as those that make parameters are."""
    values = _values(module, node)
    return bool(values) and all(isinstance(value, ast.Call) for value in values)


def _is_parameter(module: ModuleFacts, node: ast.expr, options: _Options) -> bool:
    values = _values(module, node)
    return bool(values) and all(_makes_parameter(module, value, options) for value in values)


def _values(module: ModuleFacts, node: ast.expr) -> list[ast.expr]:
    """What a name stands for, or what is assigned to an attribute of `self`; nothing for other expressions."""
    if isinstance(node, ast.Name):
        return [module.origin(node)]
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.value.id != "self":
        return []
    holder = module.enclosing_class(node)
    return _assigned_attributes(module, holder).get(node.attr, []) if holder else []


_ASSIGNED: WeakKeyDictionary[ModuleFacts, dict[ast.ClassDef, dict[str, list[ast.expr]]]] = WeakKeyDictionary()


def _assigned_attributes(module: ModuleFacts, holder: ast.ClassDef) -> dict[str, list[ast.expr]]:
    """What is assigned to the attributes of anything in a class, by their names."""
    kept = _ASSIGNED.setdefault(module, {})
    if holder not in kept:
        found = kept[holder] = {}
        for node in walk(holder):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        found.setdefault(target.attr, []).append(node.value)
    return kept[holder]


def _makes_parameter(module: ModuleFacts, node: ast.expr, options: _Options) -> bool:
    if not isinstance(node, ast.Call):
        return False
    asks = [keyword.value for keyword in node.keywords if keyword.arg == "requires_grad"]
    wanted = module.constant(asks[0]) if asks else None
    if module.resolve(node.func) in options.parameters:
        return wanted is None or (isinstance(wanted, Known) and wanted.value is True)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "requires_grad_" and not node.args:
        return True
    name = module.resolve(node.func) or ""
    return name.startswith("torch.") and isinstance(wanted, Known) and wanted.value is True


DETECTOR = ParameterIndexingDetector(_read)
