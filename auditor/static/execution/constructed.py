"""Draws of an object whose constructor seeds: whoever calls the method has made the object before."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.location import Location

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.resolution.library_verdict import Seed

_WITHOUT_OBJECT = frozenset({"staticmethod", "classmethod"})


class Constructed:
    """Which lines stand in methods of classes whose `__init__` makes one of the seeds in every case, in its body."""

    def __init__(self, project: Project, seeds: Sequence[Seed]) -> None:
        self._project = project
        self._seeds = seeds
        self._lines: dict[str, Mapping[int, bool]] = {}
        """Lines of methods by their file, each with whether the constructor seeds."""

    def seeds(self, draw: Location) -> bool:
        """Whether a draw stands in such a method."""
        if draw.cell is not None:
            return False
        if draw.path not in self._lines:
            places = sorted(seed.location.line for seed in self._seeds if seed.location.path == draw.path)
            module = self._project.module(draw.path) if places else None
            self._lines[draw.path] = _lines(module, places) if module is not None else {}
        return self._lines[draw.path].get(draw.line, False)


def _lines(module: ModuleFacts, places: Sequence[int]) -> Mapping[int, bool]:
    found: dict[int, bool] = {}
    for holder in module.index.functions:
        if not isinstance(holder, ast.ClassDef):
            continue
        methods = {method.name: method for method in _methods(holder)}
        constructor = methods.pop("__init__", None)
        if constructor is not None:
            is_seeded = any(_holds(statement, places) for statement in constructor.body)
            for method in methods.values():
                for line in range(method.lineno, (method.end_lineno or method.lineno) + 1):
                    found.setdefault(line, is_seeded)  # of classes in each other the outer one counts
    return found


def _methods(holder: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for method in holder.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {getattr(decorator, "id", "") for decorator in method.decorator_list}
            if decorators.isdisjoint(_WITHOUT_OBJECT) and method.name != "__new__":
                yield method


def _holds(statement: ast.stmt, places: Sequence[int]) -> bool:
    """Whether an expression that stands alone goes over one of the lines."""
    first = bisect_left(places, statement.lineno)
    last = statement.end_lineno or statement.lineno
    return isinstance(statement, ast.Expr) and first < len(places) and places[first] <= last
