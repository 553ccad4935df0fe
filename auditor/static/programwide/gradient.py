"""Does a gradient flow through a place? What is true of backward passes only holds where one does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import Enum

from auditor.static.facts import ModuleFacts
from auditor.static.resolution.callers import calls_of
from auditor.static.syntax.nodeindex import names_of

_LAYERS = frozenset({"torch.nn.Module", "torch.nn.Sequential", "torch.autograd.Function"})
_MAX_DEPTH = 3
"""Functions between a layer and the one that is asked about."""

_MAX_AROUND = 20
"""Expressions through which one tensor comes."""

_STORED = ("checkpoint", "ckpt", "pretrained", "state_dict")
"""In names of dictionaries of stored weights."""

_WEIGHTS = ("checkpoint", "ckpt", "state_dict")
"""Those that are no names of features, too."""

_OFF = frozenset({"torch.inference_mode", "torch.no_grad", "torch.autograd.no_grad", "torch.autograd.inference_mode"})
_ON = frozenset({"torch.enable_grad", "torch.autograd.enable_grad"})

_WORDS = re.compile(r"[^a-z]+")
_MEASURES = frozenset({"eval", "evaluation", "fid", "metric", "metrics", "score", "scores"})
"""Words in the path of files that hold a network for a metric."""


class Gradient(Enum):
    """What the source tells about gradients at a place."""

    NONE = "none"
    """Under `torch.no_grad()`, or of the position embeddings of a checkpoint."""

    LIKELY = "likely"
    """In a method of a torch module, outside of `torch.no_grad()`."""

    UNKNOWN = "unknown"


def gradient_at(module: ModuleFacts, node: ast.AST) -> Gradient:
    """Look at the enclosing `with` statements, decorators and class."""
    if _is_off(module, node) or _is_called_off(module, node, 1) or _is_transform(module, node):
        return Gradient.NONE
    holder = module.enclosing_class(node)
    if _is_apart(module, holder):
        return Gradient.NONE
    if holder is not None and "torch.nn.Module" in module.base_classes(holder):
        return Gradient.NONE if _is_computed_once(module, node) or _fits_stored(module, node) else Gradient.LIKELY
    if holder is not None and not _is_layer(module, holder) and _switches_off(module, holder):
        return Gradient.NONE
    # A mixin of layers has no base of its own.
    is_plain = holder is None or not (holder.bases or _has_method(holder, "forward"))
    if _resizes_positions(node) or _resizes_stored(module, node) or (is_plain and not _is_near_layers(module, node)):
        return Gradient.NONE
    return Gradient.UNKNOWN


def _is_called_off(module: ModuleFacts, node: ast.AST, depth: int) -> bool:
    """Whether a place is in a function, and no method, that is only called without gradients."""
    function = module.enclosing_function(node)
    if function is None or isinstance(function, ast.Lambda) or not isinstance(module.parent(function), ast.Module):
        return False
    calls = list(calls_of(module, function))
    called = {call.func for _, call in calls}
    for each in {caller.path: caller for caller, _ in calls}.values():
        if any(use not in called for use in names_of(each).get(function.name, ())):
            return False  # handed to something that may call it
    return bool(calls) and all(
        _is_off(caller, call, within=True) or (depth < _MAX_DEPTH and _is_called_off(caller, call, depth + 1))
        for caller, call in calls
    )


def _is_apart(module: ModuleFacts, holder: ast.ClassDef | None) -> bool:
    """Whether a class only measures what was trained (`metrics/fid/inception.py`), or prepares data."""
    if holder is None:
        return False
    name = holder.name.lower()
    if "inception" in name and not _MEASURES.isdisjoint(
        _WORDS.split(" ".join((module.path, *_beside(module))).lower())
    ):
        return True
    return not _is_layer(module, holder) and any(word in name for word in ("buffer", "dataset", "replay"))


def _beside(module: ModuleFacts) -> Iterator[str]:
    """The names of the functions at the top of a file: `fid_inception_v3`."""
    return (node.name for node in module.tree.body if isinstance(node, ast.FunctionDef))


def _is_transform(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a place stands in a lambda that a transform of pictures is made of."""
    function = module.enclosing_function(node)
    made = module.parent(function) if isinstance(function, ast.Lambda) else None
    return isinstance(made, ast.Call) and (module.resolve(made.func) or "").startswith("torchvision.transforms.")


def _is_near_layers(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a function can be part of a model: it stands beside layers or a backward pass, or is called from there.

    Elsewhere pictures are resized, predictions are pasted and checkpoints made to fit. A function that nobody calls may
    be part of anything, but for one beside a class whose objects are called and are no layers: a transform.
    """
    function = module.enclosing_function(node)
    if function is None or _trains(module) or any(_is_layer(module, each) for each in _classes(module)):
        return True
    calls = list(calls_of(module, function))
    if not calls:
        return not any(_has_method(each, "__call__") for each in _classes(module))
    return any(_is_part(caller, call, 1) for caller, call in calls)


def _is_part(module: ModuleFacts, call: ast.Call, depth: int) -> bool:
    """Whether what is called here can be part of a model: by a layer, beside a backward pass, in a plain script.

    So can what a function calls that a layer calls.
    """
    holder, function = module.enclosing_class(call), module.enclosing_function(call)
    if holder is None and function is None:
        return depth == 1
    if _trains(module) or (holder is not None and _is_layer(module, holder)):
        return True
    if holder is not None or function is None or depth >= _MAX_DEPTH:
        return False
    return any(_is_part(caller, each, depth + 1) for caller, each in calls_of(module, function))


def _trains(module: ModuleFacts) -> bool:
    return any(call.method == "backward" for call in module.calls)


def _classes(module: ModuleFacts) -> list[ast.ClassDef]:
    return [node for node in module.tree.body if isinstance(node, ast.ClassDef)]


def _has_method(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == name for each in node.body)


def _is_layer(module: ModuleFacts, node: ast.ClassDef) -> bool:
    """Every class of `torch.nn` is one: losses, and what the project calls so."""
    bases = module.base_classes(node)
    return any(base in _LAYERS or base.startswith("torch.nn.") or base.endswith(("Module", "Loss")) for base in bases)


def _resizes_positions(node: ast.AST) -> bool:
    """`interpolate(pos_tokens, …)` outside of a module: a checkpoint is made to fit, before any training."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return isinstance(first, ast.Name) and first.id.lower().startswith(("pos_", "posemb", "position"))


def _resizes_stored(module: ModuleFacts, node: ast.AST, words: tuple[str, ...] = _STORED) -> bool:
    """`table = state_dict[key]`, `interpolate(table.view(…), …)`: so is a table of a checkpoint, whichever it is."""
    pending: list[ast.expr | None] = list(node.args[:1]) if isinstance(node, ast.Call) else []
    seen: set[ast.expr | None] = set()
    for part in pending:
        if part in seen:
            continue
        if len(seen) == _MAX_AROUND:
            return False
        seen.add(part)
        if isinstance(part, ast.Name):
            bindings = module.lookup.in_force(part)
            pending += [binding.value for binding in bindings] or [None]
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            pending.append(part.func.value)
        elif not isinstance(part, ast.Subscript) or not _is_of_stored(part, words):
            return False
    return bool(seen)


def _fits_stored(module: ModuleFacts, node: ast.AST) -> bool:
    """`def load_from(self, path): …` of a layer, of a dictionary that holds weights: features may be pretrained."""
    function = module.enclosing_function(node)
    name = getattr(function, "name", "forward")
    is_called = name.startswith("forward") or _is_part_of_pass(module, node, name)
    return not is_called and _resizes_stored(module, node, _WEIGHTS)


def _is_part_of_pass(module: ModuleFacts, node: ast.AST, name: str) -> bool:
    """Whether a forward pass of the class names one of its methods: `self.encode({"x": x})`."""
    holder = module.enclosing_class(node)
    for method in holder.body if holder is not None else ():
        is_pass = getattr(method, "name", "").startswith("forward")
        if is_pass and any(getattr(part, "attr", None) == name for part in ast.walk(method)):
            return True
    return False


def _is_of_stored(part: ast.Subscript, words: tuple[str, ...]) -> bool:
    named = part.value
    while isinstance(named, ast.Subscript):
        named = named.value
    name = getattr(named, "id", getattr(named, "attr", "")).lower()
    return any(word in name for word in words)


def _is_computed_once(module: ModuleFacts, node: ast.AST) -> bool:
    """`F.interpolate(…)` in a layer's constructor gives a first value; `nn.Upsample(…)` there is called later."""
    function = module.enclosing_function(node)
    if getattr(function, "name", "") != "__init__" or not isinstance(node, ast.Call):
        return False
    return (module.resolve(node.func) or "").startswith("torch.nn.functional.")


def _switches_off(module: ModuleFacts, holder: ast.ClassDef) -> bool:
    """Whether a class that is no layer calls its layers under `torch.no_grad()`: a blur of pictures."""
    return any(
        isinstance(part, ast.With) and any(_is_switch(module, item.context_expr) for item in part.items)
        for part in ast.walk(holder)
    )


def _is_switch(module: ModuleFacts, manager: ast.expr, names: frozenset[str] = _OFF) -> bool:
    called = manager.func if isinstance(manager, ast.Call) else manager
    return module.resolve(called) in names


def _is_off(module: ModuleFacts, node: ast.AST, *, within: bool = False) -> bool:
    """`within`: only by the function around a place; one that is defined in it may be called later."""
    for holder in (node, *module.around(node)):
        managers: list[ast.expr] = []
        if isinstance(holder, ast.With | ast.AsyncWith):
            managers = [item.context_expr for item in holder.items]
        elif isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
            managers = list(holder.decorator_list)
        if any(_is_switch(module, manager) for manager in managers):
            return True
        if any(_is_switch(module, manager, _ON) for manager in managers):
            return False
        if within and isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
    return False
