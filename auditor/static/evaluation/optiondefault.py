"""What an option is worth where nobody gives it and nothing was stored over it: `args.deterministic`, on by default."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import uses
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.syntax.elements import UNKNOWN, Known, Unknown

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_SHOWING = frozenset({"print", "str", "repr"})


def option_default(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    """Not known unless the file parses the options itself, and hands them to nobody before it asks."""
    parsed = _parsed(module, node.value) if isinstance(node, ast.Attribute) else None
    if parsed is None or not isinstance(node, ast.Attribute):
        return UNKNOWN
    if _may_be_set_elsewhere(module, parsed):
        return UNKNOWN
    is_once = module.enclosing_function(node) is module.enclosing_function(parsed)
    is_once = is_once and not any(isinstance(holder, _LOOPS) for holder in module.around(node))
    if not all(
        _leaves(module, use, node) or (is_once and _is_below(module, use, node)) for use in uses(module, parsed)
    ):
        return UNKNOWN
    from auditor.static.evaluation.evaluate import Evaluator  # which few files need
    from auditor.static.resolution.frame import Frame

    evaluator = Evaluator(module.project)
    try:
        seen = evaluator.value(node, Frame(module, module.enclosing_function(node)))
    finally:
        evaluator.close()
    return Known(seen.constant) if seen.is_constant and seen.kind is SeedValue.FIXED else UNKNOWN


def _may_be_set_elsewhere(module: ModuleFacts, parsed: ast.expr) -> bool:
    """Whether a file tells other defaults, or who imports the options of a script stores over them."""
    if any(word.arg is None for call in module.call_index.written("set_defaults") for word in call.node.keywords):
        return True
    programs = module.project.programs.reaching(module.path) if module.enclosing_function(parsed) is None else ()
    return any(path != module.path for path in programs)


def _parsed(module: ModuleFacts, name: ast.expr) -> ast.expr | None:
    """The name in `args = parser.parse_args()` where that is the only one bound so."""
    bindings = module.lookup.bindings_of(name) if isinstance(name, ast.Name) else ()
    made = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(made, ast.Assign) or len(made.targets) != 1 or not isinstance(made.targets[0], ast.Name):
        return None
    call = made.value
    is_parsed = isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "parse_args"
    is_plain = isinstance(call, ast.Call) and not call.args and not call.keywords
    return made.targets[0] if is_parsed and is_plain else None


def _leaves(module: ModuleFacts, use: ast.expr, asked: ast.Attribute) -> bool:
    """Whether what is done there leaves the option as it is, whenever that is."""
    above = module.parent(use)
    if isinstance(above, ast.Attribute):
        return above.attr != "__dict__" and (above.attr != asked.attr or isinstance(above.ctx, ast.Load))
    return isinstance(above, ast.Call) and module.resolve(above.func) in _SHOWING


def _is_below(module: ModuleFacts, use: ast.expr, asked: ast.Attribute) -> bool:
    return module.enclosing_function(use) is module.enclosing_function(asked) and use.lineno > asked.lineno
