"""Draws of an object whose constructor seeds: whoever calls the method has made the object before."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.location import Location

if TYPE_CHECKING:
    from auditor.static.library_verdict import Seed
    from auditor.static.project import Project

_WITHOUT_OBJECT = frozenset({"staticmethod", "classmethod"})


def is_seeded_by_constructor(project: Project, draw: Location, seeds: Iterable[Seed]) -> bool:
    """Whether a draw stands in a method of a class whose `__init__` makes one of `seeds` in every case, in its body."""
    beside = [seed for seed in seeds if seed.location.path == draw.path]
    module = project.module(draw.path) if beside and draw.cell is None else None
    if module is None:
        return False
    for holder in (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)):
        methods = {method.name: method for method in _methods(holder)}
        constructor = methods.pop("__init__", None)
        if constructor is not None and any(_holds(method, draw) for method in methods.values()):
            return any(_is_always_reached(constructor, seed.location) for seed in beside)
    return False


def _methods(holder: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for method in holder.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {getattr(decorator, "id", "") for decorator in method.decorator_list}
            if decorators.isdisjoint(_WITHOUT_OBJECT) and method.name != "__new__":
                yield method


def _is_always_reached(constructor: ast.FunctionDef | ast.AsyncFunctionDef, place: Location) -> bool:
    return any(_holds(statement, place) for statement in constructor.body if isinstance(statement, ast.Expr))


def _holds(node: ast.stmt, place: Location) -> bool:
    return node.lineno <= place.line <= (node.end_lineno or node.lineno)
