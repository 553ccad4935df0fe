"""Which classes of some modules extend which, and the methods that may stand in for those of one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_BELOW = 200
"""Subclasses of one class that are asked what they extend besides."""

MAX_BESIDE = 40
"""Methods of one name of which `super().setup()` in a mixin may be any."""


class Hierarchy:
    """The classes of some modules."""

    def __init__(self, modules: Iterable[ModuleFacts]) -> None:
        self._subclasses: dict[ast.ClassDef, list[ast.ClassDef]] = {}
        self._extended: dict[ast.ClassDef, list[ast.ClassDef]] = {}
        self._methods: dict[ast.ClassDef, dict[str, list[Function]]] = {}
        self._beside: dict[tuple[ast.ClassDef, ...], dict[str, list[Function]]] = {}
        for module in modules:
            for node in module.index.functions:
                if isinstance(node, ast.ClassDef):
                    for base in bases(ClassRef(module, node)):
                        if isinstance(base, ClassRef):
                            self._subclasses.setdefault(base.node, []).append(node)
                            self._extended.setdefault(node, []).append(base.node)

    def methods_below(self, cls: ast.ClassDef, name: str) -> list[Function]:
        """The methods of that name in all subclasses, and in what these extend besides."""
        methods = self._methods.get(cls)
        if methods is None:
            below = self._below(cls)
            methods = self._methods[cls] = _methods_of((*below, *self._extended_beside(cls, below)))
        return methods.get(name, [])

    def methods_beside(self, cls: ast.ClassDef, name: str) -> list[Function]:
        """The methods of that name in what the subclasses extend besides, and perhaps in the class itself.

        `super().setup()` in a mixin is one of them.
        """
        below = tuple(self._below(cls, MAX_BELOW))
        if not 0 < len(below) <= MAX_BELOW:
            return []
        methods = self._beside.get(below)
        if methods is None:
            methods = self._beside[below] = _methods_of(_all_from(below, self._extended)[len(below) :])
        return methods.get(name, [])[:MAX_BESIDE]

    def _below(self, cls: ast.ClassDef, most: int | None = None) -> list[ast.ClassDef]:
        """The classes that extend one; no more than one above `most` are looked for."""
        return [sub for sub in _all_from([cls], self._subclasses, most=most) if sub is not cls]

    def _extended_beside(self, cls: ast.ClassDef, below: Sequence[ast.ClassDef]) -> list[ast.ClassDef]:
        if len(below) > MAX_BELOW:
            return []
        return _all_from(below, self._extended, but=cls)[len(below) :]


def _methods_of(classes: Iterable[ast.ClassDef]) -> dict[str, list[Function]]:
    methods: dict[str, list[Function]] = {}
    for child in (child for cls in classes for child in cls.body):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            methods.setdefault(child.name, []).append(child)
    return methods


def _all_from(
    starts: Iterable[ast.ClassDef],
    leading: Mapping[ast.ClassDef, Sequence[ast.ClassDef]],
    but: ast.ClassDef | None = None,
    most: int | None = None,
) -> list[ast.ClassDef]:
    """Some classes and all that they lead to, each once; not through `but`, and no further than `most` classes."""
    found = dict.fromkeys(starts)
    pending = list(found)
    while pending and (most is None or len(found) <= most + 1):
        further = [each for each in leading.get(pending.pop(), ()) if each not in found and each is not but]
        found.update(dict.fromkeys(further))
        pending.extend(further)
    return list(found)
