"""Functions of a program that only try something: what they draw is compared, and dropped when they end."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.facts import Known
from auditor.static.resolution.values import External, FunctionRef
from auditor.static.syntax.bindings import BindingKind, every_argument
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.syntax.bindings import Function

MAX_NODES = 600
"""Parts of a function that are looked at."""

MAX_DEPTH = 3
"""Functions that call each other."""

_STATEMENTS = (
    ast.AnnAssign, ast.Assert, ast.Assign, ast.AugAssign, ast.Expr, ast.For, ast.If, ast.Pass, ast.Return, ast.With,
)  # fmt: skip
_OPEN = (ast.Await, ast.Lambda, ast.NamedExpr, ast.Yield, ast.YieldFrom)
_STORED = (ast.Name, ast.Tuple, ast.List)
_OUTSIDE = (BindingKind.IMPORT, BindingKind.FROM_IMPORT, BindingKind.DEFINITION)
_COMPUTING = (
    "numpy.fft.", "numpy.linalg.", "numpy.ndarray.", "numpy.random.", "numpy.testing.", "torch.Tensor.",
    "torch.autograd.", "torch.cuda.", "torch.fft.", "torch.linalg.", "torch.nn.", "torch.random.",
    "torch.special.", "torch.testing.",
)  # fmt: skip
"""Parts of libraries that only compute, as what stands at the top of `torch` and `numpy` does; others write or send."""

_BUILTINS = frozenset(
    {
        "abs", "all", "any", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min", "range", "sum",
        "tuple", "zip",
    }
)  # fmt: skip
_LASTING = (
    "backend",
    "copyto",
    "dump",
    "hub",
    "jit",
    "load",
    "memmap",
    "register",
    "save",
    "seed",
    "set_",
    "state",
    "tofile",
    "use_",
    "write",
)
"""Parts of the names of calls of which more remains than what they give."""


def leaves_nothing(module: ModuleFacts, function: Function | None) -> bool:
    """Whether a function takes and gives nothing, and whatever it works out is gone when it ends.

    It binds nothing but its own names, shows nothing, and reads nothing of the module but what it calls.
    """
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or every_argument(function.args):
        return False
    if module.parent(function) is not module.tree or any(module.returns(function)):
        return False
    return _is_closed(module, function, MAX_DEPTH)


def _is_closed(module: ModuleFacts, function: Function, depth: int) -> bool:
    """Whether a function changes nothing outside of it but, at most, what it is given."""
    body = function.body if isinstance(function.body, list) else []
    parts = [part for statement in body for part in islice(walk(statement), MAX_NODES)]
    return bool(body) and len(parts) < MAX_NODES and all(_is_closed_part(module, part, depth) for part in parts)


def _is_closed_part(module: ModuleFacts, part: ast.AST, depth: int) -> bool:
    if isinstance(part, ast.stmt):
        targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
        stores = all(target is None or isinstance(target, _STORED) for target in targets)
        return isinstance(part, _STATEMENTS) and stores
    if isinstance(part, ast.Call):
        return _is_closed_call(module, part, depth)
    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
        return _is_own(module, part)
    if isinstance(part, ast.Attribute | ast.Subscript | ast.Starred):
        return isinstance(part.ctx, ast.Load)
    return not isinstance(part, _OPEN)


def _is_own(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether a name is one of the function, a number, a function or a library: nothing that could be changed."""
    bindings = module.lookup.bindings_of(name)
    if bindings and all(
        each.kind is BindingKind.PARAMETER or module.enclosing_function(each.node) for each in bindings
    ):
        return True
    known = module.constant(name)
    if isinstance(known, Known) and isinstance(known.value, int | float | str):
        return True
    if not all(each.kind in _OUTSIDE for each in bindings):
        return False
    return isinstance(module.names.value(name), External | FunctionRef)


def _is_closed_call(module: ModuleFacts, call: ast.Call, depth: int) -> bool:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    value = module.names.value(call.func)
    if isinstance(value, FunctionRef):
        is_plain = isinstance(value.node, ast.FunctionDef) and not value.node.decorator_list and value.owner is None
        return (
            is_plain
            and not _keeps_defaults(value.node)
            and depth > 1
            and _is_closed(value.module, value.node, depth - 1)
        )
    if any(word in method for word in _LASTING) or method in ("backward", "fit", "step"):
        return False
    if isinstance(value, External):
        is_computing = value.name.startswith(_COMPUTING) or value.name.rpartition(".")[0] in ("numpy", "torch")
        return value.name in _BUILTINS or (is_computing and not any(word in value.name for word in _LASTING))
    return value is None and isinstance(call.func, ast.Attribute)


def _keeps_defaults(function: Function) -> bool:
    """`rows=[]`: what is put in there is there in the next call."""
    defaults = (*function.args.defaults, *function.args.kw_defaults)
    return not all(each is None or isinstance(each, ast.Constant) for each in defaults)
