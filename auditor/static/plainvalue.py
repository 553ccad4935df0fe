"""What an expression is worth in a plain run: options at their defaults, variables of the environment not set."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.bindings import BindingKind
from auditor.static.elements import UNKNOWN, Known, Unknown
from auditor.static.givenbefore import MAX_STORED, stored_in_attribute
from auditor.static.library_verdict import SeedValue
from auditor.static.maybetrue import may_be_true
from auditor.static.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


def plain_value(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    """`not args.deterministic` of a flag that nobody gives is true.

    Not known where the file stores the same attribute anywhere, or a parameter decides: calls say what that is.
    """
    value = module.constant(node)
    if isinstance(value, Known):
        return value
    if isinstance(node, ast.Name):
        return Known(True) if may_be_true(module, node) else UNKNOWN
    statement = module.parent(node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(target, ast.Attribute) or len(stored_in_attribute(module, target.attr)) > MAX_STORED:
        return UNKNOWN
    return _with_defaults(module, node)


def plain_argument(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    """What an argument is in a plain run: `args.workers` of an option with a default."""
    value = module.constant(node)
    return value if isinstance(value, Known) or not isinstance(node, ast.Attribute) else _with_defaults(module, node)


def _with_defaults(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    from auditor.static.evaluate import OPTION_NAMES, Evaluator
    from auditor.static.frame import Frame

    names = [part for part in walk(node) if isinstance(part, ast.Name)]
    if any(each.id not in OPTION_NAMES and _is_parameter(module, each) for each in names):
        return UNKNOWN
    asked = {part.attr for part in walk(node) if isinstance(part, ast.Attribute)}
    if any(stored is not node for name in asked for stored in stored_in_attribute(module, name)):
        return UNKNOWN
    evaluator = Evaluator(module.project)
    try:
        seen = evaluator.value(node, Frame(module, module.enclosing_function(node)))
    finally:
        evaluator.close()
    return Known(seen.constant) if seen.is_constant and seen.kind is SeedValue.FIXED else UNKNOWN


def _is_parameter(module: ModuleFacts, name: ast.Name) -> bool:
    return any(binding.kind is BindingKind.PARAMETER for binding in module.names.bindings_of(name))
