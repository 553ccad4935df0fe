"""What gives the parameters of a network their first values: `nn.Parameter(torch.randn(3))`, `conv.weight.data = …`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.converted import fills_network, makes_filled_layer
from auditor.static.evaluation.flow import reads_below
from auditor.static.execution.weights import PARAMETERS, is_replaced
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.reuse.trace import Memory
    from auditor.static.syntax.bindings import Function

_KEPT: WeakKeyDictionary[ModuleFacts, Memory[tuple[Function, str], bool]] = WeakKeyDictionary()
"""Whether all that reads a name of a function keeps it in a model."""

_ABOUT = frozenset({"device", "dim", "dtype", "new_empty", "new_tensor", "numel", "shape", "size"})
"""What says of a parameter how large it is and where it lies, and not what it holds."""

_RESTORING = ("load", "pretrained", "restore")
"""What stands in constructors that begin with stored weights."""

_PARAMETER = frozenset(
    ["torch.nn.Parameter", "torch.nn.parameter.Parameter", "tensorflow.Variable", "tensorflow.compat.v1.Variable"]
)


def makes_weights(module: ModuleFacts, node: ast.Call) -> bool:
    """Whether what a call draws becomes a parameter or buffer of a model: `torch.nn.Parameter(torch.randn(3))`."""
    part, above = _flowing(module, node)
    if _keeps(module, above):
        return True
    target = above.targets[0] if isinstance(above, ast.Assign) and above.value is part else None
    function = module.enclosing_function(node)
    if not isinstance(target, ast.Name) or function is None:
        return False
    reads = reads_below(module, function, target.id)
    known = _KEPT.setdefault(module, {})
    return module.project.trace.once(known, (function, target.id), lambda: _are_kept(module, reads))


def _are_kept(module: ModuleFacts, reads: Sequence[ast.expr]) -> bool:
    left = [read for read in reads if not _keeps(module, _flowing(module, read)[1])]
    return len(left) < len(reads) and all(_is_adjusted(module, read) for read in left)


def _is_adjusted(module: ModuleFacts, tensor: ast.expr) -> bool:
    """Whether items of a tensor are replaced here: `start[:, 0] = -1e4`, `self.constrain(start)` as a statement."""
    above = module.parent(tensor)
    if isinstance(above, ast.Subscript):
        return above.value is tensor and isinstance(above.ctx, ast.Store)
    if not isinstance(above, ast.Call) or not isinstance(above.func, ast.Attribute):
        return False
    return getattr(above.func.value, "id", "") == "self" and isinstance(module.parent(above), ast.Expr)


def fills_given(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a statement gives a function the parameter of a layer: `truncated_normal(self.out.weight.data)`."""
    if not isinstance(module.parent(call), ast.Expr):
        return False
    given = call.args[0] if call.args else None
    if isinstance(given, ast.Attribute) and given.attr == "data":
        given = given.value
    if not isinstance(given, ast.Attribute) or given.attr not in PARAMETERS:
        return False
    function = module.enclosing_function(call)
    written = module.text(function) if function is not None else ""
    return not any(word in written for word in _RESTORING)  # noise on what the constructor itself has read


def fills_parameter(module: ModuleFacts, statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> bool:
    """`conv.weight.data = default_init()(conv.weight.shape)`, `self.W = nn.Parameter(default_init()(3, 4))`.

    Not `conv.weight.data = noisy(conv.weight)`, which keeps what was there.
    """
    target = only_target(statement)
    if isinstance(statement, ast.AugAssign) or not (
        isinstance(target, ast.Attribute) and isinstance(statement.value, ast.Call)
    ):
        return False
    if module.resolve(statement.value.func) in _PARAMETER:
        return True
    if target.attr == "data":
        target = target.value
    if not isinstance(target, ast.Attribute) or target.attr not in PARAMETERS:
        return False
    read = (each for each in walk(statement.value) if isinstance(each, ast.Attribute) and each.attr in PARAMETERS)
    return all(_is_described(module, each) for each in read)


def _is_described(module: ModuleFacts, node: ast.Attribute) -> bool:
    """`conv.weight.shape`, `conv.weight.data.size()`."""
    above = module.parent(node)
    if isinstance(above, ast.Attribute) and above.attr == "data":
        above = module.parent(above)
    return isinstance(above, ast.Attribute) and above.attr in _ABOUT


def _flowing(module: ModuleFacts, node: ast.expr) -> tuple[ast.AST, ast.AST | None]:
    """What the value of `node` flows into through reckoning and methods, and what holds that."""
    part: ast.AST = node
    above = module.parent(part)
    while isinstance(above, ast.BinOp | ast.Attribute | ast.UnaryOp) or (
        isinstance(above, ast.Call) and above.func is part
    ):
        part, above = above, module.parent(above)
    return part, above


def _keeps(module: ModuleFacts, node: ast.AST | None) -> bool:
    if not isinstance(node, ast.Call):
        return False
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return method in ("register_buffer", "register_parameter") or module.resolve(node.func) in _PARAMETER


def filling(module: ModuleFacts, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> tuple[bool, bool, bool]:
    """Whether an assignment makes a model whose weights are all replaced; initialises a parameter; fills a network."""
    replaced = isinstance(node, ast.Assign) and (is_replaced(module, node) or makes_filled_layer(module, node))
    return replaced, fills_parameter(module, node), fills_network(module, node)
