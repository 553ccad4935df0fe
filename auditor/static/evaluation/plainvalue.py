"""What an expression is worth in a plain run: options at their defaults, variables of the environment not set."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.givenbefore import MAX_STORED, stored_in_attribute
from auditor.static.evaluation.maybetrue import may_be_true
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.values import ModuleRef
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.elements import UNKNOWN, Known, Unknown
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.seedvalue import Seen

_OF_OPTIONS = (ast.Attribute, ast.BoolOp, ast.Compare, ast.IfExp, ast.UnaryOp)
"""What an option, or a question about options, is written as."""

MAX_IMPORTS = 4
"""Files that take a configuration from another one: `from .default import _C as config`."""


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
    """What an argument is in a plain run: `args.workers` of an option with a default, `args.temperature > 0`."""
    value = module.constant(node)
    asked = module.origin(node) if isinstance(node, ast.Name) else node
    if isinstance(value, Known) or not isinstance(asked, _OF_OPTIONS):
        return value
    if isinstance(asked, ast.BoolOp) and isinstance(asked.op, ast.And):
        return _of_all([plain_argument(module, each) for each in asked.values])
    return _with_defaults(module, asked)


def _of_all(parts: Sequence[Known | Unknown]) -> Known | Unknown:
    """The first of some parts that does not hold, or the last; a flag that nobody gives does not."""
    for part in parts:
        if not isinstance(part, Known) or not part.value:
            return part
    return parts[-1]


def _with_defaults(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    from auditor.static.evaluation.evaluate import OPTION_NAMES, Evaluator
    from auditor.static.resolution.frame import Frame

    names = [part for part in walk(node) if isinstance(part, ast.Name)]
    if any(each.id not in OPTION_NAMES and _is_parameter(module, each) for each in names):
        return UNKNOWN
    asked = {part.attr for part in walk(node) if isinstance(part, ast.Attribute)}
    if any(stored is not node for name in asked for stored in stored_in_attribute(module, name)):
        return UNKNOWN
    evaluator = Evaluator(module.project)
    try:
        seen = _filled_elsewhere(module, node, evaluator)
        seen = evaluator.value(node, Frame(module, module.enclosing_function(node))) if seen is None else seen
    finally:
        evaluator.close()
    return Known(seen.constant) if seen.is_constant and seen.kind is SeedValue.FIXED else UNKNOWN


def _filled_elsewhere(module: ModuleFacts, node: ast.expr, evaluator: Evaluator) -> Seen | None:
    """`config.CUDNN.BENCHMARK` of a configuration that another file fills at its top level, and nothing else there."""
    from auditor.static.resolution.mappings import filled_at_top  # which few files need

    name, *path = (dotted_text(node) or "").split(".")
    root = module.index.root.bindings.get(name, ())
    names = [part for part in walk(node) if isinstance(part, ast.Name)]
    is_local = any(module.lookup.bindings_of(part) != list(root) for part in names)
    for _ in range(MAX_IMPORTS):
        binding = root[0] if len(root) == 1 else None
        if is_local or binding is None or not isinstance(binding.node, ast.ImportFrom) or binding.alias is None:
            return None
        origin = module.names.origin_of(binding.node)
        holder = module.project.module(origin.path) if isinstance(origin, ModuleRef) else None
        if holder is None:
            return None
        module, name = holder, binding.alias.name
        seen = filled_at_top(evaluator, module, name)
        if seen is not None:
            return _at_path(seen, path) if len(stored_in_attribute(module, path[-1])) == 1 else None
        root = module.index.root.bindings.get(name, ())
    return None


def _at_path(seen: Seen, path: Sequence[str]) -> Seen | None:
    from auditor.static.resolution.mappings import entries_of

    found: Seen | None = seen
    for key in path:
        entries = entries_of(found) if found is not None else None
        found = entries.known.get(key) if entries is not None else None
    return found


def _is_parameter(module: ModuleFacts, name: ast.Name) -> bool:
    return any(binding.kind is BindingKind.PARAMETER for binding in module.lookup.bindings_of(name))
