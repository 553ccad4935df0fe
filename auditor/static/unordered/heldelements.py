"""What the sets hold that a dictionary, a list or a field keeps: by what is added where they come out."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.evaluation.annotatedkinds import NUMBERS, TEXTS, table_holds_only
from auditor.static.evaluation.single import is_single, is_single_here
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodeindex import attributes_of
from auditor.static.unordered.heldsets import Holder, Part, added_at, field_made, holder_of, parts_held
from auditor.static.unordered.sets import MAX_PLACES, Elements, added


def elements_held(module: ModuleFacts, node: ast.expr) -> Elements:
    """What is added to the sets that an expression makes, or a factory will make: texts to one, or numbers to all."""
    if (field := field_made(module, node)) is not None:
        return _of_field(module, field)
    holder = holder_of(module, node)
    if holder is None:
        return Elements.UNKNOWN
    if (said := _said(module, holder.made)) is not Elements.UNKNOWN:
        return said
    parts = islice(parts_held(module, holder), MAX_PLACES)
    found: set[Elements] = set()
    for file, part in parts:
        found |= added(file, added_at(file, part))
    return Elements.TEXT if Elements.TEXT in found else _only(found)


def unordered_parts(module: ModuleFacts, holder: Holder) -> list[Part]:
    """Where sets come out whose order may count: not those that the program takes for one thing, nor those of numbers.

    A dictionary may hold numbers under one name and texts under another: `found["ids"].add(3)`.
    """
    parts = parts_held(module, holder)
    if any(is_single(file, part) for file, part in parts):
        return []
    filled: dict[object, set[Elements]] = {}
    for file, part in parts[:MAX_PLACES]:
        filled.setdefault(_key_of(part), set()).update(added(file, added_at(file, part)))
    is_told_apart = filled.pop(None, set()) <= {Elements.STABLE} and len(parts) <= MAX_PLACES
    numbers = {key for key, kinds in filled.items() if kinds == {Elements.STABLE}} if is_told_apart else set()
    return [(file, part) for file, part in parts if not is_single_here(file, part) and _key_of(part) not in numbers]


def _key_of(part: ast.expr) -> object:
    """`"ids"` of `found["ids"]`, None where the key is no constant."""
    key = (
        part.slice
        if isinstance(part, ast.Subscript)
        else part.args[0]
        if isinstance(part, ast.Call) and part.args
        else None
    )
    return key.value if isinstance(key, ast.Constant) else None


def _said(module: ModuleFacts, made: ast.expr) -> Elements:
    """What an annotation says: `known: dict[str, set[int]] = {}`."""
    if table_holds_only(module, made, NUMBERS):
        return Elements.STABLE
    return Elements.TEXT if table_holds_only(module, made, TEXTS) else Elements.UNKNOWN


def _only(found: set[Elements]) -> Elements:
    return found.pop() if len(found) == 1 else Elements.UNKNOWN


def _of_field(module: ModuleFacts, field: ast.expr) -> Elements:
    """`words: set[str] = field(default_factory=set)`, `self.words.add(line.strip())`."""
    statement = module.parent(field)
    call = statement.value if isinstance(statement, ast.AnnAssign) else None
    if call is not None and (said := _said(module, call)) is not Elements.UNKNOWN:
        return said
    places = attributes_of(module).get(getattr(field, "id", ""), ())
    return Elements.TEXT if Elements.TEXT in added(module, places) else Elements.UNKNOWN
