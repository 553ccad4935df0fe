"""Dictionaries, namespaces and environment variables that a program being followed changes in place."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.dotted import ENVIRONMENT, dotted_text, global_key
from auditor.static.elements import Known
from auditor.static.fields import WHOLE
from auditor.static.mappings import (
    Asked,
    entries_of,
    given_attributes,
    is_changed_by,
    merged,
    parameter_of,
    updated,
    with_entry,
    with_path,
)
from auditor.static.seedvalue import GIVEN, OPTIONS, Seen, Shape
from auditor.static.values import ClassRef, FunctionRef, Instance

if TYPE_CHECKING:
    from auditor.static.frame import Frame
    from auditor.static.walk import Walk


class Changes:
    """What one program changes."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._asked: Asked = {}

    def put(self, holder: ast.expr, key: ast.expr, value: Seen, frame: Frame) -> None:
        """`config["seed"] = 3`, `os.environ["SEED"] = "3"`."""
        known = self._walk.evaluator.known(key, frame)
        name = known.value if isinstance(known, Known) and isinstance(known.value, str) else None
        if name is not None and frame.module.resolve(holder) == ENVIRONMENT:
            self._walk.store(global_key(ENVIRONMENT, name), value)
            return
        while isinstance(holder, ast.Subscript):
            # `config["train"]["seed"] = 3`: of such ones no more is known.
            holder, name = holder.value, None
        text = dotted_text(holder)
        held = frame.find(text) if text is not None else None
        if held == OPTIONS and name is not None:
            self._walk.store(name, value)
        elif text is not None and held is not None and entries_of(held) is not None:
            frame.change(text, with_entry(held, name, value))
        elif text is not None and held is None and "." in text:
            root, *path = text.split(".")
            whole = frame.find(root)
            if whole is not None and whole.shape is Shape.PLAIN and entries_of(whole) is not None:
                # `config.train.seed = 3`
                path, value = ([*path, name], value) if name is not None else (path, GIVEN)
                frame.change(root, with_path(whole, path, value))

    def forget(self, node: ast.expr, frame: Frame) -> None:
        """A part of a dictionary goes by another name, under which it may be changed: `train = config.train`."""
        while isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            node = node.value
        if isinstance(node, ast.Attribute) and self._walk.evaluator.value(node, frame).entries is not None:
            self.put(node.value, ast.Constant(node.attr), GIVEN, frame)

    def attribute(self, target: ast.Attribute, value: Seen, frame: Frame) -> None:
        """`config.seed = 3`; what a constructor sets is known when it is left."""
        is_own = getattr(target.value, "id", "") in ("self", "cls")
        if is_own and target.attr not in self._walk.evaluator.attributes:
            return
        if getattr(frame.function, "name", "") == "__init__":
            return
        made = frame.resolve(target.value)
        if isinstance(made, Instance) and isinstance(made.of, ClassRef):
            self._walk.evaluator.store_attribute(made.of, target.attr, value)

    def set_by_default(self, node: ast.Call, frame: Frame) -> None:
        """`os.environ.setdefault("SEED", "3")`."""
        evaluator = self._walk.evaluator
        name = evaluator.known(node.args[0], frame)
        if isinstance(name, Known) and isinstance(name.value, str):
            key = global_key(ENVIRONMENT, name.value)
            self._walk.store(key, evaluator.stored.get(key) or evaluator.value(node.args[1], frame))

    def called(self, node: ast.Call, passed: Iterable[ast.expr], frame: Frame) -> None:
        """What a call changes: its receiver, or what it is given."""
        attributes = given_attributes(self._walk.evaluator, node, frame)
        if attributes is not None:
            name, value = attributes
            frame.values[f"{name}.{WHOLE}"] = value
            if (held := frame.find(name)) is not None and entries_of(held) is not None:
                frame.change(name, merged(held, value))
        if isinstance(node.func, ast.Attribute):
            text, held = _table(node.func.value, frame)
            if held is not None:
                if node.func.attr == "pop":
                    # What was taken out is asked for after it is gone.
                    frame.results[node] = self._walk.evaluator.value(node, frame)
                frame.change(text, updated(self._walk.evaluator, node, held, frame))
        for part in passed:
            text, held = _table(part, frame)
            if held is None and isinstance(part, ast.Attribute) and is_changed_by(node, part, frame, self._asked):
                self.forget(part, frame)
            elif held is not None and is_changed_by(node, part, frame, self._asked):
                frame.change(text, self._handed_back(node, part, frame))

    def _handed_back(self, node: ast.Call, part: ast.expr, frame: Frame) -> Seen:
        """What a dictionary holds after the function that it was given to was followed."""
        called = frame.resolve(node.func)
        followed, found = self._walk.calls.functions.handed_back
        if followed is not node or not isinstance(called, FunctionRef):
            return GIVEN
        return found.get(parameter_of(called, node, part) or "", GIVEN)


def _table(node: ast.expr, frame: Frame) -> tuple[str, Seen | None]:
    """A name, and the dictionary of which it is known what it holds; what options hold, the parser says."""
    text = dotted_text(node) if isinstance(node, ast.Name | ast.Attribute) else None
    held = frame.find(text) if text is not None else None
    if text is None or held is None or held.shape is not Shape.PLAIN or entries_of(held) is None:
        return "", None
    return text, held
