"""Classes and functions out of modules of which nothing tells which: `import_module(path).Net()`.

A program that makes such a thing is followed in part, and must not pass for one in which nothing is drawn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.configured import is_in_maker
from auditor.static.resolution.importcalls import IMPORTING, imported_by, may_import
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.elements import Known, call_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_LOADING = frozenset({"importlib.util.module_from_spec", "imp.load_source"})
"""Calls that make a module of a file that they are given."""

MAX_PARTS = 400
"""Of a function that executes a text; those that import something so are short."""

MAX_HANDED = 4
"""Functions and names through which an imported module, or an object out of it, is handed on."""

MAX_RETURNS = 8
"""Of one function, and values of one name."""


def is_out_of_unknown(module: ModuleFacts, called: ast.expr) -> bool:
    """Whether what is called comes out of a module of which nothing tells which."""
    holder = called.value if isinstance(called, ast.Attribute) else called
    is_given = isinstance(called, ast.Call) and isinstance(module.names.value(called.func), FunctionRef)
    if not (isinstance(called, ast.Attribute | ast.Name) or is_given or _taken_from(called) is not None):
        return False
    # Of a function that makes things by their names, those who call it tell.
    return not is_in_maker(module, called) and _is_of_unknown(module, holder, MAX_HANDED)


def _is_of_unknown(module: ModuleFacts, node: ast.expr, steps: int) -> bool:
    """Whether something is such a module or an object out of one, also as a function of the project returns it."""
    made = module.origin(node)
    if isinstance(made, ast.Name) and steps > 0:
        return any(_is_of_unknown(module, value, steps - 1) for value in _values(module, made)) or any(
            _is_of_unknown(there, value, steps - 1) for there, value in _unpacked(module, made)
        )
    if not isinstance(made, ast.Call):
        return False
    holder = _taken_from(made)
    if holder is not None:
        return steps > 0 and _is_of_unknown(module, holder, steps - 1)
    name = module.resolve(made.func)
    if name in _LOADING or (name == "eval" and _imports_by_text(module, made)):
        return True
    if may_import(made) and name in IMPORTING:
        asked = call_of(made, None).argument("name", 0)
        is_written = asked is None or isinstance(module.constant(asked), Known)
        return not is_written and not imported_by(module, made)
    if steps == 0:
        return False
    called = module.names.value(made.func)
    if isinstance(called, FunctionRef):
        returned = called.module.returns(called.node)[:MAX_RETURNS]
        return any(_is_of_unknown(called.module, each, steps - 1) for each in returned)
    if called is not None or not isinstance(made.func, ast.Attribute | ast.Name):
        return False
    holder = made.func.value if isinstance(made.func, ast.Attribute) else made.func
    return _is_of_unknown(module, holder, steps - 1)


def _imports_by_text(module: ModuleFacts, call: ast.Call) -> bool:
    """`exec("from " + package + " import " + name + " as found")`, and `eval("found")` in the same function."""
    function = module.enclosing_function(call)
    parts = list(islice(ast.walk(function), MAX_PARTS)) if function is not None else []
    executes = any(isinstance(each, ast.Call) and getattr(each.func, "id", "") == "exec" for each in parts)
    texts = [each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return executes and any("import " in text for text in texts)


def _taken_from(node: ast.expr) -> ast.expr | None:
    """`module` of `getattr(module, name)`."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr" and node.args:
        return node.args[0]
    return None


def _values(module: ModuleFacts, name: ast.Name) -> list[ast.expr]:
    """What a name that is bound more than once may stand for: `found = None`, then one of each package."""
    bindings = islice(module.lookup.in_force(name), MAX_RETURNS)
    return [binding.value for binding in bindings if binding.value is not None and binding.value is not name]


def _unpacked(module: ModuleFacts, name: ast.Name) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """What a function returns among others: `plans, trainer_class = configuration()`."""
    for binding in islice(module.lookup.in_force(name), MAX_RETURNS):
        statement = binding.node
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        called = module.names.value(statement.value.func)
        for target in statement.targets if isinstance(called, FunctionRef) else ():
            names = [getattr(each, "id", None) for each in getattr(target, "elts", ())]
            if name.id not in names or None in names or not isinstance(called, FunctionRef):
                continue
            for returned in called.module.returns(called.node)[:MAX_RETURNS]:
                if isinstance(returned, ast.Tuple) and len(returned.elts) == len(names):
                    yield called.module, returned.elts[names.index(name.id)]
