"""Dictionaries, namespaces and environment variables that a program being followed changes in place."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import PARSING_METHODS, written_options
from auditor.static.evaluation.fields import WHOLE
from auditor.static.evaluation.givenattributes import (
    SETTING,
    Filled,
    attributes_of,
    given_attributes,
    given_by_function,
)
from auditor.static.execution.overlaid import overlaid
from auditor.static.resolution.frame import MAX_NAMES
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import (
    Asked,
    entries_of,
    is_changed_by,
    looked_up,
    made,
    merged,
    parameter_of,
    updated,
    with_entry,
    with_path,
)
from auditor.static.resolution.seedvalue import GIVEN, OPTIONS, Seen, Shape
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import every_argument
from auditor.static.syntax.elements import Known, attribute_set
from auditor.static.text.dotted import ENVIRONMENT, dotted_text, global_key

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.resolution.frame import Frame


class Changes:
    """What one program changes."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._asked: Asked = {}
        self._filled: Filled = {}

    def item(self, target: ast.Subscript, value: Seen, frame: Frame) -> None:
        """`config["seed"] = 3`, also of a `class Config(dict)` with `__getattr__ = dict.__getitem__`."""
        self.put(target.value, target.slice, value, frame)
        made = frame.resolve(target.value)
        name = getattr(target.slice, "value", None)
        if isinstance(name, str) and isinstance(made, Instance) and isinstance(made.of, ClassRef):
            self._walk.evaluator.store_attribute(made.of, name, value)
            if (own := f"{dotted_text(target.value)}.{name}") in frame.values:
                frame.values[own] = value

    def put(self, holder: ast.expr, key: ast.expr, value: Seen, frame: Frame) -> None:
        """`config["seed"] = 3`, `os.environ["SEED"] = "3"`."""
        known = self._walk.evaluator.known(key, frame)
        name = known.value if isinstance(known, Known) and isinstance(known.value, str) else None
        args = attributes_of(holder)
        if isinstance(args, ast.Name) and frame.find(args.id) == OPTIONS:
            holder = args  # `args.__dict__["seed"] = 3`, `vars(args)["seed"] = 3`
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

    def _put_over(self, name: str, holder: ast.expr, value: Seen, frame: Frame) -> None:
        """`config = vars(args)`: what is put into it is put into the options; `dict(vars(args))` is a copy of them."""
        source = frame.module.origin(holder)
        if name in frame.values and isinstance(source, ast.Call) and frame.module.resolve(source.func) != "vars":
            frame.values[name] = value
        else:
            frame.change(name, value)

    def called(self, node: ast.Call, passed: Iterable[ast.expr], frame: Frame) -> None:
        """What a call changes: its receiver, or what it is given."""
        if getattr(node.func, "attr", "") in PARSING_METHODS:
            for name in written_options(node):
                self._walk.store(name, GIVEN)
        attributes = given_attributes(self._walk.evaluator, node, frame)
        if attributes is not None:
            self._give(*attributes, frame)
            return
        if (stored := attribute_set(node)) is not None:
            holder, name, given = stored
            target = ast.copy_location(ast.Attribute(value=holder, attr=name, ctx=ast.Store()), node)
            self._walk.bind(target, self._walk.evaluator.value(given, frame), frame)
            return
        if isinstance(node.func, ast.Attribute):
            text, held = _table(node.func.value, frame)
            if held is not None:
                if node.func.attr == "pop":
                    # What was taken out is asked for after it is gone.
                    frame.results[node] = self._walk.evaluator.value(node, frame)
                frame.change(text, updated(self._walk.evaluator, node, held, frame))
            elif node.func.attr == "update" and (own := dotted_text(node.func.value)) and frame.find(own) == OPTIONS:
                self._put_over(own, node.func.value, merged(OPTIONS, made(self._walk.evaluator, node, frame)), frame)
            elif (over := overlaid(self._walk.evaluator, node, frame)) is not None:
                frame.values[over[0]] = over[1]
        called = frame.resolve(node.func)
        self._fill_own(node, called, frame)
        for part in passed:
            if isinstance(called, FunctionRef) and isinstance(part, ast.Name) and self._fill(node, called, part, frame):
                continue
            text, held = _table(part, frame)
            if held is None and isinstance(part, ast.Attribute) and is_changed_by(node, part, frame, self._asked):
                self.forget(part, frame)
            elif held is not None and is_changed_by(node, part, frame, self._asked):
                frame.change(text, self._handed_back(node, part, frame))

    def _give(self, holder: ast.Name, value: Seen, frame: Frame) -> None:
        """An object gets as attributes what a dictionary holds."""
        start, entries, evaluator = f"{holder.id}.", entries_of(value), self._walk.evaluator
        own = [text for text in frame.values if text.startswith(start)] if len(frame.values) <= MAX_NAMES else []
        for text in own:
            if entries is not None:
                frame.values[text] = (
                    looked_up(evaluator, entries, text.removeprefix(start), frame) or frame.values[text]
                )
            elif frame.values[text].kind is SeedValue.NONE:
                frame.values[text] = GIVEN
        frame.values[f"{start}{WHOLE}"] = value
        if (held := frame.find(holder.id)) is not None and entries_of(held) is not None:
            frame.change(holder.id, merged(held, value))
        made = frame.resolve(holder) if not frame.is_making else None
        if isinstance(made, Instance) and isinstance(made.of, ClassRef) and entries is None:
            evaluator.open_attributes(made.of)

    def _fill(self, node: ast.Call, called: FunctionRef, part: ast.Name, frame: Frame) -> bool:
        """A function gives an object attributes that are None so far: `load(self)`; whether it may give any."""
        made, evaluator = frame.resolve(part), self._walk.evaluator
        cls = made.of if isinstance(made, Instance) and isinstance(made.of, ClassRef) else None
        is_options = cls is None and frame.find(part.id) == OPTIONS
        if not (cls or is_options) or isinstance(called.node, ast.Lambda):
            return False
        name = parameter_of(called, node, part)
        if name is None:
            return False
        given = given_by_function(called, name, self._filled)
        if WHOLE in given:
            self._give(part, GIVEN, frame)
            return True
        for each in sorted(given):
            attribute = ast.copy_location(ast.Attribute(value=part, attr=each, ctx=ast.Load()), part)
            if evaluator.value(attribute, frame).kind is not SeedValue.NONE:
                continue
            if is_options:
                self._walk.store(each, GIVEN)
                continue
            frame.values[f"{part.id}.{each}"] = GIVEN
            if cls is not None and not frame.is_making:
                evaluator.store_attribute(cls, each, GIVEN)
        return False

    def _fill_own(self, node: ast.Call, called: Value, frame: Frame) -> None:
        """A method, or a constructor, gives its object whatever attributes: `for name in given: setattr(self, …)`."""
        method = called.module.names.attribute(Instance(called), "__init__") if isinstance(called, ClassRef) else called
        if not isinstance(method, FunctionRef) or isinstance(method.node, ast.Lambda):
            return
        module = method.module
        if method.owner is None or not module.project.texts.hold(module.path, SETTING):
            return
        first = next(iter(every_argument(method.node.args)), None)
        if first is None or WHOLE not in given_by_function(method, first.arg, self._filled):
            return
        holder = node.func.value if isinstance(node.func, ast.Attribute) else None
        evaluator = self._walk.evaluator
        if isinstance(called, ClassRef):
            if WHOLE not in evaluator.objects.get(called, {}):  # its constructor was not followed
                evaluator.open_attributes(called)
        elif isinstance(holder, ast.Name) and f"{holder.id}.{WHOLE}" not in frame.values:
            self._give(holder, GIVEN, frame)

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
