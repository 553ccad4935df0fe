"""Whether an expression certainly is a text, or holds texts: their hashes are salted."""

from __future__ import annotations

import ast

from auditor.static.facts import Known, ModuleFacts
from auditor.static.syntax.bindings import Binding, BindingKind

_GIVING = frozenset({"format", "join", "lower", "lstrip", "replace", "rstrip", "strip", "title", "upper"})
"""Methods of texts that give a text."""

_SPLITTING = frozenset({"readlines", "rsplit", "split", "splitlines"})
"""Methods that give a list of texts."""

_MAKING = frozenset({"repr", "str", "input", "os.path.basename", "os.path.dirname", "os.path.join", "os.path.abspath"})
_LISTING = frozenset({"codecs.open", "glob.glob", "io.open", "open", "os.listdir"})
"""Functions over whose results one goes text by text; in a binary file they are bytes, which are salted too."""

_KEEPING = frozenset({"frozenset", "list", "reversed", "set", "sorted", "tuple", "tqdm.tqdm"})

_MAX_DEPTH = 6


def is_text(module: ModuleFacts, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression certainly is a text."""
    if depth > _MAX_DEPTH:
        return False
    value = module.constant(node)
    if isinstance(value, Known):
        return isinstance(value.value, str | bytes)
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", "") in _GIVING or module.resolve(node.func) in _MAKING
    if isinstance(node, ast.Subscript):
        # A part of a text is one.
        of_list = not isinstance(node.slice, ast.Slice) and holds_text(module, node.value, depth + 1)
        return of_list or is_text(module, node.value, depth + 1)
    if not isinstance(node, ast.Name):
        return False
    bindings = module.lookup.bindings_of(node)
    return bool(bindings) and all(_binds_text(module, each, depth) for each in bindings)


def _binds_text(module: ModuleFacts, binding: Binding, depth: int) -> bool:
    if binding.value is None or isinstance(binding.node, ast.AugAssign):
        return False
    if binding.kind is BindingKind.VALUE:
        return is_text(module, binding.value, depth + 1)
    return binding.kind is BindingKind.ELEMENT and holds_text(module, binding.value, depth + 1)


def holds_text(module: ModuleFacts, node: ast.expr, depth: int = 0) -> bool:
    """Whether a list, an open file or another iterable certainly gives texts."""
    if depth > _MAX_DEPTH:
        return False
    node = module.origin(node)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return bool(node.elts) and all(is_text(module, each, depth + 1) for each in node.elts)
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return is_text(module, node.elt, depth + 1)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Slice) and holds_text(module, node.value, depth + 1)
    if isinstance(node, ast.Name):
        return _is_opened(module, node)
    if not isinstance(node, ast.Call):
        return False
    if getattr(node.func, "attr", "") in _SPLITTING:
        return not (module.resolve(node.func) or "").startswith(("numpy.", "torch."))
    name = module.resolve(node.func)
    return name in _LISTING or (name in _KEEPING and len(node.args) > 0 and holds_text(module, node.args[0], depth + 1))


def _is_opened(module: ModuleFacts, node: ast.Name) -> bool:
    """`with open(path) as file:`, where nothing else is called so."""
    bindings = module.lookup.bindings_of(node)
    return bool(bindings) and all(
        each.kind is BindingKind.CONTEXT
        and isinstance(each.value, ast.Call)
        and module.resolve(each.value.func) in _LISTING
        for each in bindings
    )
