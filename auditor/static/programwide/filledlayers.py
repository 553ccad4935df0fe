"""Models that initialise the layers they are made of: `for m in self.modules(): if isinstance(m, GraphConv): …`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.protocols import extends_only
from auditor.static.programwide.filledloops import fills
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


_PLAIN = frozenset({"torch.nn.Module"})
"""Bases that call none of the methods that a class adds."""

_Filling = tuple[ast.If, frozenset[str]]
"""A condition, and the parameters that are filled where it holds."""

_FILLED: WeakKeyDictionary[ModuleFacts, dict[str, list[_Filling]]] = WeakKeyDictionary()
"""By the class that objects are asked for, once for all classes of a file."""


def filled_in_layers(module: ModuleFacts, layer: ast.ClassDef) -> frozenset[str]:
    """Parameters of a class that its file fills where it asks objects whether they are of that class."""
    if module not in _FILLED:
        found: dict[str, list[_Filling]] = {}
        for node in walk(module.tree):
            if isinstance(node, ast.If):
                for kind, filling in _fillings(module, node):
                    found.setdefault(kind, []).append(filling)
        _FILLED[module] = found
    fillings = _FILLED[module].get(layer.name, ())
    return frozenset(name for node, names in fillings if _may_be_called(module, node) for name in names)


def _fillings(module: ModuleFacts, node: ast.If) -> Iterator[tuple[str, _Filling]]:
    """By the classes of `if isinstance(m, (GraphConv, GraphPool)):`, of which one hardly means another in a file."""
    test = node.test
    if not (isinstance(test, ast.Call) and getattr(test.func, "id", "") == "isinstance" and len(test.args) == 2):
        return
    name, kinds = test.args
    if not isinstance(name, ast.Name):
        return
    names = frozenset(each for part in node.body for inner in walk(part) for each in _filled(module, inner, name.id))
    for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
        if names and isinstance(kind, ast.Name):
            yield kind.id, (node, names)


def _may_be_called(module: ModuleFacts, node: ast.If) -> bool:
    """Whether a place is not in a function or method of the file that no file of the programs names."""
    function = module.enclosing_function(node)
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or function.name.startswith("__"):
        return True
    programs, name, holder = module.project.programs, function.name, module.parent(function)
    reaching = programs.reaching(module.path)
    if isinstance(holder, ast.Module):
        is_elsewhere = any(set(programs.paths_reached(each, frozenset({name}))) - {module.path} for each in reaching)
        return is_elsewhere or not reaching or bool(names_of(module).get(name))
    if not isinstance(holder, ast.ClassDef) or not extends_only(ClassRef(module, holder), _PLAIN) or not reaching:
        return True
    texts = (f".{name}", f'"{name}"', f"'{name}'")
    return any(module.project.texts.contain(path, texts) for path in sorted(programs.paths_around(module.path)))


def _filled(module: ModuleFacts, part: ast.AST, asked: str) -> Iterator[str]:
    """`init.xavier_uniform_(m.weight.data)`, `m.weight.data.normal_()`, `m.weight.data = …`."""
    places: list[ast.expr] = []
    if isinstance(part, ast.Assign):
        places = list(part.targets)
    elif isinstance(part, ast.Call) and fills(module, part):
        places = [*part.args[:1], *([part.func.value] if isinstance(part.func, ast.Attribute) else [])]
    for place in places:
        name = _parameter(place, asked)
        if name is not None:
            yield name


def _parameter(node: ast.expr, asked: str) -> str | None:
    """`weight` of `m.weight` and `m.weight.data`."""
    if isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    is_part = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == asked
    return node.attr if is_part and isinstance(node, ast.Attribute) else None
