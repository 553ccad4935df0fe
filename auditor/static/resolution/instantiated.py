"""What `hydra.utils.instantiate(cfg.model)` makes, with what the program's configuration gives the constructor."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value
from auditor.static.syntax.bindings import Function, every_argument
from auditor.static.syntax.elements import call_of
from auditor.static.text.configurednames import PARTIAL
from auditor.static.text.hydraconfigs import TARGET, Tree, targets_in

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

INSTANTIATING = frozenset({"hydra.utils.instantiate", "hydra.utils.call", "hydra.instantiate", "hydra_zen.instantiate"})
MAX_PARTS = 10
"""Parts of the name of what is made."""

MAX_CALLS = 20
"""Calls that hand a configuration on to a function."""


@dataclass(frozen=True, slots=True)
class Made:
    """One thing that is made."""

    value: Value
    """A class or function, of the project or outside."""

    call: ast.Call
    """As if its constructor were called where it is made."""

    is_partial: bool
    """Only prepared: whoever gets it calls it."""


_FOUND: WeakKeyDictionary[ModuleFacts, dict[ast.Call, tuple[Made, ...]]] = WeakKeyDictionary()


def instantiated(module: ModuleFacts, node: ast.Call) -> tuple[Made, ...]:
    """What a call makes, the outermost last; nothing where it is not certain which configuration it is given."""
    module.project.trace.note("content", module.path)
    found = _FOUND.setdefault(module, {})
    if node not in found:
        found[node] = ()
        tree = _given(module, node)
        found[node] = tuple(_made(module, node, each) for each in targets_in(tree)) if tree is not None else ()
        built = module.origin(node.args[0]) if node.args and tree is None else None
        if isinstance(built, ast.Call) and module.resolve(built.func) == "hydra_zen.builds" and built.args:
            found[node] = (_built(module, node, built),)
    return found[node]


def made_by(module: ModuleFacts, node: ast.Call) -> Value:
    """What a call that makes something gives."""
    made = instantiated(module, node)
    if not made or made[-1].is_partial:
        return made[-1].value if made else None
    value = made[-1].value
    if isinstance(value, ClassRef | External):
        return Instance(value, made[-1].call, module)
    return value.module.names.returned(value) if isinstance(value, FunctionRef) else None


def _given(module: ModuleFacts, node: ast.Call) -> Tree | None:
    """The part of the configuration that `cfg.data.train` is, in a file with one `@hydra.main`."""
    if not node.args:
        return None
    part, names = part_path(node.args[0])
    function = module.enclosing_function(node)
    if not names or not isinstance(part, ast.Name) or function is None:
        return None
    if part.id not in [each.arg for each in (*function.args.posonlyargs, *function.args.args)]:
        return None
    tree = _part(configuration_given(module, function, part.id), names)
    return tree if tree is not None and isinstance(tree.get(TARGET), str) else None


def part_path(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """What `cfg.data["train"]` is a part of, and the names of the parts."""
    names: list[str] = []
    while len(names) < MAX_PARTS:
        if isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            names.insert(0, str(node.slice.value))
            node = node.value
        else:
            break
    return node, names


def _part(tree: Tree | None, names: Sequence[str]) -> Tree | None:
    part: object = tree
    for name in names:
        part = part.get(name) if isinstance(part, dict) else None
    return part if isinstance(part, dict) else None


def configuration_given(module: ModuleFacts, function: Function, name: str) -> Tree | None:
    """The configuration that a parameter is, or the part of it: in a program, or where one hands it on to."""
    if name in _parameters(module):
        return module.project.graph.configuration(module.path)
    if isinstance(function, ast.Lambda) or not module.project.texts.hold(module.path, frozenset({"hydra"})):
        return None
    from auditor.static.resolution.callers import calls_of  # it looks at what names lead to, which leads here

    place = [each.arg for each in (*function.args.posonlyargs, *function.args.args)].index(name)
    found: list[Tree] = []
    for caller, call in islice(calls_of(module, function), MAX_CALLS):
        given = call_of(call, None).argument(name, place)
        part, names = part_path(given) if given is not None else (given, [])
        if not isinstance(part, ast.Name) or part.id not in _parameters(caller):
            return None
        module.project.trace.note("content", caller.path)
        tree = _part(caller.project.graph.configuration(caller.path), names)
        if tree is None:
            return None
        found += [tree] if tree not in found else []
    return found[0] if len(found) == 1 else None


def _parameters(module: ModuleFacts) -> set[str]:
    """What the functions that Hydra calls call their configuration."""
    return {
        each.arg
        for node in module.index.functions
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and module.resolve(decorator.func) == "hydra.main"
        for each in every_argument(node.args)[:1]
    }


def _made(module: ModuleFacts, node: ast.Call, tree: Tree) -> Made:
    words = [ast.keyword(arg=key, value=_expression(value)) for key, value in tree.items() if not key.startswith("_")]
    call = ast.Call(func=node.func, args=[], keywords=[*words, *node.keywords])
    for word in words:
        ast.copy_location(word, node)
        ast.copy_location(word.value, node)
    return Made(named(module, str(tree[TARGET])), ast.copy_location(call, node), tree.get(PARTIAL) is True)


def _built(module: ModuleFacts, node: ast.Call, built: ast.Call) -> Made:
    """What `builds(Net, width=3)` describes."""
    words = [word for word in built.keywords if word.arg is None or not word.arg.startswith(("hydra_", "zen_"))]
    call = ast.Call(func=built.args[0], args=built.args[1:], keywords=[*words, *node.keywords])
    partial = next((word.value for word in built.keywords if word.arg == "zen_partial"), None)
    is_partial = isinstance(partial, ast.Constant) and partial.value is True
    return Made(module.names.value(built.args[0]), ast.copy_location(call, node), is_partial)


def _expression(value: object) -> ast.expr:
    """A value as it would be written; a name that stands for nothing where it is put together, or has parts."""
    is_plain = not isinstance(value, dict | list) and not (isinstance(value, str) and "${" in value)
    return ast.Constant(value=value) if is_plain else ast.Name(id=TARGET, ctx=ast.Load())  # type: ignore[arg-type]


def named(module: ModuleFacts, dotted: str) -> Value:
    """What a whole name leads to: a class or function of the project, or of a library."""
    parts = dotted.split(".")[:MAX_PARTS]
    for count in range(len(parts) - 1, 0, -1):
        path = module.project.find_module(".".join(parts[:count]), module.path)
        if path is not None:
            value: Value = ModuleRef(path)
            for name in parts[count:]:
                value = module.names.attribute(value, name)
            return value
    return External(dotted)
