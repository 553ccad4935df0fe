"""`x[index] = rows` with an index tensor: where indices repeat, the last thread wins.

A matcher cannot say it: assignments to items are no calls, and the index has to be known as a tensor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.constants import MAX_DEPTH
from auditor.static.scanning.prerequisites import Prerequisite
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.scanning.tensorindex import is_tensor_index
from auditor.static.text.mentions import Names

_ASSIGNED = frozenset({"]=", "] =", "]  "})
"""Texts of which one stands where an item is assigned; of the last one, the blanks are there to line up."""

_SAME_NUMBERS = frozenset(
    {"contiguous", "cpu", "cuda", "detach", "flatten", "int", "long", "ravel", "reshape", "squeeze", "to", "unsqueeze"}
    | {"view"}
)
"""Methods of a tensor that give the same numbers."""

_KEPT = frozenset({"register_buffer"})
"""What makes a tensor an attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    makers: tuple[str, ...]
    """Prefixes of the calls that make a tensor."""

    distinct: frozenset[str]
    """Calls that return indices without repetitions."""

    distinct_methods: frozenset[str]
    """Methods of tensors that do."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        makers=table.strings("makers", required=True),
        distinct=frozenset(table.strings("distinct")),
        distinct_methods=frozenset(table.strings("distinct_methods")),
        program=read_program_condition(table),
    )


class IndexedAssignmentDetector(WithOptions[_Options]):
    """`kind = "indexed-assignment"`."""

    kind = "indexed-assignment"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset({"torch"})

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        stands = (frozenset({"torch"}), _ASSIGNED)
        return (
            Prerequisite(literals=stands, names=Names(frozenset(), beginnings=self._options.of(rule).makers)),
            Prerequisite(literals=(*stands, _KEPT)),
        )

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for node, target, value, _ in module.index.assignments:
            if not isinstance(node, ast.Assign) or not isinstance(target, ast.Subscript):
                continue
            # What is stored into comes first: it is mostly no tensor, and other files need not be parsed to say so.
            if isinstance(value, ast.Constant) or not _is_tensor(module, target.value, options):
                continue
            if isinstance(module.constant(value), Known) or not is_tensor_index(module, target.slice):
                continue
            if _is_distinct(module, target.slice, options):
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points != ():
                yield Hit(location=module.location(node), entry_points=entry_points)


def _is_tensor(module: ModuleFacts, node: ast.expr, options: _Options) -> bool:
    if isinstance(node, ast.Name):
        return _makes_tensor(module, module.origin(node), options)
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.value.id != "self":
        return False
    holder = module.enclosing_class(node)
    if holder is None:
        return False
    for call in module.call_index.candidates((), (), _KEPT):
        name = module.constant(call.node.args[0]) if call.node.args else None
        if isinstance(name, Known) and name.value == node.attr and _stands_in(module, call.node, holder):
            return True
    return False


def _stands_in(module: ModuleFacts, node: ast.AST, holder: ast.AST) -> bool:
    return node is holder or any(each is holder for each in module.around(node))


def _makes_tensor(module: ModuleFacts, node: ast.expr, options: _Options) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = module.resolve(node.func)
    return name is not None and name.startswith(options.makers)


def _is_distinct(module: ModuleFacts, index: ast.expr, options: _Options) -> bool:
    """Whether no cell can be meant twice; one part of several that counts through is enough."""
    if isinstance(index, ast.Tuple):
        return any(_is_distinct(module, each, options) for each in index.elts)
    origin = module.origin(index)
    for _ in range(MAX_DEPTH):  # `index = index.view(-1)` leads to itself
        if isinstance(origin, ast.Subscript):
            origin = module.origin(origin.value)
        elif not isinstance(origin, ast.Call):
            return False
        elif module.resolve(origin.func) in options.distinct:
            return True
        elif not isinstance(origin.func, ast.Attribute):
            return False
        elif origin.func.attr in options.distinct_methods:
            return True
        elif origin.func.attr in _SAME_NUMBERS:
            origin = module.origin(origin.func.value)
        else:
            return False
    return False


DETECTOR = IndexedAssignmentDetector(_read)
