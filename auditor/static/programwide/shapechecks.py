"""Guards that only show what draws have no part in: `print(Net()(torch.randn(2, 3)).shape)` at the end of a module."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.programwide.quietparts import (
    COMPUTING,
    KEEPING,
    SWITCHING,
    TRAINING,
    decides_on_sizes,
    draws_one,
    is_drawn_count,
    is_harmless,
)
from auditor.static.programwide.throwaway import describes
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_NODES = 1500
"""Parts of a guard that are looked at."""

MAX_DEPTH = 8
"""Expressions within expressions, and names back to what they stand for."""

_PLAIN = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Assert, ast.Delete, ast.Import, ast.ImportFrom, ast.Pass)
_ABOUT = frozenset({"device", "dtype", "name", "ndim", "requires_grad", "shape"})
_ASKED = frozenset({"dim", "element_size", "get_shape", "nelement", "numel", "size", "type"})
_OF_NETWORKS = frozenset({"children", "format", "forward", "items", "keys", "modules", "named_modules", "parameters"})
_COUNTING = frozenset(
    {
        "dict", "enumerate", "float", "format", "int", "len", "list", "range", "round", "sorted", "str", "sum", "tuple",
        "type", "zip",
    }
)  # fmt: skip
"""Builtins whose result is no more random than what they are given."""

_SHOWING = frozenset({"print", "rich.print", "pprint.pprint"}) | frozenset(
    f"logging.{level}" for level in ("debug", "info", "warning")
)
_MADE_OF = (ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.Tuple, ast.List, ast.UnaryOp, ast.Starred)
_CLOCKS = "time."
_NETWORKS = ("torch.nn.", "torchvision.models.", "timm.", "tensorflow.keras.", "keras.")


def only_shows_shapes(module: ModuleFacts, guard: ast.If) -> bool:
    """Whether a guard makes networks and their input, and shows shapes, counts and what networks consist of.

    What is drawn on the way is neither kept nor shown: no two runs differ by it.
    """
    if _is_large(guard) or not any(isinstance(statement, ast.ClassDef) for statement in module.tree.body):
        return False
    return _shows_something(module, guard) and _are_plain(module, guard.body)


def _is_large(node: ast.AST) -> bool:
    return next(islice(walk(node), MAX_NODES, None), None) is not None


def _shows_something(module: ModuleFacts, guard: ast.If) -> bool:
    """More than a text."""
    calls = [node for node in walk(guard) if isinstance(node, ast.Call)]
    return any(describes(module, call) or (_shows(module, call) and _is_open(call)) for call in calls)


def _shows(module: ModuleFacts, call: ast.Call) -> bool:
    return module.resolve(call.func) in _SHOWING


def _is_open(call: ast.Call) -> bool:
    return not all(isinstance(each, ast.Constant) for each in call.args)


def _are_plain(module: ModuleFacts, statements: list[ast.stmt]) -> bool:
    return all(_is_plain(module, statement) for statement in statements)


def _is_plain(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Whether a statement makes, calls or shows nothing but what a shape check needs."""
    if isinstance(statement, ast.If):
        if not _is_decided(module, statement.test):
            return False
        parts = [statement.test]
        blocks = [statement.body, statement.orelse]
    elif isinstance(statement, ast.For):
        parts, blocks = [statement.iter], [statement.body, statement.orelse]
    elif isinstance(statement, ast.With):
        parts, blocks = [item.context_expr for item in statement.items], [statement.body]
    elif isinstance(statement, ast.Expr):
        return _is_shown_plainly(module, statement.value)
    elif isinstance(statement, _PLAIN):
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        named = all(isinstance(part, ast.Name | ast.Tuple) for part in targets)
        return named and _calls_are_plain(module, statement)
    else:
        return False
    return all(_calls_are_plain(module, part) for part in parts) and all(_are_plain(module, each) for each in blocks)


def _is_shown_plainly(module: ModuleFacts, node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and _shows(module, node):
        given = _given(node)
        certain = _Certain(module)
        return all(certain.holds(each) for each in given) and _calls_are_plain(module, *given)
    return _calls_are_plain(module, node)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(word.value for word in call.keywords)]


def _is_decided(module: ModuleFacts, test: ast.expr) -> bool:
    """Whether a condition asks nothing of what was made here: `torch.cuda.is_available()`, `out.shape == (2, 3)`."""
    certain = _Certain(module)
    names = (node for node in walk(test) if isinstance(node, ast.Name))
    return all(
        isinstance(module.names.value(name), External | ModuleRef) or _is_asked(module, name) or certain.holds(name)
        for name in names
    )


def _is_asked(module: ModuleFacts, name: ast.Name) -> bool:
    """`out` of `out.shape`, of `out.size()`, or of `isinstance(out, Net)`."""
    parent = module.parent(name)
    if isinstance(parent, ast.Attribute):
        return parent.attr in _ABOUT | _ASKED
    return isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "isinstance"


def _calls_are_plain(module: ModuleFacts, *nodes: ast.AST) -> bool:
    tests = (test for node in nodes for part in walk(node) if isinstance(part, ast.comprehension) for test in part.ifs)
    if not all(_is_decided(module, test) for test in tests):
        return False
    calls = (call for node in nodes for call in walk(node) if isinstance(call, ast.Call))
    return all(_is_plain_call(module, call) for call in calls)


def _is_plain_call(module: ModuleFacts, call: ast.Call) -> bool:
    """A class of the project or something that makes one of it, what was made, and libraries that compute."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if method in TRAINING or method.startswith(KEEPING):
        return False
    value = module.names.value(call.func)
    if describes(module, call) or method in SWITCHING or method in _ASKED:
        return True
    if isinstance(value, ClassRef):
        return is_harmless(value) and not any(is_drawn_count(module, each) for each in _given(call))
    if isinstance(value, FunctionRef):
        return is_harmless(value) and (value.owner is not None or _returns(value.node))
    if isinstance(value, Instance):
        return isinstance(value.of, External) or is_harmless(value.of)
    if isinstance(value, External):
        name = value.name
        if draws_one(name, call) or decides_on_sizes(module, call):
            return False
        return name in _COUNTING or name in _SHOWING or name.startswith((*COMPUTING, _CLOCKS))
    if isinstance(call.func, ast.Name):
        # What was made here, by a call that is looked at itself.
        bindings = module.lookup.in_force(call.func)
        return bool(bindings) and all(binding.value is not None for binding in bindings)
    return method in _OF_NETWORKS


def _returns(node: ast.AST) -> bool:
    return isinstance(node, ast.Lambda) or any(isinstance(part, ast.Return) and part.value for part in walk(node))


class _Certain:
    """Tells what is shown alike whatever was drawn: shapes, counts, texts, times, the parts of a network."""

    def __init__(self, module: ModuleFacts) -> None:
        self._module = module
        self._seen: set[ast.expr] = set()
        """What names stand for, once it is asked: all of it has to hold, so each is looked at once."""

    def holds(self, node: ast.AST, depth: int = 0) -> bool:
        if depth > MAX_DEPTH:
            return False
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Attribute):
            return node.attr in _ABOUT
        if isinstance(node, ast.Call):
            return self._gives(node, depth)
        if isinstance(node, ast.Name):
            return self._stands_for(node, depth)
        if isinstance(node, ast.GeneratorExp | ast.ListComp):
            return self.holds(node.elt, depth + 1)
        if isinstance(node, ast.Subscript):
            return self.holds(node.value, depth + 1)
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        return isinstance(node, _MADE_OF) and all(self.holds(part, depth + 1) for part in parts)

    def _gives(self, call: ast.Call, depth: int) -> bool:
        if describes(self._module, call):
            return True
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method in _ASKED:
            return True
        if method in SWITCHING and isinstance(call.func, ast.Attribute):
            return self.holds(call.func.value, depth + 1)
        name = self._module.resolve(call.func) or ""
        if name in ("len", "type") or name.startswith(_CLOCKS):
            return True
        return (name in _COUNTING or method == "format") and all(self.holds(each, depth + 1) for each in call.args)

    def _stands_for(self, name: ast.Name, depth: int) -> bool:
        """A network, of which its parts are shown, or a name for what is certain itself; results are not."""
        value = self._module.names.value(name)
        if isinstance(value, Instance):
            made = value.of
            bases = made.module.base_classes(made.node) if isinstance(made, ClassRef) else (made.name,)
            return any(base.startswith(_NETWORKS) for base in bases)
        values = [binding.value for binding in self._module.lookup.in_force(name)[:MAX_DEPTH]]
        for each in values:
            if each is None or (each not in self._seen and not self._first_time(each, depth)):
                return False
        return bool(values)

    def _first_time(self, node: ast.expr, depth: int) -> bool:
        self._seen.add(node)
        return self.holds(node, depth + 1)
