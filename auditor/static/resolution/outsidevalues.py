"""What a call of something outside the project gives: an object of a library, or one of ours that passes through."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.callables import DELAYING
from auditor.static.resolution.configured import LOCATING, made_from
from auditor.static.resolution.importcalls import imported_by
from auditor.static.resolution.instantiated import INSTANTIATING, made_by
from auditor.static.resolution.members import SAME_OBJECT
from auditor.static.resolution.namespaces import evaluated
from auditor.static.resolution.values import ClassRef, External, Instance, ModuleRef, Value
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

TRANSPARENT = DELAYING | {"functools.wraps", "ray.remote", "torch.compile", "torch.jit.script", "torch.nn.DataParallel"}
"""Calls whose result behaves as their first argument."""

RESTORING = frozenset({"from_pretrained", "load_from_checkpoint"})
"""Class methods of outside bases that make an object of the class of the project, with stored weights."""

FILLING = {
    "cappa.parse": "obj", "chz.entrypoint": "target", "draccus.parse": "config_class",
    "pyrallis.parse": "config_class", "simple_parsing.parse": "config_class", "tyro.cli": "f",
}  # fmt: skip
"""Calls that make an object of the class that they are given, from the command line; fields keep their defaults.

With the name of the argument that is the class, the first one.
"""


def given_from_outside(module: ModuleFacts, name: str, node: ast.Call) -> Value:
    """What a call gives; `name` is what is called, fully qualified."""
    return _restored(module, node) or _same_object(module, node) or _known_call(module, name, node)


def _restored(module: ModuleFacts, node: ast.Call) -> Value:
    """`Net.load_from_checkpoint(path)`, which a class of the project has from outside."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in RESTORING:
        return None
    holder = module.names.value(node.func.value)
    return Instance(holder) if isinstance(holder, ClassRef) else None


def _same_object(module: ModuleFacts, node: ast.Call) -> Value:
    """`Net().to(device)`, which a class of the project has from outside."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in SAME_OBJECT:
        return None
    made = module.names.value(node.func.value)
    return made if isinstance(made, Instance) and isinstance(made.of, ClassRef) else None


def _known_call(module: ModuleFacts, name: str, node: ast.Call) -> Value:
    if name in TRANSPARENT and node.args:
        return module.names.value(node.args[0])
    if name in ("importlib.import_module", "__import__") and node.args:
        return _imported_text(module, node, top_only=name == "__import__")
    if name == "getattr" and len(node.args) >= 2:
        attribute = node.args[1]
        if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
            return module.names.attribute(module.names.value(node.args[0]), attribute.value)
        return None
    if name in INSTANTIATING:
        return made_by(module, node) or made_from(module, node, External(name))
    if name in LOCATING:
        return made_from(module, node, External(name))
    if name == "eval" and node.args:
        return evaluated(module, node.args[0])
    if name in FILLING:
        given = call_of(node, None).argument(FILLING[name], 0)
        filled = module.names.value(given) if given is not None else None
        return Instance(filled) if isinstance(filled, ClassRef) else None
    made = module.project.rng.returns.get(name)
    if made is not None:
        return Instance(External(made), node, module)
    is_class = name.rpartition(".")[2].lstrip("_")[:1].isupper()
    return Instance(External(name), node, module) if is_class else None


def _imported_text(module: ModuleFacts, node: ast.Call, *, top_only: bool) -> Value:
    first = node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
        top_only = top_only and call_of(node, None).argument("fromlist", 3) is None
        return module.names.module_named(first.value.partition(".")[0] if top_only else first.value)
    found = imported_by(module, node)
    return ModuleRef(found[0]) if len(found) == 1 else None
