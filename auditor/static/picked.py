"""What is called by a name that only the run knows, out of a module: `models.__dict__[arch]()`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.members import with_stars
from auditor.static.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

DRAWING = frozenset({"torchvision.models", "numpy.random"})
"""Modules outside the project in which nearly all that can be called draws."""

MAX_PICKED = 12
"""Functions and classes of one module that may be picked by name."""


def picked(module: ModuleFacts, call: ast.Call) -> list[Value]:
    """What may be called out of a module by a name that only the run knows: `models.__dict__[arch]()`.

    `vars(models)[arch]()` and `getattr(models, arch)()` too. Of a module of the project the functions and classes that
    take such arguments, in the order of the text; of one outside `DRAWING` something that stands for all it holds.
    """
    found = looked_into(module, call.func)
    if found is None:
        return []
    word, source = found
    if isinstance(source, External):
        return [External(f"{source.name}.{word}")] if source.name in DRAWING else []
    if not isinstance(source, ModuleRef):
        return []
    held = module.project.module(source.path)
    values = _held(held) if held is not None else []
    fitting = list(dict.fromkeys(value for value in values if _takes(value, call)))
    # Beside functions that make models, classes are parts of these.
    functions: list[Value] = [value for value in fitting if isinstance(value, FunctionRef)]
    return (functions or fitting)[:MAX_PICKED]


def looks_up(node: ast.expr) -> bool:
    """Whether an expression is written as one that looks an attribute up: `getattr(models, name)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and len(node.args) > 1
    )


def looked_into(module: ModuleFacts, node: ast.expr) -> tuple[str, Value] | None:
    """The module in which something is looked up by name, and how."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
        if isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
            return "__dict__", module.names.value(node.value.value)
        if isinstance(node.value, ast.Call) and len(node.value.args) == 1 and module.resolve(node.value.func) == "vars":
            return "vars", module.names.value(node.value.args[0])
    looks_up = isinstance(node, ast.Call) and len(node.args) > 1 and not isinstance(node.args[1], ast.Constant)
    if isinstance(node, ast.Call) and looks_up and module.resolve(node.func) == "getattr":
        return "getattr", module.names.value(node.args[0])
    return None


def _held(module: ModuleFacts) -> Iterator[Value]:
    """The functions and classes of the project that a module's names stand for, without those that seed."""
    for each in with_stars(module):
        for name in each.index.root.bindings:
            value = each.names.export(name) if not name.startswith("_") and "seed" not in name.lower() else None
            if isinstance(value, FunctionRef | ClassRef):
                yield value


def _takes(value: Value, call: ast.Call) -> bool:
    """Whether something of the project can be called with as many arguments, and such keywords."""
    made = value.module.names.attribute(Instance(value), "__init__") if isinstance(value, ClassRef) else value
    if not isinstance(made, FunctionRef):
        return True
    if any(isinstance(part, ast.Starred) for part in call.args) or any(word.arg is None for word in call.keywords):
        return True
    arguments = made.node.args
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][int(isinstance(value, ClassRef)) :]
    words = {word.arg for word in call.keywords}
    left = positional[len(call.args) : len(positional) - len(arguments.defaults)]
    if len(call.args) > len(positional) and arguments.vararg is None:
        return False
    known = words <= {*positional, *(each.arg for each in arguments.kwonlyargs)} or arguments.kwarg is not None
    return known and words.issuperset(left)
