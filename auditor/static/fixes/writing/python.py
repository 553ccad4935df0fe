"""All changes of one Python source, made at once."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Sequence

import libcst as cst

from auditor.model.location import Location
from auditor.static.fixes.changes import (
    Change,
    InsertAtStart,
    InsertStatement,
    RemoveStatement,
    ReplaceExpression,
    ReplaceText,
    SeedProgram,
    SetArgument,
)
from auditor.static.fixes.writing.arguments import argument_splices
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.idle_imports import without_idle_imports
from auditor.static.fixes.writing.imports import Imports
from auditor.static.fixes.writing.names import Names
from auditor.static.fixes.writing.removal import removals
from auditor.static.fixes.writing.seeding import Seeding
from auditor.static.fixes.writing.splice import Splice, spliced
from auditor.static.fixes.writing.statements import Statements
from auditor.static.fixes.writing.syntax import Syntax
from auditor.static.fixes.writing.wrap import wrapped
from auditor.static.text.linelength import DEFAULT


class PythonText:
    """One source, read once; `compose` may be called with any set of changes."""

    def __init__(
        self,
        text: str,
        line_length: int | None = None,
        line_of: Callable[[Location], int] = lambda location: location.line,
        *,
        is_program: bool = False,
    ) -> None:
        """`line_length`: of the file's lines, None: no matter; `line_of`: the line of the text for a location.

        `is_program`: nothing else imports the file, so that an import which it does not use is of no use.
        """
        self._text = text
        self._line_length = line_length
        self._line_of = line_of
        self._is_program = is_program
        self._syntax: Syntax | None = None

    def compose(self, changes: Sequence[Change]) -> str:
        """Return the changed source, which parses. Raises `Conflict`."""
        splices = list(self.splices(changes))
        written = spliced(self._text, splices)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(written)
        except SyntaxError as error:
            raise Conflict(f"the result is no valid Python: {error.msg} in line {error.lineno}", changes) from None
        if self._is_program and self._syntax is not None:
            written = without_idle_imports(self._syntax.tree, written)
        if self._line_length is None or self._syntax is None:
            return written
        return wrapped(self._text, written, self._line_length, self._syntax.module.default_indent)

    def splices(self, changes: Sequence[Change]) -> Iterator[Splice]:
        """Yield the edits that make all changes."""
        syntax = self._read(changes)
        names = Names(syntax)
        imports = Imports(syntax, names)
        statements = Statements(syntax, names, imports)
        calls: dict[cst.Call, list[SetArgument]] = {}
        seeds: list[SeedProgram] = []
        gone = [change for change in changes if isinstance(change, RemoveStatement)]
        for change in changes:
            if isinstance(change, SetArgument):
                calls.setdefault(syntax.call(change.call, change), []).append(change)
            elif isinstance(change, ReplaceExpression):
                yield _replaced(change, syntax, names)
            elif isinstance(change, InsertStatement):
                statements.add(change)
            elif isinstance(change, InsertAtStart):
                yield statements.at_start(change)
            elif isinstance(change, SeedProgram):
                seeds.append(change)
            elif not isinstance(change, RemoveStatement):
                yield replaced_text(change, syntax)
        yield from removals(syntax, statements, gone)
        for call, given in calls.items():
            yield from argument_splices(call, given, syntax, names, self._line_length or DEFAULT)
        Seeding(syntax, names, statements).add(seeds)
        yield from statements.splices()
        yield from imports.splices()

    def _read(self, changes: Sequence[Change]) -> Syntax:
        if self._syntax is None:
            try:
                self._syntax = Syntax(self._text, self._line_of)
            except (SyntaxError, cst.ParserSyntaxError, RecursionError, ValueError) as error:
                reason = str(error).partition("\n")[0]
                raise Conflict(f"the file cannot be taken apart: {reason}", changes) from None
        return self._syntax


def _replaced(change: ReplaceExpression, syntax: Syntax, names: Names) -> Splice:
    start, end = syntax.expression_span(change.expression, change)
    parts = names.filled(change.text, start, change)
    return Splice(start=start, end=end, parts=parts, changes=(change,))


def replaced_text(change: ReplaceText, syntax: Syntax) -> Splice:
    """The edit of a place that no Python is asked about."""
    start, end = syntax.span_of(change.span, change)
    return Splice(start=start, end=end, parts=(change.text,), changes=(change,))
