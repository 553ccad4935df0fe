"""Class methods that make an object of the class that they are reached through: `Model.from_config(…)`."""

from __future__ import annotations

import ast

from auditor.model.lean import replace
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import every_argument
from auditor.static.syntax.nodes import walk


def of_class_at_hand(function: FunctionRef, made: Value) -> Value:
    """What a function returns, where that is `cls(…)`: an object of the class that inherits it."""
    if not isinstance(made, Instance) or made.made_by is None or not isinstance(made.of, ClassRef):
        return made
    is_own = any(node is made.made_by for node in walk(function.node))
    if not is_own or not _is_inherited(function, made.of) or not _makes(function, made.made_by):
        return made
    return made if function.owner is None else replace(made, of=function.owner)


def makes_class_at_hand(function: FunctionRef) -> bool:
    """Whether a class method that another class inherits makes an object of that one."""
    parent = function.module.parent(function.node)
    if not isinstance(parent, ast.ClassDef) or not _is_inherited(function, ClassRef(function.module, parent)):
        return False
    return any(isinstance(node, ast.Call) and _makes(function, node) for node in walk(function.node))


def _is_inherited(function: FunctionRef, of: ClassRef) -> bool:
    """Whether a class method of `of` is reached through a class below it."""
    has_it = function.module.parent(function.node) is of.node
    return has_it and _is_class_method(function) and function.owner is not None and function.owner != of


def _is_class_method(function: FunctionRef) -> bool:
    decorators = [] if isinstance(function.node, ast.Lambda) else function.node.decorator_list
    return any(isinstance(each, ast.Name) and each.id == "classmethod" for each in decorators)


def _makes(function: FunctionRef, call: ast.Call) -> bool:
    """`cls(…)`, where the name is the first parameter and nothing binds it anew."""
    arguments = every_argument(function.node.args)
    if not arguments or not isinstance(call.func, ast.Name) or call.func.id != arguments[0].arg:
        return False
    bindings = function.module.lookup.bindings_of(call.func)
    return len(bindings) == 1 and bindings[0].node is arguments[0]
