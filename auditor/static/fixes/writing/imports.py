"""Where an import that is added stands: among its like, in their order, as import sorters would leave it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from auditor.model.lean import dataclass
from auditor.static.fixes.changes import Change
from auditor.static.fixes.writing.modules import THIRD_PARTY, is_standard, root
from auditor.static.fixes.writing.names import Addition, Names
from auditor.static.fixes.writing.splice import Splice
from auditor.static.fixes.writing.syntax import DEFINITIONS, Syntax

STANDARD, THIRD, UNKNOWN, OWN = range(4)
"""Sections in the order in which they stand; of `UNKNOWN` ones the name does not tell whose they are."""

RANK = -10
"""Imports come before other things that are inserted at the same place, those of an earlier section first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An import statement of the file."""

    node: ast.Import | ast.ImportFrom
    start: int
    end: int
    """The end of its line."""

    section: int

    @property
    def module(self) -> str:
        if isinstance(self.node, ast.Import):
            return self.node.names[0].name
        return "." * self.node.level + (self.node.module or "")

    @property
    def key(self) -> tuple[bool, str, str]:
        """By which sorters order the entries of a section."""
        return _key(isinstance(self.node, ast.ImportFrom), self.module)


class Imports:
    """The imports of one file, and the splices that add more."""

    def __init__(self, syntax: Syntax, names: Names) -> None:
        self._syntax = syntax
        self._names = names

    def splices(self) -> Iterator[Splice]:
        """Yield what adds all imports that were asked for."""
        for addition, (first, changes) in sorted(self._names.additions.items()):
            joined = self._joined(addition, changes) if addition.leaf else None
            yield joined or self._new(addition, self._limit(first), changes)

    def _limit(self, first: int) -> int:
        """Where the import has to stand before: the place at the top level that needs it."""
        around = self._syntax.functions_around(first)
        return len(self._syntax.text) if around else first

    # -- what is there --------------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> tuple[tuple[Entry, ...], ...]:
        """The imports at the top level up to the first definition, cut where other statements or blank lines stand."""
        found: list[list[Entry]] = []
        previous: ast.stmt | None = None
        for node in self._syntax.tree.body:
            if isinstance(node, DEFINITIONS):
                break
            if isinstance(node, ast.Import | ast.ImportFrom) and not _is_future(node):
                adjacent = previous is not None and node.lineno == (previous.end_lineno or 0) + 1
                if not found or not adjacent:
                    found.append([])
                found[-1].append(self._entry(node))
                previous = node
            else:
                previous = None
        return tuple(tuple(group) for group in found)

    def _entry(self, node: ast.Import | ast.ImportFrom) -> Entry:
        start, end = self._syntax.ast_span(node)
        name = node.names[0].name if isinstance(node, ast.Import) else ("." * node.level or node.module or "")
        section = OWN if name.startswith(".") else _section(name)
        return Entry(node, start, self._syntax.line_end(end), section)

    @cached_property
    def head(self) -> int:
        """Index of the line end behind the docstring and `from __future__` imports; -1 where there are neither."""
        end = -1
        for number, node in enumerate(self._syntax.tree.body):
            is_docstring = (
                number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            )  # fmt: skip
            if not is_docstring and not _is_future(node):
                break
            end = self._syntax.line_end(self._syntax.ast_span(node)[1])
        return end

    # -- what is added --------------------------------------------------------------------------------------------

    def _joined(self, addition: Addition, changes: Sequence[Change]) -> Splice | None:
        """Put a name among those that a statement imports from the same module already."""
        for entry in (entry for group in self.groups for entry in group):
            if not isinstance(entry.node, ast.ImportFrom) or entry.module != addition.module:
                continue
            names = entry.node.names
            if names[0].name == "*":
                continue
            orders = [_member_order(each.name) for each in names]
            wanted = _member_order(addition.leaf)
            later = [each for each, order in zip(names, orders, strict=True) if order > wanted]
            own_lines = len({each.lineno for each in names}) == len(names) > 1 or names[0].lineno > entry.node.lineno
            if later and orders == sorted(orders):
                at = self._syntax.ast_span(later[0])[0]
                gap = f",\n{self._syntax.indentation(at)}" if own_lines and self._leads(at) else ", "
                return Splice(start=at, end=at, parts=(addition.imported + gap,), changes=tuple(changes))
            at = self._syntax.ast_span(names[-1])[1]
            gap = f",\n{self._syntax.indentation(at)}" if own_lines and len(names) > 1 else ", "
            return Splice(start=at, end=at, parts=(gap + addition.imported,), changes=tuple(changes))
        return None

    def _leads(self, at: int) -> bool:
        """Whether something is the first of its line."""
        return not self._syntax.text[self._syntax.line_start(at) : at].strip()

    def _new(self, addition: Addition, limit: int, changes: Sequence[Change]) -> Splice:
        at, text = self._place(addition, limit)
        rank = RANK + _section(addition.module)
        return Splice(start=at, end=at, parts=(text,), rank=rank, changes=tuple(changes))

    def _place(self, addition: Addition, limit: int) -> tuple[int, str]:
        groups = [group for group in self.groups if group[-1].end <= limit]
        section = _section(addition.module)
        group = _home(groups, section, root(addition.module))
        if group is not None:
            like = [entry for entry in group if entry.section == section] or list(group)
            return self._among(addition, like)
        if not groups:
            return self._first(addition)
        if section == STANDARD:
            entry = groups[0][0]
            at = self._syntax.line_start(entry.start)
            return at, f"{addition.text}\n\n"
        before = [group for group in groups if group[0].section < section] or groups
        return before[-1][-1].end, f"\n\n{addition.text}"

    def _among(self, addition: Addition, like: Sequence[Entry]) -> tuple[int, str]:
        key = _key(bool(addition.leaf), addition.module)
        keys = [entry.key for entry in like]
        for known, wanted in ((keys, key), ([each[1:] for each in keys], key[1:])):
            if known == sorted(known):
                later = [entry for entry, order in zip(like, known, strict=True) if order > wanted]
                if later:
                    return self._syntax.line_start(later[0].start), f"{addition.text}\n"
                break
        return like[-1].end, f"\n{addition.text}"

    def _first(self, addition: Addition) -> tuple[int, str]:
        """The file has no import yet."""
        if self.head >= 0:
            rest = self._syntax.text[self.head :]
            return self.head, f"\n\n{addition.text}" + ("" if rest.startswith("\n\n") or not rest.strip() else "\n")
        if not self._syntax.tree.body:
            return len(self._syntax.text), f"{addition.text}\n"
        node = self._syntax.tree.body[0]
        statement = self._syntax.statements[self._syntax.ast_span(node)[0]]
        gap = "\n\n\n" if statement.is_definition else "\n\n"
        return self._syntax.line_start(statement.start), addition.text + gap


def _home(groups: Sequence[tuple[Entry, ...]], section: int, top: str) -> tuple[Entry, ...] | None:
    """The group in which an import belongs."""
    for group in groups:
        if any(root(entry.module) == top for entry in group):
            return group
    for group in groups:
        if any(entry.section == section for entry in group):
            return group
    if section == THIRD:
        return next((group for group in groups if group[0].section == UNKNOWN), None)
    return None


def _section(module: str) -> int:
    if is_standard(module):
        return STANDARD
    return THIRD if root(module) in THIRD_PARTY else UNKNOWN


def _key(is_from: bool, module: str) -> tuple[bool, str, str]:
    return is_from, module.lower(), module


def _member_order(name: str) -> tuple[int, str]:
    """Constants, classes, then the rest, as sorters have it by default."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
