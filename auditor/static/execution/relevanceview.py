"""What programs can see of what is relevant for their group, so that they stay as they were where it does.

What is relevant is found out over all that the programs of a group import. A program that does not import the file that
was edited can be followed otherwise only where something else is told of the files that are followed for it.
"""

from __future__ import annotations

import ast
from array import array
from collections.abc import Collection, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.names import PARTIAL
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, Value
from auditor.static.reuse.trace import digest

if TYPE_CHECKING:
    from auditor.static.execution.relevance import Relevance
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

View = dict[str, tuple[bytes, bytes, bytes]]
"""By file, or of none: a digest of what is told; which expressions were asked about, as numbers; the answers."""

EVERYWHERE = ""
"""Stands for a path where something is told of no file in particular."""

_UNNUMBERED = 0xFFFFFFFF
"""Stands for an expression that was made up, which cannot be asked about again."""


def view_of(project: Project, relevance: Relevance) -> View:
    """What was told of each file."""
    numbers = _Numbers(project, relevance)
    asked: dict[str, list[tuple[int, bool]]] = {}
    for path, node, is_held, answer in relevance.asked():
        number = numbers.of_node(path, node)
        asked.setdefault(path, []).append((_UNNUMBERED if number is None else 2 * number + is_held, answer))
    told = _told(relevance, numbers)
    view: View = {}
    for path in sorted(told.keys() | asked.keys()):
        rows = sorted(asked.get(path, ()))
        answers = bytes(answer for _, answer in rows)
        view[path] = told.get(path, b""), array("I", [number for number, _ in rows]).tobytes(), answers
    return view


def told_otherwise(project: Project, relevance: Relevance, before: View, unchanged: Collection[str]) -> set[str]:
    """The files of which something else is told now; of those that are not `unchanged` nobody asks."""
    told = _told(relevance, _Numbers(project, relevance))
    found = {path for path in before.keys() | told.keys() if before.get(path, (b"",))[0] != told.get(path, b"")}
    for path, (_, rows, answers) in before.items():
        if rows and path in unchanged and path not in found:
            module = project.module(path)
            if module is None or _is_answered_otherwise(module, rows, answers, relevance):
                found.add(path)
    return found


def _is_answered_otherwise(module: ModuleFacts, rows: bytes, answers: bytes, relevance: Relevance) -> bool:
    nodes = [*_counted(module)]
    for row, answer in zip(memoryview(rows).cast("I"), answers, strict=True):
        node = nodes[row // 2] if row // 2 < len(nodes) else None
        if not isinstance(node, ast.expr):
            return True
        if (relevance.may_hold if row % 2 else relevance.may_be)(module, node) != bool(answer):
            return True
    return False


def _told(relevance: Relevance, numbers: _Numbers) -> dict[str, bytes]:
    """A digest of what is told of each file."""
    parts: dict[str, list[object]] = {module.path: [relevance.told(module)] for module in relevance.modules}
    for home, function, name, values in relevance.candidates.given():
        parameter = *numbers.of(home.path, function), name
        # What counts for a program is the part of the list that its files give, in the order of the list: certain
        # calls by file, then the others by file. Where one of these rows ends is seen by paths that begin anew.
        row, last = 0, ""
        for caller, value in values:
            row, last = row + (caller.path < last), caller.path
            parts.setdefault(caller.path, []).append((parameter, row, numbers.of(caller.path, value)))
    everywhere: list[object] = [relevance.methods_named(), relevance.registries.names()]
    for table, maker, member in relevance.registries.registered():
        place = table if isinstance(table, str) else numbers.of(maker or EVERYWHERE, table)
        everywhere.append((place, member.name, numbers.of_value(member.value)))
    for group, command in relevance.commands_added():
        everywhere.append((numbers.of_value(group), numbers.of_value(command)))
    return {path: digest(part) for path, part in (*parts.items(), (EVERYWHERE, everywhere))}


class _Numbers:
    """Nodes as they are counted in their files, which is the same wherever the lines of these stand."""

    def __init__(self, project: Project, relevance: Relevance) -> None:
        self._project = project
        self._spoken_of: dict[str, set[ast.AST]] = {}
        """What is counted, by file: of all nodes it is few."""

        for home, function, _, values in relevance.candidates.given():
            self._speak_of(home.path, function)
            for caller, value in values:
                self._speak_of(caller.path, value)
        for path, node, _, _ in relevance.asked():
            self._speak_of(path, node)
        for table, maker, member in relevance.registries.registered():
            self._speak_of_value(member.value)
            if maker is not None and not isinstance(table, str):
                self._speak_of(maker, table)
        for group, command in relevance.commands_added():
            self._speak_of_value(group)
            self._speak_of_value(command)
        self._numbers: dict[str, dict[ast.AST, int]] = {}

    def _speak_of_value(self, value: Value) -> None:
        if isinstance(value, FunctionRef | ClassRef):
            self._speak_of(value.module.path, value.node)
        elif isinstance(value, Instance):
            self._speak_of_value(value.of)
            if value.made_by is not None and value.module is not None:
                self._speak_of(value.module.path, value.made_by)

    def _speak_of(self, path: str, node: ast.AST) -> None:
        self._spoken_of.setdefault(path, set()).add(node)

    def of_node(self, path: str, node: ast.AST) -> int | None:
        """None for a node that was made up."""
        found = self._numbers.get(path)
        if found is None:
            spoken_of = self._spoken_of.get(path)
            module = self._project.module(path) if spoken_of else None
            counted = enumerate(_counted(module)) if module is not None and spoken_of else ()
            found = self._numbers[path] = {each: number for number, each in counted if each in (spoken_of or ())}
        return found.get(node)

    def of(self, path: str, node: ast.AST) -> tuple[object, ...]:
        """What stands for a node; for one that was made up, where it and its parts stand."""
        number = self.of_node(path, node)
        if number is not None:
            return path, number
        return path, _place(node), *map(_place, ast.iter_child_nodes(node))

    def of_value(self, value: Value) -> tuple[object, ...]:
        """What stands for a definition or an object."""
        if isinstance(value, FunctionRef | ClassRef):
            return self.of(value.module.path, value.node)
        if isinstance(value, Instance):
            if value.made_by is None or value.module is None:
                return self.of_value(value.of)
            return *self.of_value(value.of), self.of(value.module.path, value.made_by)
        return (repr(value),)


def _place(node: ast.AST) -> tuple[str, int, int]:
    return type(node).__name__, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _counted(module: ModuleFacts) -> Iterator[ast.AST]:
    """The nodes of a file in the order in which they stand; what is made up while names are resolved comes behind."""
    functions = module.index.functions
    for node in module.index.parents:
        if isinstance(node, ast.Lambda) and functions.get(node) == PARTIAL:
            return
        yield node
