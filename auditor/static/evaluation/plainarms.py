"""Names that both arms of a condition bind, of which a run that is started plainly executes one."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.elements import is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_CONVERTING = frozenset({"abs", "int"})
_BOTH = 2
MAX_STEPS = 2
"""Functions that hand a switch on."""


def is_differing_by_default(given: ast.expr, module: ModuleFacts) -> bool:
    """Whether the arm that a plain run executes gives a name another value in each run.

    `seed = args.seed if args.seed is not None else time()`, written as a statement.
    """
    while isinstance(given, ast.Call) and getattr(given.func, "id", "") in _CONVERTING and len(given.args) == 1:
        given = given.args[0]
    bindings = module.lookup.in_force(given) if isinstance(given, ast.Name) else ()
    nodes = [binding.node for binding in bindings if binding.kind is BindingKind.VALUE]
    assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    if len(bindings) != _BOTH or len(assigned) != _BOTH:
        return False
    one, other = map(module.parent, assigned)
    if one is not other or not isinstance(one, ast.If) or not one.orelse:
        return False
    outcome = _outcome(one.test, module)
    pairs = zip(bindings, assigned, strict=True)
    bound = [binding.value for binding, node in pairs if _precedes(node, one.orelse[0]) is outcome]
    if len(bound) != 1 or bound[0] is None:
        return False
    return module.seed_value(bound[0]) is SeedValue.ENTROPY


def _precedes(node: ast.stmt, other: ast.stmt) -> bool:
    return (node.lineno, node.col_offset) < (other.lineno, other.col_offset)


def _outcome(test: ast.expr, module: ModuleFacts) -> bool | None:
    """Whether a condition holds where no option is given, and no call gives a parameter that is a switch."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _outcome(test.operand, module)
        return None if inner is None else not inner
    is_for_none = isinstance(test, ast.Compare) and len(test.ops) == 1 and is_none(test.comparators[0])
    asked = test.left if is_for_none and isinstance(test, ast.Compare) else test
    seen = module.seed_value(asked)
    if seen is SeedValue.NONE and isinstance(asked, ast.Attribute):
        from auditor.static.evaluation.unset import is_unset  # which asks this module

        if not is_unset(asked, module):
            return None
        return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.Eq)
    if is_for_none or not isinstance(asked, ast.Name):
        return None
    return _switch(asked, module)


def _switch(asked: ast.Name, module: ModuleFacts) -> bool | None:
    """The default of a parameter that no call gives."""
    from auditor.static.evaluation.unset import is_called_as_written, is_given_by_none

    function = module.enclosing_function(asked)
    if not isinstance(function, ast.FunctionDef) or not is_called_as_written(module, function):
        return None
    default = default_of(function, asked.id)
    bindings = module.lookup.bindings_of(asked)
    if not isinstance(default, ast.Constant) or len(bindings) != 1 or bindings[0].kind is not BindingKind.PARAMETER:
        return None
    return bool(default.value) if is_given_by_none(module, function, asked.id, MAX_STEPS) else None
