"""One Python source as LibCST reads it: which nodes stand where, to the character.

LibCST alone knows where commas, parentheses and comments are; statements and names come from Python's own parser.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.static.fixes.changes import Change
from auditor.static.fixes.writing.conflict import Conflict

Span = tuple[int, int]
"""Index of the first character of a stretch of text, and of the one past its last."""

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, where it stands, and its neighbours."""

    node: ast.stmt
    start: int
    """Its first character, that of its first decorator for a decorated definition."""

    end: int
    block: tuple[ast.stmt, ...]
    """The statements of its block."""

    owner: ast.AST
    """What the block belongs to."""

    @property
    def is_definition(self) -> bool:
        return isinstance(self.node, DEFINITIONS)

    @property
    def is_at_top(self) -> bool:
        return isinstance(self.owner, ast.Module)

    @property
    def previous(self) -> ast.stmt | None:
        """The one before it in its block."""
        at = self.block.index(self.node)
        return self.block[at - 1] if at else None

    @property
    def following(self) -> ast.stmt | None:
        """The one after it in its block."""
        at = self.block.index(self.node)
        return self.block[at + 1] if at + 1 < len(self.block) else None


class Syntax:
    """A source text that parses; `line_of` gives for a location the line of the text, from 1."""

    def __init__(self, text: str, line_of: Callable[[Location], int] = lambda location: location.line) -> None:
        """Raises `SyntaxError` or LibCST's `ParserSyntaxError` for what is no Python.

        Raises `ValueError` where LibCST does not give back the same text: then its places cannot be trusted either.
        """
        self.text = text
        self._line_of = line_of
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.tree = ast.parse(text)
        self.module = cst.parse_module(text)
        if self.module.code != text:
            raise ValueError("LibCST does not give back the same text")

    # -- places ---------------------------------------------------------------------------------------------------

    def index(self, line: int, column: int) -> int:
        """Index of a character; `column` counts characters from 0."""
        return self._starts[min(line, len(self._starts)) - 1] + column

    def line_at(self, index: int) -> int:
        """Line, from 1, in which a character stands."""
        return bisect_right(self._starts, index)

    def line_start(self, index: int) -> int:
        """Index of the first character of the line in which a character stands."""
        return self._starts[self.line_at(index) - 1]

    def line_end(self, index: int) -> int:
        """Index of the line end of that line, or of the end of the text."""
        line = self.line_at(index)
        return self._starts[line] - 1 if line < len(self._starts) else len(self.text)

    def line(self, index: int) -> str:
        """The line in which a character stands."""
        return self.text[self.line_start(index) : self.line_end(index)]

    def indentation(self, index: int) -> str:
        """The white space at the beginning of that line."""
        line = self.line(index)
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    def span_of(self, location: Location, change: Change) -> Span:
        """Where a location is in the text."""
        line = self._line_of(location)
        start = self.index(line, location.column - 1)
        if location.end_line is None or location.end_column is None:
            return start, start
        end = self.index(line + location.end_line - location.line, location.end_column - 1)
        if end > len(self.text):
            raise Conflict("the place is outside of the file", [change])
        return start, end

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node of LibCST's tree is, without parentheses around it."""
        place = self._positions[node]
        return self.index(place.start.line, place.start.column), self.index(place.end.line, place.end.column)

    def ast_span(self, node: ast.AST) -> Span:
        """Where a node of Python's own tree is."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end_line, end_column = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
        return self._byte_index(line, column), self._byte_index(end_line, end_column)

    def _byte_index(self, line: int, column: int) -> int:
        start = self.index(line, 0)
        text = self.line(start)
        return start + (column if text.isascii() else len(text.encode()[:column].decode("utf-8", "replace")))

    # -- nodes ----------------------------------------------------------------------------------------------------

    @cached_property
    def _positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        return MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(PositionProvider)

    @cached_property
    def _expressions(self) -> Mapping[Span, list[cst.BaseExpression]]:
        """By place; for those in parentheses also by the place with them, as Python's parser has it for tuples."""
        found: dict[Span, list[cst.BaseExpression]] = {}
        pending: list[cst.CSTNode] = [self.module]
        while pending:
            node = pending.pop()
            pending.extend(node.children)
            if isinstance(node, cst.BaseExpression):
                for span in {self.span(node), self.outer_span(node)}:
                    found.setdefault(span, []).append(node)
        return found

    def outer_span(self, node: cst.BaseExpression) -> Span:
        """Where an expression is with the parentheses around it."""
        start, end = self.span(node)
        if node.lpar:
            start = self.span(node.lpar[0])[0]
            end = self.span(node.rpar[-1])[1]
        return start, end

    def call(self, location: Location, change: Change) -> cst.Call:
        """The call at a place."""
        for node in self._expressions.get(self.span_of(location, change), ()):
            if isinstance(node, cst.Call):
                return node
        raise Conflict(f"there is no call at line {location.line}, column {location.column}", [change])

    def expression_span(self, location: Location, change: Change) -> Span:
        """The place of an expression, which must be one whole node."""
        span = self.span_of(location, change)
        if span in self._expressions:
            return span
        # A generator expression that is the only argument has the parentheses of its call in Python's own tree.
        inner = (span[0] + 1, span[1] - 1)
        if any(isinstance(node, cst.GeneratorExp) for node in self._expressions.get(inner, ())):
            return inner
        raise Conflict(f"there is no expression at line {location.line}, column {location.column}", [change])

    @cached_property
    def statements(self) -> Mapping[int, Statement]:
        """Every statement by the line and column where it begins (as an index); definitions by `def` or `class`."""
        found: dict[int, Statement] = {}
        for owner, block in _blocks(self.tree):
            for node in block:
                start, end = self.ast_span(node)
                first = min([start, *(self._decorator(each) for each in getattr(node, "decorator_list", ()))])
                found[start] = Statement(node, first, end, tuple(block), owner)
        return found

    def _decorator(self, node: ast.expr) -> int:
        return self.text.rindex("@", 0, self.ast_span(node)[0])

    def statement(self, location: Location, change: Change) -> Statement:
        """The statement that begins at a place."""
        found = self.statements.get(self.span_of(location, change)[0])
        if found is None:
            raise Conflict(f"no statement begins at line {location.line}, column {location.column}", [change])
        return found

    def start_of_top(self, index: int) -> int:
        """Where the statement of the module begins that a place is in."""
        starts = [self.ast_span(node)[0] for node in self.tree.body]
        return max((start for start in starts if start <= index), default=0)

    @cached_property
    def functions(self) -> tuple[tuple[Span, ast.AST], ...]:
        """The bodies of functions, which run later than the text around them, outer ones first."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        found = [
            ((self.ast_span(node.body[0])[0], self.ast_span(node)[1]), node)
            for node in ast.walk(self.tree)
            if isinstance(node, kinds)
        ]
        return tuple(sorted(found, key=lambda each: each[0]))

    def functions_around(self, index: int) -> tuple[ast.AST, ...]:
        """The functions in whose body a place is, the outermost first."""
        return tuple(node for (start, end), node in self.functions if start <= index < end)


def _blocks(tree: ast.AST) -> Iterator[tuple[ast.AST, list[ast.stmt]]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield node, block
