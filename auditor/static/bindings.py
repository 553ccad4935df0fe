"""Scopes, and the places where their names get a meaning."""

from __future__ import annotations

import ast
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


def reaching(bindings: Sequence[Binding], use: Position | None) -> list[Binding]:
    """The bindings that can be in force at `use` (None: at the end), the last one first.

    A binding hides those before it unless it stands in an arm of an `if`, `try` or loop that they do not share.
    """
    before = [binding for binding in bindings if use is None or binding.position <= use] or list(bindings)
    found: list[Binding] = []
    for binding in reversed(before):
        if any(_hides(later, binding) for later in found):
            continue
        found.append(binding)
    return found


def _hides(later: Binding, earlier: Binding) -> bool:
    """Whether `later` is executed whenever `earlier` was."""
    return later.branch == earlier.branch[: len(later.branch)]


def every_argument(arguments: ast.arguments) -> list[ast.arg]:
    """The parameters in order, `*args` and `**kwargs` last."""
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]
