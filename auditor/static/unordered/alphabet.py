"""Letters that stand for words: `chr(letters[word])`, of which an edit distance asks only whether they are the same."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.nodes import walk

_COMPARING = ("distance", "editops", "levenshtein")
"""Words in the names of functions that compare two texts letter by letter."""


def is_alphabet(module: ModuleFacts, table: ast.expr) -> bool:
    """Whether a function makes a table of numbers for words, uses them as letters alone and compares texts of these."""
    target, function = only_target(module.parent(table)), module.enclosing_function(table)
    if not isinstance(target, ast.Name) or function is None:
        return False
    reads = list(uses(module, target))
    return bool(reads) and all(_is_letter(module, each) for each in reads) and _compares(function)


def _is_letter(module: ModuleFacts, read: ast.expr) -> bool:
    item = module.parent(read)
    call = module.parent(item) if isinstance(item, ast.Subscript) and item.value is read else None
    return isinstance(call, ast.Call) and item in call.args and module.resolve(call.func) == "chr"


def _compares(function: ast.AST) -> bool:
    names = (
        getattr(node.func, "attr", getattr(node.func, "id", "")).lower()
        for node in walk(function)
        if isinstance(node, ast.Call)
    )
    return any(word in name for name in names for word in _COMPARING)
