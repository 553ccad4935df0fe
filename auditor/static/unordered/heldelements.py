"""What the sets hold that a dictionary, a list or a field of a dataclass keeps: by what is added where they come out."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.evaluation.annotatedkinds import TEXTS, table_holds_only
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodeindex import attributes_of
from auditor.static.unordered.heldsets import added_at, field_made, holder_of, parts_held
from auditor.static.unordered.sets import MAX_PLACES, Elements, added


def elements_held(module: ModuleFacts, node: ast.expr) -> Elements:
    """TEXT where texts are added to one of the sets that an expression makes or a factory will make, else UNKNOWN."""
    if (field := field_made(module, node)) is not None:
        return _of_field(module, field)
    holder = holder_of(module, node)
    if holder is None:
        return Elements.UNKNOWN
    if table_holds_only(module, holder.made, TEXTS):
        return Elements.TEXT
    parts = islice(parts_held(module, holder), MAX_PLACES)
    is_text = any(Elements.TEXT in added(file, added_at(file, part)) for file, part in parts)
    return Elements.TEXT if is_text else Elements.UNKNOWN


def _of_field(module: ModuleFacts, field: ast.expr) -> Elements:
    """`words: set[str] = field(default_factory=set)`, `self.words.add(line.strip())`."""
    statement = module.parent(field)
    call = statement.value if isinstance(statement, ast.AnnAssign) else None
    if call is not None and table_holds_only(module, call, TEXTS):
        return Elements.TEXT
    places = attributes_of(module).get(getattr(field, "id", ""), ())
    return Elements.TEXT if Elements.TEXT in added(module, places) else Elements.UNKNOWN
