"""What a parsed file contains, in the terms in which rules ask: calls, assignments, loops, imports, values.

Built once per file in one walk. Names are resolved on demand (`names.py`); nothing here knows a rule.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.location import Location

if TYPE_CHECKING:
    from auditor.static.library_verdict import SeedValue
    from auditor.static.project import Project

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is the same in every run and can be read off the source."""

    value: object


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the source does not tell."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call expression."""

    node: ast.Call
    callee: str | None
    """Fully qualified name (`numpy.random.rand`, `numpy.random.Generator.integers` for a method of a known object).

    Names of the project itself start with a dot: `.utils.seed.set_all`. None where it cannot be told.
    """

    method: str | None
    """Last part of what is called as written: `shuffle` in `x.y.shuffle()`; None for a call of a call or a subscript."""

    receiver: ast.expr | None
    """`x.y` in `x.y.shuffle()`; None for a plain name."""

    function: Function | None
    """Innermost enclosing function; None at module and class level."""

    in_loop: bool
    """Stands in the body of a loop or in a comprehension of the same function."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One target of `=`, `:=`, an annotated or an augmented assignment."""

    node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr
    target: ast.expr
    name: str | None
    """Resolved name of an attribute or item's base (`torch.backends.cudnn.benchmark`, `os.environ`); None for plain local names."""

    key: str | None
    """The key of `os.environ["PYTHONHASHSEED"] = …` where it is a constant string; None otherwise."""

    value: ast.expr
    function: Function | None


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
    """Fully qualified: `numpy.random`, `torch.utils.data.DataLoader`; with a leading dot where it is the project's own."""

    function: Function | None


class ModuleFacts:
    """One parsed file; everything a matcher may ask about it."""

    path: str
    """Relative to the project's root, with `/`."""

    name: str
    """Dotted name inside the project, from its path: `src.pkg.train`."""

    lines: tuple[str, ...]
    """Source lines without line ends; index 0 is line 1. For a notebook: all code cells, one after the other."""

    tree: ast.Module
    project: Project
    is_test: bool
    is_notebook: bool
    is_entry_point: bool

    calls: tuple[Call, ...]
    assignments: tuple[Assignment, ...]
    loops: tuple[Loop, ...]
    imports: tuple[Import, ...]

    def calls_to(self, names: Collection[str]) -> tuple[Call, ...]:
        """Calls whose callee is one of `names`, in source order."""
        raise NotImplementedError

    def resolve(self, node: ast.expr) -> str | None:
        """Fully qualified name that an expression stands for, as `Call.callee`; None where it cannot be told."""
        raise NotImplementedError

    def type_of(self, node: ast.expr) -> str | None:
        """Fully qualified class of the object that an expression yields, where simple to see: `torch.Generator`."""
        raise NotImplementedError

    def origin(self, node: ast.expr) -> ast.expr:
        """Follow plain local names to the expression that was assigned to them, where there is exactly one."""
        raise NotImplementedError

    def constant(self, node: ast.expr | None) -> Known | Unknown:
        """Value of a literal, or of names and simple arithmetic that lead to literals; None (no node) is Unknown."""
        raise NotImplementedError

    def seed_value(self, node: ast.expr) -> SeedValue:
        """What is known of a seed: FIXED, GIVEN (configuration, parameter), NONE (also an option that is None by default), ENTROPY."""
        raise NotImplementedError

    def parent(self, node: ast.AST) -> ast.AST | None:
        raise NotImplementedError

    def enclosing_function(self, node: ast.AST) -> Function | None:
        raise NotImplementedError

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        raise NotImplementedError

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds `node`."""
        raise NotImplementedError

    def text(self, node: ast.AST) -> str:
        """Source text of a node."""
        raise NotImplementedError

    def location(self, node: ast.AST) -> Location:
        """Place of a node; for a function or class only its first line."""
        raise NotImplementedError
