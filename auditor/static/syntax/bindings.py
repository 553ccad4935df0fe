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
    """The bindings of one name in one scope, for many places that ask which of them are in force there."""

    __slots__ = ("_answers", "_bindings", "_positions", "_shared")

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self._bindings = bindings
        positions = [binding.position for binding in bindings]
        # Those of a `global` name, or of a walrus in the default of a parameter, may stand in another order.
        self._positions = positions if positions == sorted(positions) else None
        self._shared = _common([binding.branch for binding in bindings])
        self._answers: dict[int, list[Binding]] = {}

    def at(self, use: Position | None) -> list[Binding]:
        """The bindings that can be in force at `use` (None: at the end), the last one first.

        A binding hides those before it unless it stands in an arm of an `if`, `try` or loop that they do not share.
        """
        bindings = self._bindings
        if use is not None and self._positions is None:
            return _not_hidden([each for each in bindings if each.position <= use] or bindings, self._shared)
        count = bisect_right(self._positions, use) if use is not None and self._positions is not None else 0
        found = self._answers.get(count)
        if found is None:
            found = self._answers[count] = _not_hidden(bindings[:count] or bindings, self._shared)
        return found


def reaching(bindings: Sequence[Binding]) -> list[Binding]:
    """The bindings that can be in force once their scope was executed, the last one first."""
    return _not_hidden(bindings, ())


class _Arms(dict["tuple[int, int] | None", "_Arms"]):
    """Arms of statements with the arms in them; None is a key where a binding stands in the arm itself."""

    __slots__ = ()


_ENDS = _Arms()


def _not_hidden(bindings: Sequence[Binding], shared: Branch) -> list[Binding]:
    """`shared`: the arms that all of them stand in, so that nothing before one that stands in no other is left."""
    found: list[Binding] = []
    bound = _Arms()
    for binding in reversed(bindings):
        arms = bound
        for arm in binding.branch:
            if None in arms:
                break
            arms = arms.setdefault(arm, _Arms())
        if None in arms:
            continue
        arms[None] = _ENDS
        found.append(binding)
        if len(binding.branch) == len(shared):
            break
    return found


def _common(branches: Sequence[Branch]) -> Branch:
    """The beginning that all of them have: that of the least and the greatest one."""
    first, last = min(branches), max(branches)
    same = next((place for place, arm in enumerate(first) if last[place] != arm), len(first))
    return first[:same]


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    """The parameters in order, `*args` and `**kwargs` last."""
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]
