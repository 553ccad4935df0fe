"""What a parsed file contains, in the terms in which rules ask: calls, assignments, loops, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property

from auditor.model.lean import dataclass
from auditor.static.syntax.bindings import Function


@dataclass(frozen=True, slots=True)
class Known:
    """A value that can be read off the source."""

    value: object


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the source does not tell."""


UNKNOWN = Unknown()

_OBJECT_NAME_VALUE = 3
"""What `setattr` is given."""


def is_same(value: object, wanted: object) -> bool:
    """Equal, and not a boolean taken for a number."""
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def is_none(node: ast.expr | None) -> bool:
    """Whether None is written there."""
    return isinstance(node, ast.Constant) and node.value is None


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One call expression; what is called is resolved when it is asked for, which most calls never are."""

    node: ast.Call
    resolve: Callable[[ast.expr], str | None]
    method: str | None
    """Last part of what is called as written: `shuffle` in `x.shuffle()`; None for a call of a call or a subscript."""

    receiver: ast.expr | None
    """`x.y` in `x.y.shuffle()`; None for a plain name."""

    function: Function | None
    """Innermost enclosing function; None at module and class level."""

    in_loop: bool
    """Stands in the body of a loop or in a comprehension of the same function."""

    @cached_property
    def callee(self) -> str | None:
        """Fully qualified name (`numpy.random.rand`, `numpy.random.Generator.integers` for a method of a known object).

        Names of the project itself start with a dot: `.utils.seed.set_all`. None where it cannot be told.
        `super().__init__(…)` calls the class outside that it leads to.
        """
        name = self.resolve(self.node.func)
        is_base = self.method == "__init__" and name is not None and not name.startswith(".")
        return name.removesuffix(".__init__") if is_base and name is not None else name

    @property
    def opaque(self) -> bool:
        """Whether `*args` or `**kwargs` are passed, so that an argument that is not seen may still be given."""
        return any(isinstance(arg, ast.Starred) for arg in self.node.args) or any(
            keyword.arg is None for keyword in self.node.keywords
        )

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """The expression passed as keyword `name` or at index `position`; None where neither is there.

        Positions after a `*args` are not known and count as not there; see `opaque`.
        """
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value
        if position is not None and position < len(self.node.args):
            before = self.node.args[: position + 1]
            if not any(isinstance(arg, ast.Starred) for arg in before):
                return before[-1]
        return None


def call_of(node: ast.Call, name: str | None) -> Call:
    """A call on its own, for asking about its arguments."""
    called = node.func
    return Call(
        node=node,
        resolve=lambda _: name,
        method=called.attr if isinstance(called, ast.Attribute) else None,
        receiver=called.value if isinstance(called, ast.Attribute) else None,
        function=None,
        in_loop=False,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Assignment:
    """One target of `=`, `:=`, an annotated or an augmented assignment."""

    node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr
    target: ast.expr
    resolve: Callable[[ast.expr], str | None]
    key: str | None
    """The key of `os.environ["PYTHONHASHSEED"] = …` where it is a constant string; None otherwise."""

    value: ast.expr
    function: Function | None

    @cached_property
    def name(self) -> str | None:
        """Resolved name of an attribute, or of what an item is stored in (`os.environ`); None for plain local names."""
        if isinstance(self.target, ast.Subscript):
            return self.resolve(self.target.value)
        return self.resolve(self.target) if isinstance(self.target, ast.Attribute) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A `for`, or one `for` clause of a comprehension."""

    node: ast.For | ast.AsyncFor | ast.comprehension
    iterable: ast.expr
    owner: ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    """The statement, or the comprehension that the clause belongs to."""

    function: Function | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One name bound by an import statement."""

    node: ast.Import | ast.ImportFrom
    name: str
    """The local name; `*` for a star import."""

    target: str
    """Fully qualified: `torch.utils.data.DataLoader`; with a leading dot where it is the project's own."""

    function: Function | None


def passed(node: ast.Call) -> list[ast.expr]:
    """The arguments, those inside displays too: `callbacks=[Seeder()]`.

    A set is asked what it holds, and nothing in it is called: `auto_wrap_policy={Block}`.
    """
    found: list[ast.expr] = []
    for part in (*node.args, *(word.value for word in node.keywords)):
        if isinstance(part, ast.List | ast.Tuple):
            found.extend(part.elts)
        elif isinstance(part, ast.Dict):
            found.extend(part.values)
        else:
            found.append(part.value if isinstance(part, ast.Starred) else part)
    return found


def attribute_set(node: ast.Call) -> tuple[ast.Name, str, ast.expr] | None:
    """The object, the name and the value of `setattr(self, "seed", 3)` and `object.__setattr__(self, "seed", 3)`."""
    is_set = getattr(node.func, "id", getattr(node.func, "attr", "")) in ("setattr", "__setattr__")
    if not is_set or len(node.args) != _OBJECT_NAME_VALUE or node.keywords:
        return None
    holder, name, value = node.args
    if not (isinstance(holder, ast.Name) and isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return None
    return holder, name.value, value
