"""One function, or one module's top level, while it is being followed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import Enum

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.lengths import counted
from auditor.static.resolution.seedvalue import Seen, either
from auditor.static.resolution.values import Arguments, Instance, Value
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


MAX_NAMES = 1000
"""Names of one function among which the others of one dictionary are looked for."""


class End(Enum):
    """How a block of statements ends."""

    FALLS_THROUGH = "falls-through"
    RETURNS = "returns"
    LEAVES_LOOP = "leaves-loop"
    STOPS = "stops"
    """Raises, or ends the program."""


def dotted_name(node: ast.expr) -> str | None:
    """`split`, or `self.split`; None of everything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return None


class Frame:
    """Values of the names of one execution of a function or module."""

    __slots__ = (
        "arguments", "delayed", "function", "is_main", "is_making", "lengths", "made", "module", "parent", "results",
        "settled", "values",
    )  # fmt: skip

    def __init__(
        self,
        module: ModuleFacts,
        function: Function | None = None,
        parent: Frame | None = None,
        *,
        is_main: bool = False,
    ) -> None:
        self.module = module
        self.function = function
        self.parent = parent
        """The frame of the enclosing function or module, where it is being or was followed."""

        self.is_main = is_main
        """Executed as `__main__`."""

        self.is_making = getattr(function, "name", "") == "__init__"
        """Executed by a constructor, or by a method that it calls on the object it makes."""

        self.values: dict[str, Seen] = {}
        """What names and attributes (`self.seed`) were bound to, in the order of execution."""

        self.delayed: dict[str, tuple[ast.expr, ...]] = {}
        """Names of what was made and not used yet, and runs when it is (`delayed.py`)."""

        self.settled: set[str] = set()
        """Parameters whose value the text of the call says: `shuffle=False`, which no option changes.

        Attributes that are assigned such a parameter, too, as `self.shuffle`.
        """

        self.lengths: dict[str, int] = {}
        """How long the lists are that the text of the call writes out, where the function leaves that as it is."""

        self.arguments: Arguments = Arguments(parent.arguments if parent else None)
        """What parameters and loop variables stand for, for name resolution; those of enclosing functions too."""

        self.made: Instance | None = None
        """The object that the function is a method of, where the call that made it is known."""

        self.results: dict[ast.Call, Seen] = {}
        """What calls of project functions returned."""

    @property
    def binds_around(self) -> bool:
        """Whether the function may bind names of a function around it."""
        return "nonlocal" in self._elsewhere.values()

    def is_around(self, name: str) -> bool:
        """Whether a name of the function is one of a function around it."""
        return self._elsewhere.get(name) == "nonlocal"

    @property
    def _elsewhere(self) -> Mapping[str, str]:
        # What a `functools.partial` is read as has no scope.
        scope = self.module.index.scopes.get(self.function) if self.function is not None else None
        return scope.elsewhere if scope is not None else {}

    def settles(self, test: ast.expr) -> bool:
        """Whether a condition is about nothing but `settled` parameters: the other arm is never taken in this call."""
        if not (self.settled or self.lengths):
            return False
        parts, asked = self.module.written.operands(test)
        if self.lengths:
            lengths = {below for part in parts if counted(part) in self.lengths for below in walk(part)}
            asked = tuple(part for part in asked if part not in lengths)
        return bool(parts) and all(map(self.is_settled, asked))

    def is_settled(self, node: ast.expr) -> bool:
        """Whether an expression is a settled parameter, or an attribute that was assigned one."""
        text = dotted_name(node) if self.settled else None
        return text is not None and text in self.settled

    @property
    def wanted(self) -> Mapping[str, str]:
        """The settled parameters that are texts: `build("fixed")`."""
        held = ((name, self.values.get(name)) for name in self.settled)
        return {name: seen.constant for name, seen in held if seen is not None and isinstance(seen.constant, str)}

    def resolve(self, node: ast.expr) -> Value:
        """What an expression stands for here."""
        return self.module.names.value(node, self.arguments)

    def bind(self, holder: ast.AST, name: str, value: Value) -> None:
        """From now on a parameter of `holder`, or its loop variable, stands for `value`."""
        self.arguments[holder, name] = value
        self.arguments.answers = None

    def find(self, name: str) -> Seen | None:
        """The value of a name here or in an enclosing frame; None where it is not known."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.values:
                return frame.values[name]
            frame = frame.parent
        return None

    def change(self, name: str, value: Seen) -> None:
        """What a name stands for was changed in place, under all of its names.

        Where an enclosing frame has it, that is one call of several.
        """
        frame: Frame | None = self
        while frame is not None and name not in frame.values:
            frame = frame.parent
        if frame is None:
            return
        before = frame.values[name]
        after = value if frame is self else either(before, value)
        frame.values[name] = after
        if len(frame.values) <= MAX_NAMES:
            same = [other for other, held in frame.values.items() if held is before]
            frame.values.update(dict.fromkeys(same, after))
