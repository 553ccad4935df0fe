"""Models that initialise the layers they are made of: `for m in self.modules(): if isinstance(m, GraphConv): …`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.programwide.filledloops import fills
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


def filled_in_layers(module: ModuleFacts, layer: ast.ClassDef) -> frozenset[str]:
    """Parameters of a class that its file fills where it asks objects whether they are of that class."""
    found: set[str] = set()
    for node in walk(module.tree):
        asked = _asked_for(node, layer) if isinstance(node, ast.If) else None
        if asked is not None and isinstance(node, ast.If) and _may_be_called(module, node):
            found.update(name for each in node.body for part in walk(each) for name in _filled(module, part, asked))
    return frozenset(found)


def _may_be_called(module: ModuleFacts, node: ast.If) -> bool:
    """Whether a place is not in a function that the file defines and no file of the programs names."""
    function = module.enclosing_function(node)
    if not isinstance(function, ast.FunctionDef) or not isinstance(module.parent(function), ast.Module):
        return True
    if function.decorator_list or names_of(module).get(function.name):
        return True
    programs, name = module.project.programs, frozenset({function.name})
    reaching = programs.reaching(module.path)
    return not reaching or any(set(programs.paths_reached(each, name)) - {module.path} for each in reaching)


def _asked_for(node: ast.If, layer: ast.ClassDef) -> str | None:
    """`m` of `if isinstance(m, GraphConv):`; a class of that name elsewhere in the file is hardly another one."""
    test = node.test
    if not (isinstance(test, ast.Call) and getattr(test.func, "id", "") == "isinstance" and len(test.args) == 2):
        return None
    name, kinds = test.args
    classes = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
    is_asked = any(isinstance(each, ast.Name) and each.id == layer.name for each in classes)
    return name.id if is_asked and isinstance(name, ast.Name) else None


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
