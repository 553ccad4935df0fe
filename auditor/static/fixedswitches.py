"""Switches that stand in the text: `DEBUG = False` at the top of a file, and nothing that turns it on."""

from __future__ import annotations

import ast
from collections.abc import Collection

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.constants import assigned

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.frame import Frame


def is_fixed(test: ast.expr, frame: Frame, within: Collection[str]) -> bool:
    """Whether a condition asks nothing but such switches; `within`: the files of the program."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return is_fixed(test.operand, frame, within)
    return isinstance(test, ast.Name) and _is_switch(test, frame.module, within)


def _is_switch(node: ast.Name, module: ModuleFacts, within: Collection[str]) -> bool:
    found = assigned(module, node)
    if found is None:
        return False
    holder, value = found
    if not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
        return False
    bound = holder.index.root.bindings.get(node.id, ())
    if len(bound) != 1 or bound[0].value is not value:  # `global DEBUG` binds it there, too
        return False
    stored = frozenset({f".{node.id}"})
    return not any(module.project.texts.hold(path, stored) for path in within)
