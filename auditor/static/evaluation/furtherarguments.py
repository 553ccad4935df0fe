"""What a call gives a function with `*` and `**`, and what the function collects with these."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.spread import spread
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import entries_of
from auditor.static.resolution.seedvalue import (
    GIVEN,
    MAX_PARTS,
    OPTIONS,
    OVER_OTHERS,
    Entries,
    Seen,
    holding,
    parts_of,
)
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator

MAX_WRITTEN = 50
"""Options of one call that are written out."""

_NO_SEED = (SeedValue.NONE, SeedValue.ENTROPY)


def spread_given(
    evaluator: Evaluator, node: ast.Call | None, frame: Frame, positional: Sequence[str], keyword_only: Sequence[str]
) -> Entries | None:
    """What `*given` and `**options` give a function together; None where a call has neither.

    What options give, as in `train(**vars(args))`, is known of the parameters that are called as they are.
    """
    if node is None or not call_of(node, None).opaque:
        return None
    known = _spread_at_end(evaluator, node, frame, positional)
    is_known = known is not None or not any(isinstance(part, ast.Starred) for part in node.args)
    known, rest = known or {}, None if is_known else GIVEN
    for word in node.keywords:
        entries = entries_of(evaluator.value(word.value, frame)) if word.arg is None else Entries({})
        known |= entries.known if entries is not None else {}
        if entries is None or entries.rest is not None:
            rest = entries.rest if entries is not None and rest is None else GIVEN
    if rest in (OPTIONS, OVER_OTHERS):
        declared = [name for name in (*positional, *keyword_only) if not evaluator.options.lacks(name, frame)]
        known = {**{name: _option(evaluator, name, frame) for name in declared}, **known}
    return Entries(known, rest)


def _option(evaluator: Evaluator, name: str, frame: Frame) -> Seen:
    seen = evaluator.options.value(name, frame)
    return GIVEN if seen.kind in _NO_SEED and evaluator.options.removes(name, frame) else seen


def leaves_out(evaluator: Evaluator, given: Entries | None, name: str, frame: Frame) -> bool:
    """Whether a call with `given` in stars certainly gives a parameter nothing that is not among that."""
    if given is None or given.rest is None:
        return True
    return given.rest == OPTIONS and evaluator.options.certainly_lacks(name, frame)


def written_out(evaluator: Evaluator, node: ast.Call, frame: Frame) -> ast.Call:
    """`DataLoader(data, **options)` with `options["shuffle"]` as a keyword, where it is known what there is."""
    node = spread(frame.module, node)
    keywords: list[ast.keyword] = []
    for word in node.keywords:
        entries = entries_of(evaluator.value(word.value, frame)) if word.arg is None else None
        if word.arg is not None:
            keywords.append(word)
        elif entries is None or entries.rest is not None or len(entries.known) > MAX_WRITTEN:
            return node
        else:
            keywords += [ast.keyword(arg=name, value=_item(word.value, name)) for name in entries.known]
    return ast.copy_location(ast.Call(func=node.func, args=node.args, keywords=keywords), node)


def _item(node: ast.expr, key: str) -> ast.expr:
    name = ast.copy_location(ast.Constant(key), node)
    return ast.copy_location(ast.Subscript(value=node, slice=name, ctx=ast.Load()), node)


def _spread_at_end(
    evaluator: Evaluator, node: ast.Call, frame: Frame, positional: Sequence[str]
) -> dict[str, Seen] | None:
    """What `start(rate, *given)` gives parameters, where it is known how much that is."""
    *before, last = node.args or (node,)
    if not isinstance(last, ast.Starred) or any(isinstance(part, ast.Starred) for part in before):
        return None
    parts = parts_of(evaluator.value(last.value, frame))
    return dict(zip(positional[len(before) :], parts, strict=False)) if parts else None


def positional_rest(evaluator: Evaluator, node: ast.Call | None, frame: Frame, count: int) -> Seen:
    """What `*further` of a function holds behind `count` parameters, where a part is None or differs in each run."""
    further = node.args[count:] if node is not None else []
    if node is None or not 0 < len(further) <= MAX_PARTS or any(isinstance(part, ast.Starred) for part in node.args):
        return GIVEN
    parts = tuple(evaluator.value(part, frame) for part in further)
    return holding(GIVEN, parts=parts) if any(part.kind in _NO_SEED for part in parts) else GIVEN


def keyword_rest(
    evaluator: Evaluator, node: ast.Call | None, frame: Frame, given: Mapping[str, ast.expr], spread: Entries | None
) -> Seen:
    """What `**others` of a function holds: the keywords of a call that are no parameters of its own."""
    if node is None:
        return GIVEN
    words = [word for word in node.keywords if word.arg is not None and word.arg not in given]
    known = {str(word.arg): evaluator.value(word.value, frame) for word in words}
    if spread is None:
        return holding(GIVEN, entries=Entries(known))
    return holding(GIVEN, entries=Entries({**spread.known, **known}, spread.rest and GIVEN))
