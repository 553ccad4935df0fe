"""Arguments of a call: replaced where they stand, added the way the call is laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from auditor.static.fixes.changes import Change, SetArgument
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.names import Names
from auditor.static.fixes.writing.splice import Splice
from auditor.static.fixes.writing.syntax import Syntax


def argument_splices(
    call: cst.Call, changes: Sequence[SetArgument], syntax: Syntax, names: Names, limit: int
) -> Iterator[Splice]:
    """Yield what gives one call all these arguments; `limit`: how long a line may be before a new one is begun."""
    by_name: dict[str, list[SetArgument]] = {}
    for change in changes:
        by_name.setdefault(change.name, []).append(change)
    added: list[tuple[str, str, Change]] = []
    for name, same in sorted(by_name.items()):
        if len({change.value for change in same}) > 1:
            raise Conflict(f"they give `{name}` different values", same)
        change = same[0]
        present = _present(call, change)
        if present is None:
            at = syntax.span(call)[0]
            added.append((name, names.text(change.value, at, change), change))
        else:
            start, end = syntax.outer_span(present.value)
            text = names.text(change.value, start, change)
            if syntax.text[start:end] != text:
                yield Splice(start=start, end=end, parts=(text,), changes=tuple(same))
    if added:
        yield from _added(call, added, syntax, limit)


def _present(call: cst.Call, change: SetArgument) -> cst.Arg | None:
    """The argument that is given already."""
    for number, argument in enumerate(call.args):
        if argument.keyword is not None:
            if argument.keyword.value == change.name:
                return argument
        elif argument.star == "**":
            raise Conflict("the call passes on `**` arguments, which may hold this one", [change])
        elif argument.star == "*":
            if change.position is not None and number <= change.position:
                raise Conflict("the call passes on `*` arguments, which may hold this one", [change])
        elif number == change.position:
            return argument
    return None


def _added(call: cst.Call, added: Sequence[tuple[str, str, Change]], syntax: Syntax, limit: int) -> Iterator[Splice]:
    changes = tuple(change for _, _, change in added)
    if not call.args:
        closing = syntax.span(call)[1] - 1
        text = ", ".join(f"{name}={value}" for name, value, _ in added)
        yield Splice(start=closing, end=closing, parts=(text,), changes=changes)
        return
    equals = _equals(call)
    written = [f"{name}{equals}{value}" for name, value, _ in added]
    last = call.args[-1]
    start, end = _span(last, syntax)
    if isinstance(last.value, cst.GeneratorExp) and not last.value.lpar:
        # It borrows the parentheses of the call, which other arguments do not allow.
        yield Splice(start=start, end=end, parts=("(", ")"), changes=changes)
    yield from _behind(call, written, syntax, changes, limit)


def _behind(
    call: cst.Call, written: Sequence[str], syntax: Syntax, changes: tuple[Change, ...], limit: int
) -> Iterator[Splice]:
    """Add arguments behind the last one: on its line, or on lines of their own where the others have such."""
    start, end = _span(call.args[-1], syntax)
    before = _span(call.args[-2], syntax)[0] if len(call.args) > 1 else syntax.span(call.func)[1]
    comma = _trailing_comma(call.args[-1], syntax)
    behind = end if comma is None else comma
    if syntax.line_at(before) == syntax.line_at(start) or syntax.text[syntax.line_start(start) : start].strip():
        text = "".join(f", {each}" for each in written) if comma is None else "".join(f" {each}," for each in written)
        if comma is None and len(syntax.line(end)) + len(text) > limit and _hangs(call, syntax):
            text = "".join(f",\n{syntax.indentation(end)}{each}" for each in written)
        yield Splice(start=behind, end=behind, parts=(text,), changes=changes)
        return
    line_end = syntax.line_end(behind)
    rest = syntax.text[behind:line_end].strip()
    indentation = "\n" + syntax.indentation(start)
    if rest and not rest.startswith("#"):
        line_end = behind  # the call is closed on this line
    if line_end == behind or comma is not None:
        text = "".join(
            (indentation + each + ",") if comma is not None else ("," + indentation + each) for each in written
        )
        yield Splice(start=line_end, end=line_end, parts=(text,), changes=changes)
        return
    yield Splice(start=behind, end=behind, parts=(",",), changes=changes)
    yield Splice(start=line_end, end=line_end, parts=(indentation + f",{indentation}".join(written),), changes=changes)


def _hangs(call: cst.Call, syntax: Syntax) -> bool:
    """Whether arguments stand on lines below the first, and the call is closed behind the last: `f(a,` … `b, c)`."""
    starts = [_span(argument, syntax)[0] for argument in call.args]
    last = syntax.line_at(starts[-1])
    leading = next(start for start in starts if syntax.line_at(start) == last)
    leads = not syntax.text[syntax.line_start(leading) : leading].strip()
    return leads and leading != starts[0] and syntax.line_at(syntax.span(call)[1] - 1) == last


def _span(argument: cst.Arg, syntax: Syntax) -> tuple[int, int]:
    """Where an argument is, with stars, its name and parentheses, without the comma."""
    start, end = syntax.outer_span(argument.value)
    if argument.keyword is not None:
        start = syntax.span(argument.keyword)[0]
    elif argument.star:
        start = syntax.text.rindex(argument.star, 0, start)
    return start, end


def _trailing_comma(argument: cst.Arg, syntax: Syntax) -> int | None:
    """Index behind the comma that follows the last argument."""
    if not isinstance(argument.comma, cst.Comma):
        return None
    return syntax.text.index(",", _behind_comments(argument, syntax)) + 1


def _behind_comments(argument: cst.Arg, syntax: Syntax) -> int:
    """Index from which on the next comma is the one behind the argument."""
    at = _span(argument, syntax)[1]
    while match := re.compile(r"\s*#[^\n]*\n").match(syntax.text, at):
        at = match.end()
    return at


def _equals(call: cst.Call) -> str:
    """`=`, with blanks around it where every named argument of the call has such."""
    named = [argument.equal for argument in call.args if isinstance(argument.equal, cst.AssignEqual)]
    spaced = bool(named) and all(not each.whitespace_before.empty for each in named)
    return " = " if spaced else "="
