"""Whether a condition holds in a plain run, one in which nobody gives an option.

Where it cannot be told the answer is None and both arms count. Two assumptions are made: a seed that comes from outside
is there, so that `if cfg.seed is not None: seed(cfg.seed)` counts as seeding, and so is a library that is asked for
(`if is_torch_available(): torch.manual_seed(seed)`).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import names_main
from auditor.static.evaluation.textvalues import TEXTS
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import Seen, Shape
from auditor.static.resolution.values import External, ModuleRef
from auditor.static.syntax.bindings import FUNCTIONS, Binding
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

COMPARE: Mapping[type[ast.cmpop], Callable[[object, object], object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]
    ast.LtE: operator.le,  # type: ignore[dict-item]
    ast.Gt: operator.gt,  # type: ignore[dict-item]
    ast.GtE: operator.ge,  # type: ignore[dict-item]
    ast.In: lambda one, other: one in other,  # type: ignore[operator]
    ast.NotIn: lambda one, other: one not in other,  # type: ignore[operator]
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FAILING = frozenset({"Exception", "ImportError", "ModuleNotFoundError"})
"""What an import raises that finds nothing, or is caught as."""

_TEST_RUNNERS = {"os.environ": "PYTEST_CURRENT_TEST", "sys.modules": "pytest"}
"""What holds something only while tests are run, and what that is."""

_ASKED = 2
"""An object, and the name of an attribute."""

_DEVICES = frozenset(
    {"accelerator", "cuda", "device", "gpu", "hpu", "ipu", "mlu", "mps", "npu", "rocm", "tpu", "xla", "xpu"}
)

_GIVEN_HOLDS = {
    ast.IsNot: True,
    ast.NotEq: True,
    ast.Gt: True,
    ast.GtE: True,
    ast.In: True,
    ast.Is: False,
    ast.Eq: False,
}
_GIVEN_HOLDS |= {ast.Lt: False, ast.LtE: False, ast.NotIn: False}


def truth(evaluator: Evaluator, node: ast.expr, frame: Frame) -> bool | None:
    """See the module's text."""
    if names_main(node) and not isinstance(node, ast.BoolOp):
        return frame.is_main
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = truth(evaluator, node.operand, frame)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        return _combined(node, [truth(evaluator, value, frame) for value in node.values])
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(evaluator, node, frame)
    if never_holds(frame.module, node):
        return False
    if isinstance(node, ast.Name) and node.id == "__debug__":
        return True  # unless Python is started with `-O`
    if _is_there(evaluator, node, frame):
        return True
    holds = _as_bool(evaluator.value(node, frame), node, frame)
    return True if holds is None and (asks_for_library(node) or _is_imported(node, frame)) else holds


def _is_there(evaluator: Evaluator, node: ast.expr, frame: Frame) -> bool:
    """`hasattr(options, "config")`, where that is known of the options."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "hasattr" or len(node.args) != _ASKED:
        return False
    entries = evaluator.value(node.args[0], frame).entries
    return entries is not None and getattr(node.args[1], "value", None) in entries.known


def never_holds(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a condition holds for type checkers or in tests only: `"PYTEST_CURRENT_TEST" in os.environ and …`."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return any(never_holds(module, value) for value in node.values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In):
        key, holder = node.left, module.resolve(node.comparators[0])
        return isinstance(key, ast.Constant) and holder is not None and _TEST_RUNNERS.get(holder) == key.value
    return module.resolve(node) == "typing.TYPE_CHECKING"


def asks_for_library(node: ast.expr) -> bool:
    """`is_torch_available()`; a device that is asked for so may well be missing."""
    if not isinstance(node, ast.Call) or node.args or node.keywords:
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", "")).lstrip("_")
    first, *subject, last = name.split("_") if "_" in name else (name, "")
    return bool(subject) and (first, last) == ("is", "available") and _DEVICES.isdisjoint(subject)


def _is_imported(node: ast.expr, frame: Frame) -> bool:
    """Whether a name says that a library is there: it is the library, or None or False `except ImportError`."""
    if not isinstance(node, ast.Name):
        return False
    module, bindings = frame.module, frame.module.lookup.bindings_of(node)
    if len(bindings) == 1 and isinstance(bindings[0].node, ast.ImportFrom) and bindings[0].alias is not None:
        origin = module.names.origin_of(bindings[0].node)
        holder = module.project.module(origin.path) if isinstance(origin, ModuleRef) else None
        if holder is None:
            return False
        module, bindings = holder, holder.index.root.bindings.get(bindings[0].alias.name, ())
    missing = [binding for binding in bindings if _is_missing(module, binding)]
    return 0 < len(missing) < len(bindings)


def _is_missing(module: ModuleFacts, binding: Binding) -> bool:
    """`except ImportError: np = None`, `except ImportError: HAS_NUMPY = False`."""
    if binding.value is None or not isinstance(binding.value, ast.Constant) or binding.value.value:
        return False
    inner: ast.AST | None = binding.value
    while inner is not None and not isinstance(inner, (ast.ExceptHandler, *FUNCTIONS)):
        inner = module.parent(inner)
    return isinstance(inner, ast.ExceptHandler) and (
        inner.type is None or any(getattr(part, "id", "") in _FAILING for part in walk(inner.type))
    )


def _finds(node: ast.expr, frame: Frame) -> bool:
    """`importlib.util.find_spec("torch")`."""
    found = frame.resolve(node.func) if isinstance(node, ast.Call) else None
    return isinstance(found, External) and found.name == "importlib.util.find_spec"


def _combined(node: ast.BoolOp, parts: list[bool | None]) -> bool | None:
    deciding = isinstance(node.op, ast.Or)
    if deciding in parts:
        return deciding
    return None if None in parts else not deciding


def _compared(evaluator: Evaluator, node: ast.Compare, frame: Frame) -> bool | None:
    kind = type(node.ops[0])
    left, right = evaluator.value(node.left, frame), evaluator.value(node.comparators[0], frame)
    if left.is_constant and right.is_constant and not _may_be_put(evaluator, left, right, node, frame):
        try:
            return bool(COMPARE[kind](left.constant, right.constant))
        except (TypeError, ValueError):
            return None
    against_none = SeedValue.NONE in (left.kind, right.kind)
    if against_none and kind in (ast.Is, ast.IsNot, ast.Eq, ast.NotEq):
        other = right if left.kind is SeedValue.NONE else left
        written = node.comparators[0] if left.kind is SeedValue.NONE else node.left
        is_made = other.kind in (SeedValue.FIXED, SeedValue.ENTROPY) or other.shape is Shape.OBJECT
        if is_made or _is_imported(written, frame) or _finds(written, frame):
            return kind in (ast.IsNot, ast.NotEq)
    if kind in (ast.In, ast.NotIn) and left.is_constant and frame.module.resolve(node.comparators[0]) == "sys.modules":
        return kind is ast.In  # a library that the program draws from has been imported
    if kind in (ast.In, ast.NotIn) and frame.module.resolve(node.comparators[0]) in TEXTS:
        return None  # `"--seed" in sys.argv`: in a plain run it is not there, and the program asks for just that
    if kind in (ast.In, ast.NotIn) and left.is_constant and _is_collected(node.comparators[0], frame):
        held = right.entries
        if held is not None and held.rest is None:
            return (left.constant in held.known) is (kind is ast.In)
    if kind is ast.NotIn and left.is_constant and right.entries is not None and right.entries.rest is None:
        return None if left.constant not in right.entries.known else False
    if any(frame.module.written.is_about_seed(side) for side in (node.left, node.comparators[0])):
        return _GIVEN_HOLDS.get(kind)
    return None


def _may_be_put(evaluator: Evaluator, key: Seen, table: Seen, node: ast.Compare, frame: Frame) -> bool:
    """Whether a file may put something under a key into the dictionary that is asked for it."""
    if not isinstance(node.ops[0], ast.In | ast.NotIn) or not isinstance(table.constant, dict):
        return False
    return isinstance(key.constant, str) and not evaluator.is_settled(node.comparators[0], key.constant, frame)


def _is_collected(node: ast.expr, frame: Frame) -> bool:
    """Whether it is `**options` of the function: a dictionary of its own, which nothing else puts anything into."""
    further = frame.function.args.kwarg if frame.function is not None else None
    return further is not None and isinstance(node, ast.Name) and node.id == further.arg


def _as_bool(seen: Seen, node: ast.expr, frame: Frame) -> bool | None:
    if seen.is_constant:
        return bool(seen.constant)
    if seen.kind is SeedValue.NONE:
        return False
    if seen.shape is Shape.OBJECT:
        return True
    return True if frame.module.written.is_about_seed(node) else None
