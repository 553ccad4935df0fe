"""What the text of a file says about its conditions and functions: the same however often programs come by."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.rngstate import negated
from auditor.static.names import method_kind
from auditor.static.syntax.bindings import FUNCTIONS, Function, every_argument
from auditor.static.syntax.nodes import walk
from auditor.static.text.seednames import may_name_seed


class Signature:
    """The parameters of a function, and how it is called."""

    __slots__ = ("defaults", "keyword_only", "kind", "names", "positional")

    def __init__(self, function: Function) -> None:
        arguments = function.args
        self.positional = tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))
        self.keyword_only = tuple(each.arg for each in arguments.kwonlyargs)
        self.names = frozenset(each.arg for each in every_argument(arguments))
        self.kind = method_kind(function)
        self.defaults = {name: default_of(function, name) for name in (*self.positional, *self.keyword_only)}


def given_by(node: ast.Call | None, positional: Sequence[str], keyword_only: Sequence[str]) -> Mapping[str, ast.expr]:
    """Parameters and the arguments that a call gives them; what follows a `*args` is not known."""
    if node is None:
        return {}
    found: dict[str, ast.expr] = {}
    for name, argument in zip(positional, node.args, strict=False):
        if isinstance(argument, ast.Starred):
            break
        found[name] = argument
    known = {*positional, *keyword_only}
    found.update({word.arg: word.value for word in node.keywords if word.arg in known})
    return found


class Written:
    """Answers about parts of one file, each worked out once."""

    def __init__(self, text: Callable[[ast.AST], str]) -> None:
        self._text = text
        self._conditions: dict[ast.expr, tuple[str, str]] = {}
        self._about_seeds: dict[ast.AST, bool] = {}
        self._signatures: dict[Function, Signature] = {}
        self._delayed: dict[Function, bool] = {}
        self._operands: dict[ast.expr, tuple[tuple[ast.expr, ...], tuple[ast.expr, ...]]] = {}
        self._bound_on_the_way: dict[Function, frozenset[str] | None] = {}

    def condition(self, test: ast.expr) -> tuple[str, str]:
        """A condition in one line, and its opposite."""
        found = self._conditions.get(test)
        if found is None:
            text = " ".join(self._text(test).split())
            found = self._conditions[test] = text, negated(text)
        return found

    def word(self, test: ast.expr, text: str) -> None:
        """Say how a condition reads that does not stand in the file as such."""
        self._conditions[test] = text, negated(text)

    def operands(self, test: ast.expr) -> tuple[tuple[ast.expr, ...], tuple[ast.expr, ...]]:
        """The names, attributes and calls of a condition; those of them that are no part of an attribute."""
        found = self._operands.get(test)
        if found is None:
            parts = tuple(part for part in walk(test) if isinstance(part, ast.Name | ast.Attribute | ast.Call))
            inner = {part.value for part in parts if isinstance(part, ast.Attribute)}
            found = self._operands[test] = parts, tuple(part for part in parts if part not in inner)
        return found

    def runs_to_its_end(self, function: Function, name: str) -> bool:
        """Whether a function leaves in its last statement only, and its parameter stands for one thing all the time."""
        if function not in self._bound_on_the_way:
            self._bound_on_the_way[function] = _bound_on_the_way(function)
        bound = self._bound_on_the_way[function]
        return bound is not None and name not in bound

    def is_about_seed(self, node: ast.AST) -> bool:
        """Whether an expression names a seed: `cfg.seed`, `"seed" in cfg`, `args.random_state`."""
        found = self._about_seeds.get(node)
        if found is None:
            found = self._about_seeds[node] = any(map(_names_seed, walk(node)))
        return found

    def signature(self, function: Function) -> Signature:
        """The parameters of a function."""
        found = self._signatures.get(function)
        if found is None:
            found = self._signatures[function] = Signature(function)
        return found

    def is_delayed(self, function: Function) -> bool:
        """Whether a call of a function only makes what runs later; decorators may change that (`contextmanager`)."""
        found = self._delayed.get(function)
        if found is None:
            found = self._delayed[function] = _runs_later(function)
        return found


def _names_seed(part: ast.AST) -> bool:
    text = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        text = part.value
    return may_name_seed(text) or text.lower() == "rng"


def _bound_on_the_way(function: Function) -> frozenset[str] | None:
    """The names that a function binds; None where it may leave before its last statement."""
    if isinstance(function, ast.Lambda):
        return None
    bound: set[str] = set()
    for node in walk(function):
        if (isinstance(node, ast.Return) and node is not function.body[-1]) or isinstance(
            node, ast.Yield | ast.YieldFrom
        ):
            return None
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
    return frozenset(bound)


def _runs_later(function: Function) -> bool:
    if isinstance(function, ast.Lambda) or function.decorator_list:
        return False
    return isinstance(function, ast.AsyncFunctionDef) or any(_yields(statement) for statement in function.body)


def _yields(node: ast.AST) -> bool:
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return False
    return any(_yields(child) for child in ast.iter_child_nodes(node))
