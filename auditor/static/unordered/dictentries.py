"""Lists that stand in a dictionary which is handed on at once: a group of parameters, columns, what is stored."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import is_shown, loses_order
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.ordering import STORING, TABLES
from auditor.static.unordered.orderless import is_stored_in_order
from auditor.static.unordered.ordertrail import Kind, OrderedUse, Trail, used


def use_in_dictionary(module: ModuleFacts, node: ast.expr, group: ast.Dict, trail: Trail) -> OrderedUse | None:
    """`{"params": [...]}`: an optimizer numbers its parameters, and a checkpoint of it goes by these numbers.

    `DataFrame({"word": [...]})`: each is a column. `json.dump({"words": [...]}, file)`: it is stored like that.
    """
    for key, value in zip(group.keys, group.values, strict=True):
        if value is node and isinstance(key, ast.Constant) and key.value == "params":
            return used(trail, module, node, "an optimizer numbers its parameters in that order")
    call = module.parent(group)
    is_ordered = trail.as_list or trail.kind is not Kind.SET
    if not (is_ordered and isinstance(call, ast.Call) and group in call.args[:1]):
        return None
    if is_stored_in_order(trail) and module.resolve(call.func) in STORING and not is_shown(module, call):
        return used(trail, module, node, "they are stored in that order")
    if module.resolve(call.func) in TABLES and not loses_order(module, call):
        return used(trail, module, node, "the rows of a table come in that order")
    return None
