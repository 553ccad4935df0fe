"""Statements put before or behind others, indented as the file does it, with the blank lines that definitions get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence

from auditor.model.lean import dataclass, replace
from auditor.static.fixes.changes import Change, InsertAtStart, InsertStatement
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.imports import OWN, RANK, Imports
from auditor.static.fixes.writing.names import Names
from auditor.static.fixes.writing.splice import Splice
from auditor.static.fixes.writing.syntax import DEFINITIONS, Statement, Syntax

BEFORE_IMPORTS, BEHIND_IMPORTS = RANK - 1, RANK + OWN + 1
"""What has to happen before the first import takes effect, seen from imports that are added at the same place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """Statements that go before or behind one that is there."""

    text: str
    """Not indented."""

    statement: Statement
    before: bool
    changes: tuple[Change, ...]
    rank: int = 0
    """Of those at one place the lowest comes first."""


class Statements:
    """What is inserted into one file; gathered first, so that what goes to one place is written as one block."""

    def __init__(self, syntax: Syntax, names: Names, imports: Imports) -> None:
        self._syntax = syntax
        self._names = names
        self._imports = imports
        self._gathered: list[Insertion] = []

    def add(self, change: InsertStatement) -> None:
        """Insert what a change says."""
        statement = self._syntax.statement(change.statement, change)
        at = statement.start if change.where == "before" else statement.end
        text = self._names.text(change.text, at, change).strip("\n")
        self.insert(Insertion(text=text, statement=statement, before=change.where == "before", changes=(change,)))

    def insert(self, insertion: Insertion) -> None:
        """Insert statements; what would come before a docstring comes behind it, or it would be none any more."""
        statement = insertion.statement
        if insertion.before and self._syntax.text.startswith("elif", statement.start):
            raise Conflict("nothing can stand in front of an `elif`", insertion.changes)
        if insertion.before and _is_docstring(statement):
            insertion = replace(insertion, before=False)
        self._gathered.append(insertion)

    def splices(self) -> Iterator[Splice]:
        """Yield what inserts everything that was gathered."""
        places: dict[tuple[int, bool], list[Insertion]] = {}
        for each in self._gathered:
            places.setdefault((each.statement.start, each.before), []).append(each)
        for (_, before), together in sorted(places.items(), key=lambda place: place[0]):
            yield self._written(before, sorted(together, key=lambda each: (each.rank, each.text)))

    def _written(self, before: bool, together: Sequence[Insertion]) -> Splice:
        statement = together[0].statement
        changes = tuple(change for each in together for change in each.changes)
        texts = list(dict.fromkeys(each.text for each in together))
        blocks = [_parsed(text, changes) for text in texts]
        if not self._has_own_lines(statement, before):
            return self._inline(statement, texts, [node for block in blocks for node in block], before, changes)
        at_top = statement.is_at_top
        text = texts[0]
        for number, following in enumerate(texts[1:], 1):
            text += "\n" * (1 + _gap(blocks[number - 1][-1], blocks[number][0], at_top)) + following
        lines = self._indented(text, self._syntax.indentation(statement.start))
        first, last = blocks[0][0], blocks[-1][-1]
        if before:
            at = self._syntax.line_start(self.above_comments(statement))
            lead = self._missing(at, _gap(statement.previous, first, at_top))
            written = (
                "\n" * lead + lines + "\n" * (1 + (_gap(last, statement.node, at_top) or self._apart(at, statement)))
            )
        else:
            at = self._syntax.line_end(statement.end)
            written = "\n" * (1 + _gap(statement.node, first, at_top)) + lines
            if statement.following is not None:
                written += "\n" * self._missing_after(at, _gap(last, statement.following, at_top))
        # Blocks that end together: what follows the inner one comes first, and all of it behind added imports.
        rank = 0 if before else sys.maxsize - statement.start
        return Splice(start=at, end=at, parts=(written,), rank=rank, changes=changes)

    def _has_own_lines(self, statement: Statement, before: bool) -> bool:
        """Whether nothing else stands on its first (`before`) or last line."""
        text, start, end = self._syntax.text, statement.start, statement.end
        if text[self._syntax.line_start(start) : start].strip():
            # `if x: a` or `a; b`: in front of it, and behind it where it is the one that a line ends with.
            return False
        rest = text[end : self._syntax.line_end(end)].strip()
        return before or not rest or rest.startswith("#")

    def _inline(
        self, statement: Statement, texts: list[str], parsed: list[ast.stmt], before: bool, changes: tuple[Change, ...]
    ) -> Splice:
        text = "; ".join(texts)
        if "\n" in text or any(hasattr(node, "body") for node in parsed):
            reason = f"line {self._syntax.line_at(statement.start)} holds several statements; give each its own line"
            raise Conflict(reason, changes)
        at = statement.start if before else statement.end
        return Splice(start=at, end=at, parts=(f"{text}; " if before else f"; {text}",), changes=changes)

    def above_comments(self, statement: Statement) -> int:
        """The comment right above a statement speaks of it; but not the one with which the file begins."""
        syntax, at = self._syntax, statement.start
        indentation = syntax.indentation(at)
        while (above := syntax.line_start(at) - 1) >= 0:
            line = syntax.line(above)
            if not line.startswith(indentation + "#"):
                break
            at = syntax.line_start(above) + len(indentation)
        return statement.start if at == 0 else at

    def _apart(self, at: int, statement: Statement) -> int:
        """One blank line above the comment of a statement, if one stands there already."""
        above = self._syntax.text[:at]
        return int(at < self._syntax.line_start(statement.start) and (not above or above.endswith("\n\n")))

    def _missing(self, at: int, wanted: int) -> int:
        """Blank lines that are missing above a line."""
        above = self._syntax.text[:at]
        there = len(above) - len(above.rstrip("\n")) - 1
        return max(0, wanted - there) if above.strip() else 0

    def _missing_after(self, at: int, wanted: int) -> int:
        below = self._syntax.text[at:]
        return max(0, wanted - (len(below) - len(below.lstrip("\n")) - 1))

    def _indented(self, text: str, indentation: str) -> str:
        """The text, written with four blanks a level, as the file indents."""
        unit = self._syntax.module.default_indent
        lines = []
        for line in text.split("\n"):
            inner = line.lstrip(" ")
            levels, rest = divmod(len(line) - len(inner), 4)
            lines.append(indentation + unit * levels + " " * rest + inner if inner else "")
        return "\n".join(lines)

    def at_start(self, change: InsertAtStart) -> Splice:
        """Insert behind the standard library's imports where the file begins with them, else before every import."""
        groups = self._imports.groups
        leading = groups[0] if groups and self._is_first(groups[0][0].start) else ()
        standard = [entry for entry in leading if entry.section == 0]
        standard = standard if list(leading[: len(standard)]) == standard else []
        if standard:
            at = standard[-1].end
            text = self._names.text(change.text, at, change).strip("\n")
            rest = self._syntax.text[at:]
            gap = "" if rest.startswith("\n\n") or not rest.strip() else "\n"
            return Splice(start=at, end=at, parts=(f"\n\n{text}{gap}",), rank=BEHIND_IMPORTS, changes=(change,))
        return self._before_everything(change)

    def _is_first(self, start: int) -> bool:
        text = self._syntax.text[self._imports.head + 1 : start]
        return not "".join(line for line in text.split("\n") if not line.lstrip().startswith("#")).strip()

    def _before_everything(self, change: InsertAtStart) -> Splice:
        syntax, head = self._syntax, self._imports.head
        following = next((node for node in syntax.tree.body if syntax.ast_span(node)[0] > head), None)
        at = len(syntax.text)
        if following is not None:
            at = syntax.line_start(self.above_comments(syntax.statements[syntax.ast_span(following)[0]]))
        needed = Names(syntax)
        text = needed.text(change.text, at, change).strip("\n")
        imports = "".join(f"{addition.text}\n" for addition in sorted(needed.additions))
        lead = "\n" * self._missing(at, 1) if head >= 0 else ""
        gap = 1 + (_gap(_parsed(text, (change,))[-1], following, True) or 1) if following is not None else 1
        written = f"{lead}{imports}{chr(10) if imports else ''}{text}" + "\n" * gap
        return Splice(start=at, end=at, parts=(written,), rank=BEFORE_IMPORTS, changes=(change,))


def _is_docstring(statement: Statement) -> bool:
    node = statement.node
    return (
        isinstance(statement.owner, (*DEFINITIONS, ast.Module))
        and node is statement.block[0]
        and isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _parsed(text: str, changes: tuple[Change, ...]) -> list[ast.stmt]:
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        raise ValueError(f"the text of a change is no Python: {error.msg}: {text}") from None
    if not body:
        raise ValueError(f"the text of a change holds no statement: `{text}` ({changes[0]})")
    return body


def _gap(first: ast.stmt | None, second: ast.stmt, at_top: bool) -> int:
    """Blank lines between two statements that stand next to each other: around definitions, and below imports."""
    imports = (ast.Import, ast.ImportFrom)
    if at_top and isinstance(first, (*imports, ast.Try, ast.If)) and not isinstance(second, (*imports, *DEFINITIONS)):
        return 1
    if first is None or not (isinstance(first, DEFINITIONS) or isinstance(second, DEFINITIONS)):
        return 0
    return 2 if at_top else 1
