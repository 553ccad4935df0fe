"""Switches that stand in the text: `DEBUG = False`, `WARM_UP = 0` at the top of a file, which nothing turns on."""

from __future__ import annotations

import ast
from collections.abc import Collection

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import uses
from auditor.static.evaluation.modes import is_given_any, puts_on
from auditor.static.evaluation.truth import COMPARE
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ModuleRef
from auditor.static.syntax.elements import UNKNOWN, Known, Unknown

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.resolution.frame import Frame

_BY_ANY_NAME = ("exec(", "globals(", "setattr(", "vars(")
"""What may give a module's names other values without spelling them."""

_FILLING = ("globals().update(",)
"""What surely does so."""

MAX_SWITCHES = 500
"""Names that are looked up for one program: each is searched for in all of its files."""

_ASKING = frozenset({"bool", "len", "print", "sorted", "tuple"})
"""What neither changes nor keeps a list that it is given."""


class FixedSwitches:
    """What the switches of one program are; each is looked up once."""

    def __init__(self, within: Collection[str]) -> None:
        """`within`: the files of the program."""
        self._within = within
        self._values: dict[tuple[str, str], Known | Unknown] = {}
        self._open: dict[str, bool] = {}

    def outcome(self, test: ast.expr, frame: Frame) -> bool | None:
        """The outcome of a condition that such switches settle; None of all others."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self.outcome(test.operand, frame)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            deciding = isinstance(test.op, ast.Or)
            parts = [self.outcome(part, frame) for part in test.values]
            return deciding if deciding in parts else None if None in parts else not deciding
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._compared(test, test.comparators[0], frame)
        seen = self._value(test, frame)
        return bool(seen.value) if isinstance(seen, Known) else None

    def never_turns(self, loop: ast.For | ast.AsyncFor | ast.While, frame: Frame) -> bool:
        """`while RETRYING:`, `for name in EXTRA:`, `for _ in range(WARM_UP):`."""
        if isinstance(loop, ast.While):
            return self.outcome(loop.test, frame) is False
        counted = loop.iter
        if isinstance(counted, ast.Call) and len(counted.args) == 1 and frame.module.resolve(counted.func) == "range":
            counted = counted.args[0]
        return self.outcome(counted, frame) is False

    def _compared(self, test: ast.Compare, other: ast.expr, frame: Frame) -> bool | None:
        """`WARM_UP > 0`, `NAME == "debug"`, `CHECKPOINT is not None`: a switch against what is written there."""
        if isinstance(test.left, ast.Constant) == isinstance(other, ast.Constant):
            return None
        known = [
            Known(side.value) if isinstance(side, ast.Constant) else self._value(side, frame)
            for side in (test.left, other)
        ]
        left, right = known
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return None
        try:
            return bool(COMPARE[type(test.ops[0])](left.value, right.value))
        except TypeError:
            return None

    def _value(self, node: ast.expr, frame: Frame) -> Known | Unknown:
        if isinstance(node, ast.Constant):
            return Known(node.value)  # `if False:`
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len" and len(node.args) == 1:
            counted = self._value(node.args[0], frame)
            is_empty = isinstance(counted, Known) and isinstance(counted.value, str | tuple | list | dict)
            return Known(0) if is_empty else UNKNOWN
        if isinstance(node, ast.Attribute) and not isinstance(frame.resolve(node.value), ModuleRef):
            return UNKNOWN
        if not isinstance(node, ast.Name | ast.Attribute) or frame.module.written.is_about_seed(node):
            return UNKNOWN  # a seed of 0 is no switch that is off
        found = assigned(frame.module, node)
        if found is None:
            return UNKNOWN
        holder, value = found
        name = only_target(holder.parent(value))
        if not isinstance(name, ast.Name):
            return UNKNOWN
        key = holder.path, name.id
        if key not in self._values:
            is_much = len(self._values) >= MAX_SWITCHES
            self._values[key] = UNKNOWN if is_much else self._switch(holder, name, value)
        return self._values[key]

    def _switch(self, holder: ModuleFacts, name: ast.Name, value: ast.expr) -> Known | Unknown:
        """What a name at the top of `holder` always is; numbers, texts and what is empty count where they are off."""
        bound = holder.index.root.bindings.get(name.id, ())
        if len(bound) != 1 or bound[0].value is not value:  # `global DEBUG` binds it there, too
            return UNKNOWN
        if _may_be_replaced(holder, name):
            return UNKNOWN
        seen = holder.constant(value)
        if not isinstance(seen, Known) or (seen.value and not isinstance(seen.value, bool)):
            return UNKNOWN
        project = holder.project
        if any(_may_store(path, name.id, project, is_on=bool(seen.value)) for path in self._within):
            return UNKNOWN
        if self._is_open(holder) or project.texts.contain(holder.path, _FILLING):
            return UNKNOWN
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            return seen
        if project.texts.contain(holder.path, _BY_ANY_NAME):
            return UNKNOWN
        if isinstance(value, ast.List | ast.Dict):
            others = (path for path in self._within if path != holder.path)
            if any(project.texts.contain(path, (name.id,)) for path in others):
                return UNKNOWN
            return seen if all(_only_asks(holder, use) for use in uses(holder, name)) else UNKNOWN
        return seen

    def _is_open(self, holder: ModuleFacts) -> bool:
        """Whether one of the files gives another's names values by names that are not spelled."""
        if holder.path not in self._open:
            self._open[holder.path] = is_given_any(holder.path, self._within, holder.project)
        return self._open[holder.path]


def _may_be_replaced(holder: ModuleFacts, name: ast.Name) -> bool:
    """Whether something below takes a name's place: `from local_settings import *`, also of what is not there."""
    origins = (holder.names.origin_of(each) for each in holder.index.root.stars if each.lineno > name.lineno)
    return any(not isinstance(each, ModuleRef) or holder.project.may_export(each.path, name.id) for each in origins)


def _may_store(path: str, name: str, project: Project, *, is_on: bool) -> bool:
    """Whether a file may store something else in a module's name; the bytes tell of nearly all that they do not."""
    texts = project.texts
    is_spelled = texts.hold(path, frozenset({f".{name}"}))
    if is_on:
        return is_spelled  # `puts_on` does not ask for what puts it off
    return (is_spelled or texts.hold(path, frozenset({"setattr"}))) and puts_on(path, name, project)


def _only_asks(module: ModuleFacts, use: ast.expr) -> bool:
    """Whether a list or dictionary is as empty afterwards, and in no other name: `if EXTRA:`, `len(EXTRA)`."""
    parent = module.parent(use)
    if isinstance(parent, ast.Call):
        return parent.func is not use and getattr(parent.func, "id", "") in _ASKING
    if isinstance(parent, ast.BoolOp):
        return _only_asks(module, parent)
    if isinstance(parent, ast.If | ast.IfExp | ast.While):
        return parent.test is use
    if isinstance(parent, ast.For | ast.comprehension):
        return parent.iter is use
    return isinstance(parent, ast.Compare | ast.UnaryOp)
