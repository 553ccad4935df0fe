"""Statements taken away, with the comment above them and the blank lines that would be too many then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.static.fixes.changes import RemoveStatement
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.splice import Splice
from auditor.static.fixes.writing.statements import Statements
from auditor.static.fixes.writing.syntax import Statement, Syntax


def removals(syntax: Syntax, statements: Statements, changes: Sequence[RemoveStatement]) -> Iterator[Splice]:
    """Yield what takes the statements away; a block of which all go gets `pass`."""
    found = {change: syntax.statement(change.statement, change) for change in changes}
    gone = {id(statement.node) for statement in found.values()}
    for change, statement in found.items():
        if not _has_own_lines(syntax, statement):
            raise Conflict(f"line {syntax.line_at(statement.start)} holds several statements", (change,))
        is_first = statement.node is statement.block[0]
        if is_first and not statement.is_at_top and all(id(node) in gone for node in statement.block):
            yield Splice(start=statement.start, end=statement.end, parts=("pass",), changes=(change,))
        else:
            yield _without(syntax, statements.above_comments(statement), statement, change)


def _without(syntax: Syntax, above: int, statement: Statement, change: RemoveStatement) -> Splice:
    text = syntax.text
    start = syntax.line_start(above)
    end = min(syntax.line_end(statement.end) + 1, len(text))
    before = len(text[:start]) - len(text[:start].rstrip("\n")) - 1
    after = len(text[end:]) - len(text[end:].lstrip("\n"))
    if statement.following is None:
        start -= max(before, 0)
    elif before > 0:
        end += min(before, after)
    elif statement.previous is None:
        end += after
    return Splice(start=start, end=end, parts=("",), changes=(change,))


def _has_own_lines(syntax: Syntax, statement: Statement) -> bool:
    text, start, end = syntax.text, statement.start, statement.end
    rest = text[end : syntax.line_end(end)].strip()
    return not text[syntax.line_start(start) : start].strip() and (not rest or rest.startswith("#"))
