"""Whether a name certainly has its value where a patch wants it: what is made below, or under an `if`, has not.

A module or a function of that name (`import torch.optim as optim`) is no value, and neither is a text, a list or
`None` that stands there until an object does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.evaluation.commandline import default_of
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.bindings import FUNCTIONS, Binding, BindingKind, Scope

_ARMS = ("body", "orelse", "finalbody", "handlers", "cases")

_CONDITIONAL = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match, ast.ExceptHandler, ast.match_case)

_SUPPRESSING = "contextlib.suppress"

_WRITTEN = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set)

_NO_VALUE = (BindingKind.IMPORT, BindingKind.FROM_IMPORT, BindingKind.DEFINITION)

Arm = tuple[ast.AST, str]
"""A statement that may leave out what is in it, and the part of it."""


def is_available(module: ModuleFacts, name: str, place: ast.AST) -> bool:
    """Whether `name` is bound in every run that comes to `place`.

    Names of scopes around a function are: it is called once they are made.
    """
    function = module.enclosing_function(place)
    innermost = True
    while function is not None:
        scope = module.index.scopes.get(function)
        if scope is not None and name in scope.elsewhere:
            return _is_global(module, name)
        if scope is not None and name in scope.bindings:
            return _is_value(scope, name) and (not innermost or _is_bound_before(module, scope, name, place))
        function, innermost = module.enclosing_function(function), False
    root = module.index.root
    return _is_value(root, name) and (not innermost or _is_bound_before(module, root, name, place))


def _is_value(scope: Scope, name: str) -> bool:
    found = scope.bindings.get(name, ())
    return all(each.kind not in _NO_VALUE for each in found) and any(_is_made(each, name, scope) for each in found)


def _is_made(binding: Binding, name: str, scope: Scope) -> bool:
    """Whether it may be an object: `optimizer = None` and a parameter that callers may leave out so are none."""
    value = binding.value
    if binding.kind is BindingKind.PARAMETER and isinstance(scope.node, FUNCTIONS):
        value = default_of(scope.node, name)
    return not isinstance(value, _WRITTEN)


def _is_global(module: ModuleFacts, name: str) -> bool:
    """Whether the top level itself gives a `global` name its value."""
    found = module.index.root.bindings.get(name, ())
    return _is_value(module.index.root, name) and any(module.enclosing_function(each.node) is None for each in found)


def _is_bound_before(module: ModuleFacts, scope: Scope, name: str, place: ast.AST) -> bool:
    """Whether a binding that no condition can leave out stands above, or one in each of several arms of one."""
    start = getattr(place, "lineno", 0), getattr(place, "col_offset", 0)
    around = list(_arms(module, place))
    open_arms = [
        [arm for arm in _arms(module, binding.node) if arm not in around]
        for binding in scope.bindings[name]
        if binding.position < start and _is_made(binding, name, scope)
    ]
    if any(not arms for arms in open_arms):
        return True
    choices = {(id(owner), field) for arms in open_arms for owner, field in arms[-1:] if isinstance(owner, ast.If)}
    owners = [owner for owner, _ in choices]
    return any(owners.count(owner) > 1 for owner in owners)


def _arms(module: ModuleFacts, node: ast.AST) -> Iterator[Arm]:
    """The arms of conditions and loops that a node stands in, the innermost first, up to its function."""
    inner: ast.AST = node
    above = module.parent(node)
    while above is not None and not isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        if isinstance(above, _CONDITIONAL) or type(above).__name__ == "TryStar" or _suppresses(module, above):
            field = next((each for each in _ARMS if inner in (getattr(above, each, None) or ())), None)
            if field is not None:
                yield above, field
        inner, above = above, module.parent(above)


def _suppresses(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether it is a `with` whose body may end early without an error."""
    items = node.items if isinstance(node, ast.With) else ()
    calls = (item.context_expr for item in items)
    return any(isinstance(call, ast.Call) and module.resolve(call.func) == _SUPPRESSING for call in calls)
