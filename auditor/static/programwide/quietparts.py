"""Whether what a check of shapes calls only computes: nothing of it trains, keeps, shows, or makes sizes of draws."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, Value
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_NODES = 4000
"""Parts of a function or class that are looked at."""

MAX_REACHED = 60
"""Functions and classes that lead from one to the next."""

TRAINING = frozenset({"backward", "fit", "step"})
KEEPING = ("dump", "export", "save", "write", "savefig")
"""Beginnings of the names of what keeps something in a file."""

SWITCHING = frozenset({"cpu", "cuda", "double", "eval", "float", "half", "to", "train"})
"""Methods that put a network or its input elsewhere."""

COMPUTING = ("torch.", "numpy.", "tensorflow.", "keras.", "torchvision.models.", "timm.", "einops.", "sys.", "os.path.")
"""Libraries of which what is called computes something that is then shown, or is not."""

_WORKING = ("main", "run", "train", "eval", "fit", "learn", "optim", "experiment")
"""Parts of the names of functions that do a program's work."""

_SHOWING = frozenset({"critical", "debug", "error", "exception", "info", "log", "print", "warn", "warning"})
_LOGGERS = ("log", "logger", "logging", "print", "pprint")
_DRAWN_SIZES = frozenset(
    {"argwhere", "batched_nms", "flatnonzero", "masked_select", "nms", "nonzero", "unique", "unique_consecutive"}
)
"""What gives as many things as there are values of some kind."""

_COUNTED = frozenset({"choice", "integers", "permutation", "randint", "randperm", "shuffle"})
"""Last parts of the names of draws of numbers that may say how large something is."""

_PICKING = frozenset({"numpy.random.choice", "numpy.random.shuffle", "numpy.random.permutation"})
_WITH_SIZE = 3
"""Arguments of `randint` that gives more than one number."""

_FROM_OUTSIDE = ("numpy.random.", "random.")
"""Draws that networks seldom use for values, but to decide with."""

_BY_CHANCE = ("torch.bernoulli", "torch.rand")
_TEXTS = frozenset({"__repr__", "__str__", "extra_repr"})
_READING = frozenset({"item", "max", "mean", "min", "norm", "numpy", "std", "sum", "tolist"})
"""Methods that make numbers of weights."""


def is_harmless(value: ClassRef | FunctionRef) -> bool:
    """Whether a function or class, and all of the project that it calls, neither trains nor keeps or shows anything.

    Nor do draws decide in it how much there is.
    """
    pending: list[ClassRef | FunctionRef] = [value]
    seen = {value.node}
    for current in pending:
        if len(pending) > MAX_REACHED or next(islice(walk(current.node), MAX_NODES, None), None) is not None:
            return False
        if not all(_is_quiet(current.module, node) for node in walk(current.node)):
            return False
        for called in _called(current):
            if called.node not in seen:
                seen.add(called.node)
                pending.append(called)
    return True


def _called(value: ClassRef | FunctionRef) -> Iterator[ClassRef | FunctionRef]:
    """What a part calls, and what it extends."""
    found: list[Value] = list(bases(value)) if isinstance(value, ClassRef) else []
    names = value.module.names
    found += [names.value(node.func) for node in walk(value.node) if isinstance(node, ast.Call)]
    for each in found:
        if isinstance(each, ClassRef | FunctionRef):
            yield each
        elif isinstance(each, Instance) and isinstance(each.of, ClassRef):
            yield each.of


def _is_quiet(module: ModuleFacts, node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _is_quiet_call(module, node)
    if isinstance(node, ast.If | ast.IfExp | ast.comprehension):
        tests = node.ifs if isinstance(node, ast.comprehension) else [node.test]
        return not any(_decides_by_chance(module, each) for each in tests)
    if isinstance(node, ast.FunctionDef) and node.name in _TEXTS:
        return not any(isinstance(part, ast.Attribute) and part.attr in _READING for part in walk(node))
    return not isinstance(node, ast.While) and not _is_masked(node)


def _is_quiet_call(module: ModuleFacts, call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", "")).lower()
    if name in TRAINING or name.startswith((*KEEPING, "add_scalar")) or decides_on_sizes(module, call):
        return False
    if name in _SHOWING and _is_shown(module, call, name):
        return False
    value = module.names.value(call.func)
    if isinstance(value, External) and value.name.startswith(_FROM_OUTSIDE):
        return False
    if isinstance(value, External) and value.name.startswith(COMPUTING):
        return True
    is_switch = name in SWITCHING and isinstance(call.func, ast.Attribute)
    return is_switch or not any(word in name for word in _WORKING)


def _is_shown(module: ModuleFacts, call: ast.Call, name: str) -> bool:
    """Whether something is told that is no text; of constructors, which tell what they are given, only prints are."""
    function = module.enclosing_function(call)
    if name != "print":
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        text = getattr(receiver, "attr", getattr(receiver, "id", "")).lower()
        if not text.endswith(_LOGGERS) or getattr(function, "name", "").startswith(("__init__", "init", "load")):
            return False
    return not all(isinstance(each, ast.Constant) for each in call.args) or bool(call.keywords)


def decides_on_sizes(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether what a call gives is as long as the values that it is given say."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name in _DRAWN_SIZES or (name == "where" and len(call.args) == 1 and not call.keywords)


def _is_masked(node: ast.AST) -> bool:
    """`x[x > 0.5]`."""
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Compare)


def _decides_by_chance(module: ModuleFacts, test: ast.expr) -> bool:
    names = (module.resolve(node.func) or "" for node in walk(test) if isinstance(node, ast.Call))
    return any(name.startswith(_BY_CHANCE) for name in names)


def draws_one(name: str, call: ast.Call) -> bool:
    """Whether a draw gives one number, or picks something: not what a network is called with."""
    if name in _PICKING:
        return True
    is_sized = len(call.args) >= _WITH_SIZE or any(word.arg in ("size", None) for word in call.keywords)
    return name == "numpy.random.randint" and not is_sized


def is_drawn_count(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether an expression draws whole numbers, itself or by the names in it."""
    parts = [node]
    for name in (each for each in walk(node) if isinstance(each, ast.Name)):
        parts += [binding.value for binding in module.lookup.in_force(name) if binding.value is not None]
    calls = (part for each in parts for part in walk(each) if isinstance(part, ast.Call))
    names = (module.resolve(call.func) or "" for call in calls)
    return any(name.startswith(("numpy.", "torch.")) and name.rpartition(".")[2] in _COUNTED for name in names)
