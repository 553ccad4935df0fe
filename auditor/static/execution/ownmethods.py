"""Methods that a constructor calls on the object it makes: they find what it has set so far, and set more."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.resolution.frame import Frame
    from auditor.static.resolution.seedvalue import Seen

MAX_ATTRIBUTES = 100
"""Attributes of one object that are handed to a method; where there are more, none is."""

_NONE: Mapping[str, Seen] = {}


def set_so_far(node: ast.Call | None, frame: Frame) -> Mapping[str, Seen]:
    """What a constructor has set before a method is called on its own object, by attribute."""
    return _attributes(frame) if is_on_new_object(node, frame) else _NONE


def set_there(frame: Frame) -> Mapping[str, Seen]:
    """What a method has set, or found set, with a dot before each attribute."""
    return {f".{name}": value for name, value in _attributes(frame).items()}


def take_over(found: Mapping[str, Seen], node: ast.Call | None, frame: Frame) -> None:
    """Whoever called a method on an object that is being made goes on with what that has set."""
    first = _first(frame.function)
    if is_on_new_object(node, frame):
        frame.values.update({f"{first}{text}": value for text, value in found.items() if text.startswith(".")})


def is_on_new_object(node: ast.Call | None, frame: Frame) -> bool:
    """`self.setup()` and `super().setup()` in a constructor, or in what that calls so."""
    if node is None or not isinstance(node.func, ast.Attribute) or not frame.is_making:
        return False
    holder = node.func.value
    if isinstance(holder, ast.Call):
        return isinstance(holder.func, ast.Name) and holder.func.id == "super"
    return isinstance(holder, ast.Name) and holder.id == _first(frame.function)


def _attributes(frame: Frame) -> Mapping[str, Seen]:
    start = f"{_first(frame.function)}."
    found = {text[len(start) :]: value for text, value in frame.values.items() if text.startswith(start)}
    return found if len(found) <= MAX_ATTRIBUTES else _NONE


def _first(function: Function | None) -> str:
    arguments = function.args if function is not None else None
    first = (*arguments.posonlyargs, *arguments.args)[:1] if arguments is not None else ()
    return first[0].arg if first else ""
