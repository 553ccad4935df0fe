"""Scopes, and the places where their names get a meaning."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum

Position = tuple[int, int]
Branch = tuple[tuple[int, int], ...]
"""The arms that a binding stands in, outermost first: (number of the compound statement, number of the arm)."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class BindingKind(Enum):
    """What made a name exist."""

    IMPORT = "import"
    FROM_IMPORT = "from-import"
    DEFINITION = "definition"
    PARAMETER = "parameter"
    VALUE = "value"
    ELEMENT = "element"
    """Bound to an element of the expression in `value`."""

    CONTEXT = "context"
    """Bound by `with … as`."""

    OPAQUE = "opaque"


class Binding:
    """One place where a name of a scope gets its meaning."""

    __slots__ = ("alias", "branch", "kind", "node", "position", "value")

    def __init__(
        self,
        kind: BindingKind,
        node: ast.AST,
        position: Position,
        branch: Branch,
        value: ast.expr | None = None,
        alias: ast.alias | None = None,
    ) -> None:
        self.kind = kind
        self.node = node
        self.position = position
        self.branch = branch
        self.value = value
        self.alias = alias


class Scope:
    """A module, class, function or comprehension with the names that it binds."""

    __slots__ = ("bindings", "elsewhere", "kind", "node", "parent", "stars")

    def __init__(self, kind: str, node: ast.AST, parent: Scope | None) -> None:
        self.kind = kind
        self.node = node
        self.parent = parent
        self.bindings: dict[str, list[Binding]] = {}
        self.elsewhere: dict[str, str] = {}
        """Names declared `global` or `nonlocal` here."""

        self.stars: list[ast.ImportFrom] = []

    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class Reach:
    """The bindings of one name in one scope, for many places that ask which of them are in force there.

    A binding hides those before it unless it stands in an arm of an `if`, `try` or loop that they do not share.
    """

    __slots__ = ("_answers", "_bindings", "_hidden_by", "_plain", "_positions")

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self._bindings = bindings
        positions = [binding.position for binding in bindings]
        # Those of a `global` name, or of a walrus in the default of a parameter, may stand in another order.
        self._positions = positions if positions == sorted(positions) else None
        self._hidden_by = _hidden_by(bindings)
        """Of each the number of the first one that hides it."""

        depth = min(len(binding.branch) for binding in bindings)
        shared = bindings[0].branch[:depth]
        is_shared = all(binding.branch[:depth] == shared for binding in bindings)
        self._plain = [number for number, each in enumerate(bindings) if is_shared and len(each.branch) == depth]
        """Those that stand in no arm but such as all stand in: each hides all before it."""

        self._answers: dict[int, list[Binding]] = {}

    def at(self, use: Position | None) -> list[Binding]:
        """The bindings that can be in force at `use` (None: at the end), the last one first."""
        bindings = self._bindings
        if use is not None and self._positions is None:
            return reaching([each for each in bindings if each.position <= use] or bindings)
        count = bisect_right(self._positions, use) if use is not None and self._positions is not None else 0
        count = count or len(bindings)
        found = self._answers.get(count)
        if found is None:
            plain, hidden_by = bisect_right(self._plain, count - 1), self._hidden_by
            first = self._plain[plain - 1] if plain else 0
            shown = [number for number in range(count - 1, first - 1, -1) if hidden_by[number] >= count]
            found = self._answers[count] = [bindings[number] for number in shown]
        return found


def reaching(bindings: Sequence[Binding]) -> list[Binding]:
    """The bindings that can be in force once all of them were executed in this order, the last one first."""
    never = len(bindings)
    return [each for each, by in zip(reversed(bindings), reversed(_hidden_by(bindings)), strict=True) if by == never]


class _Arms(dict["tuple[int, int]", "_Arms"]):
    """Arms of statements with the arms in them."""

    __slots__ = ("own",)

    def __init__(self) -> None:
        self.own: int | None = None
        """The binding that stands in the arm itself and that no later one hides."""


def _hidden_by(bindings: Sequence[Binding]) -> list[int]:
    """Of each binding the number of the first one that hides it, that behind the last where none does."""
    found = [len(bindings)] * len(bindings)
    outside = _Arms()
    for number, binding in enumerate(bindings):
        arms = outside
        for arm in binding.branch:
            within = arms.get(arm)
            if within is None:
                within = arms[arm] = _Arms()
            arms = within
        pending = [arms]
        for each in pending:
            if each.own is not None:
                found[each.own] = number
            pending += each.values()
        arms.clear()
        arms.own = number
    return found


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    """The parameters in order, `*args` and `**kwargs` last."""
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]
