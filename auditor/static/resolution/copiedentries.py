"""Dictionaries that are made of the entries of another: `{key: value for key, value in values.items() if …}`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.mappings import entries_of
from auditor.static.resolution.seedvalue import GIVEN, Entries, Seen, holding

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame


def copied_entries(evaluator: Evaluator, node: ast.DictComp, frame: Frame) -> Seen | None:
    """What such a dictionary holds; None of every other comprehension.

    Under a condition each of the entries may be left out; what was not there before is not there now.
    """
    loop = node.generators[0]
    source = _source(loop.iter)
    names = [getattr(each, "id", None) for each in getattr(loop.target, "elts", ())]
    is_same = len(node.generators) == 1 and names == [getattr(node.key, "id", ""), getattr(node.value, "id", "")]
    entries = entries_of(evaluator.value(source, frame)) if source is not None and is_same else None
    if entries is None:
        return None
    if loop.ifs:
        entries = Entries(dict.fromkeys(entries.known, GIVEN), entries.rest if entries.rest is None else GIVEN)
    return holding(GIVEN, entries=entries)


def _source(node: ast.expr) -> ast.expr | None:
    """`values` of `values.items()`."""
    called = node.func if isinstance(node, ast.Call) and not node.args else None
    return called.value if isinstance(called, ast.Attribute) and called.attr == "items" else None
