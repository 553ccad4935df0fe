"""Tensors that need no gradient: a batch that a loader gives, moved, scaled and resized before a layer sees it.

An operator that adds up the gradient of its input atomically has nothing to add then.
"""

from __future__ import annotations

import ast

from auditor.static.facts import ModuleFacts
from auditor.static.syntax.bindings import Binding, BindingKind
from auditor.static.syntax.nodes import walk

_AROUND_LOADERS = frozenset({"enumerate", "tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm"})
_LOADER = "torch.utils.data.DataLoader"
_WANTED = frozenset({"requires_grad", "requires_grad_", "retain_grad"})
_ADDING = frozenset({"append", "extend", "insert", "setdefault", "update"})
_MAX_STEPS = 30


def is_without_gradient(module: ModuleFacts, tensor: ast.expr | None) -> bool:
    """Whether a tensor certainly comes from a `DataLoader`, in a file that asks for no gradient of its input."""
    return tensor is not None and _Origin(module).is_of_loader(tensor) and not any(map(_wants, walk(module.tree)))


def _wants(part: ast.AST) -> bool:
    """`x.requires_grad_()`, `x.requires_grad = True`, `Variable(x, requires_grad=True)`; not what freezes weights."""
    if isinstance(part, ast.Call):
        name = getattr(part.func, "attr", getattr(part.func, "id", ""))
        given = [*part.args, *(each.value for each in part.keywords)]
        is_wanted = name in _WANTED and not any(_is_false(each) for each in given)
        return is_wanted or any(each.arg in _WANTED and not _is_false(each.value) for each in part.keywords)
    if isinstance(part, ast.Assign):
        return any(getattr(each, "attr", "") in _WANTED for each in part.targets) and not _is_false(part.value)
    return False


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return getattr(node, "id", "")


def _filled(scope: ast.AST) -> frozenset[str]:
    """Names of what is written into: `x[0] = net(y)`, `x.add_(net(y))`, `batch["x"] = net(y)`.

    Also by a function whose result nobody takes: `net(batch)`, `perturb(x)`.
    """
    found = set()
    for part in walk(scope):
        if isinstance(part, ast.Subscript) and not isinstance(part.ctx, ast.Load):
            found.add(_root(part))
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            found.update(each.id for each in part.value.args if isinstance(each, ast.Name))
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            name = part.func.attr
            if name in _ADDING or (name.endswith("_") and not name.endswith("__")):
                found.add(_root(part.func))
            found.update(_root(each.value) for each in part.keywords if each.arg == "out")
    for part in walk(scope):
        if isinstance(part, ast.Assign) and any(_root(each) in found for each in part.targets):
            found.update(each.id for each in walk(part.value) if isinstance(each, ast.Name))  # the same, by two names
    return frozenset(found)


class _Origin:
    """Where one tensor comes from, each of its names asked once."""

    def __init__(self, module: ModuleFacts) -> None:
        self._module = module
        self._asked: set[Binding] = set()
        self._filled: frozenset[str] | None = None

    def is_of_loader(self, node: ast.expr) -> bool:
        """Every way by which the expression gets its value begins at a loader."""
        if isinstance(node, ast.Subscript):
            return self.is_of_loader(node.value)
        if isinstance(node, ast.BinOp):
            sides = [each for each in (node.left, node.right) if not isinstance(each, ast.Constant)]
            return bool(sides) and all(self.is_of_loader(each) for each in sides)
        if isinstance(node, ast.Call):
            return self._is_moved(node)
        return isinstance(node, ast.Name) and self._is_named(node)

    def _is_moved(self, call: ast.Call) -> bool:
        known = self._module.project.networks
        if self._module.resolve(call.func) in known.same_gradient_functions:
            return bool(call.args) and self.is_of_loader(call.args[0])
        func = call.func
        return (
            isinstance(func, ast.Attribute)
            and func.attr in known.same_gradient_methods
            and self.is_of_loader(func.value)
        )

    def _is_named(self, name: ast.Name) -> bool:
        bindings = self._module.lookup.bindings_of(name) or ()
        if self._filled is None:
            around = [
                each for each in self._module.around(name) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            self._filled = _filled(around[-1] if around else self._module.tree)
        if not bindings or name.id in self._filled or len(self._asked) > _MAX_STEPS:
            return False
        for binding in bindings:
            if binding not in self._asked:
                self._asked.add(binding)
                if not self._is_bound(binding):
                    return False
        return True

    def _is_bound(self, binding: Binding) -> bool:
        statement = binding.node
        if binding.kind is BindingKind.VALUE and binding.value is not None:
            return self.is_of_loader(binding.value)
        while not isinstance(statement, ast.For | ast.stmt):
            above = self._module.parent(statement)
            if above is None:
                return False
            statement = above
        return isinstance(statement, ast.For) and self._is_loader(statement.iter)

    def _is_loader(self, node: ast.expr | None) -> bool:
        """`loader`, `enumerate(loader)`, and `bar` of `bar = tqdm(enumerate(loader))`."""
        while isinstance(node, ast.Call) and node.args and self._module.resolve(node.func) in _AROUND_LOADERS:
            node = node.args[0]
        if node is None:
            return False
        made = self._module.names.value(node)
        if getattr(getattr(made, "of", None), "name", "") == _LOADER:
            return True
        bindings = (self._module.lookup.bindings_of(node) or ()) if isinstance(node, ast.Name) else ()
        new = [binding for binding in bindings if binding not in self._asked]
        self._asked.update(new)
        return bool(bindings) and all(each.kind is BindingKind.VALUE and self._is_loader(each.value) for each in new)
