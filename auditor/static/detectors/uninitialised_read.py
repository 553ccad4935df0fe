"""Memory that is read before it was written: the first use of `torch.empty(…)` is a read.

A matcher cannot say it: what happens to the tensor next decides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, Known, ModuleFacts, Unknown
from auditor.static.matcher import Hit, Scope
from auditor.static.programwide.filledlayers import filled_in_layers
from auditor.static.programwide.filledloops import all_are_initialised, fills
from auditor.static.project import Project
from auditor.static.resolution.callers import calls_named
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk

_READS = frozenset(
    {"add_", "mean", "mul_", "sub_", "sum", "std", "norm", "item", "numpy", "tolist", "clone", "max", "min"}
)
_WRITES = frozenset({"copy_", "fill_", "normal_", "ones_", "uniform_", "zero_"})
"""Methods of a tensor that write all of it, whatever it held."""

_FILLING = ("copyto", "fill", "into", "load", "read", "recv")
"""Words in the name of what writes into an array that it is given: `readinto`, `Recv`, `load_into`."""

_NAN = frozenset({"numpy.nan", "numpy.NaN", "numpy.NAN", "math.nan", "torch.nan"})
_ALIKE = frozenset({"to", "type_as"})
"""Methods that take no more of another tensor than its type and its device."""

_SHAPES = frozenset({"shape", "dtype", "device", "ndim", "size", "numel", "dim", "stride", "element_size"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    makers: frozenset[str]
    sized: frozenset[str]
    """Constructors that leave the memory as it is when they are given sizes."""

    wrappers: frozenset[str]
    """What makes a parameter of a tensor; `register_buffer` counts too."""


def _read(table: Table) -> _Options:
    return _Options(
        makers=frozenset(table.strings("callee", required=True)),
        sized=frozenset(table.strings("sized")),
        wrappers=frozenset(table.strings("wrappers")),
    )


class UninitialisedReadDetector(WithOptions[_Options]):
    """`kind = "uninitialised-read"`."""

    kind = "uninitialised-read"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        options = self._options.of(rule)
        return frozenset(name.rpartition(".")[2] for name in options.makers | options.sized)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        options = self._options.of(rule)
        return (naming(options.makers | options.sized, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        is_filled: bool | None = None
        filled: frozenset[str] | None = None
        for call in module.calls_to(options.makers | options.sized):
            if not _leaves_memory(module, call, options) or _has_no_memory(module, call):
                continue
            read = _first_read(module, call.node, options)
            if read is not None and isinstance(module.parent(call.node), ast.Call):
                is_filled = all_are_initialised(module) if is_filled is None else is_filled
                filled = _filled_in_loops(module) | _filled_by_others(module) if filled is None else filled
                name = getattr(read, "attr", None)
                read = None if is_filled or name in filled or _is_filled_by_model(module, read, name) else read
            if read is not None:
                here = module.location(call.node)
                there = module.location(read)
                related = () if there.line == here.line else (Related(location=there, message="first read here"),)
                yield Hit(location=here, related=related)


def _is_filled_by_model(module: ModuleFacts, read: ast.AST, name: str | None) -> bool:
    holder = module.enclosing_class(read)
    return holder is not None and name in filled_in_layers(module, holder)


def _leaves_memory(module: ModuleFacts, call: Call, options: _Options) -> bool:
    if call.callee in options.makers:
        return True
    if call.callee not in options.sized or not call.node.args or call.opaque:
        return False
    values = [module.constant(argument) for argument in call.node.args]
    if len(values) > 1:
        # Several arguments are sizes, known or not.
        return all(not isinstance(value, Known) or _is_size(value) for value in values)
    return _is_size(values[0])


def _is_size(value: Known | Unknown) -> bool:
    return isinstance(value, Known) and isinstance(value.value, int) and value.value > 0


def _has_no_memory(module: ModuleFacts, call: Call) -> bool:
    """`torch.empty(3, device="meta")`: a shape and a type, nothing that could be read."""
    device = call.argument("device", None)
    value = module.constant(device) if device is not None else None
    return isinstance(value, Known) and value.value == "meta"


def _first_read(module: ModuleFacts, node: ast.expr, options: _Options) -> ast.AST | None:
    """The node that reads first, or None where it is written first or where that cannot be told."""
    parent = module.parent(node)
    if isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Compare):
        return None if isinstance(parent, ast.BinOp) and _is_nan_anyway(module, parent, node) else parent
    if isinstance(parent, ast.Attribute):
        return _read_by_method(module, parent)
    if isinstance(parent, ast.Call) and node in parent.args:
        return _kept_uninitialised(module, node, parent, options)
    if isinstance(parent, ast.Assign | ast.AnnAssign) and parent.value is node:
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            return _first_use_of_name(module, targets[0])
    return None


def _is_nan_anyway(module: ModuleFacts, node: ast.BinOp, memory: ast.expr) -> bool:
    """`np.empty(3) * np.nan`: whatever was in the memory, the result is no number."""
    other = node.right if node.left is memory else node.left
    if isinstance(other, ast.Call) and module.resolve(other.func) == "float" and other.args:
        given = module.constant(other.args[0])
        return isinstance(given, Known) and str(given.value).lower() == "nan"
    return module.resolve(other) in _NAN


def _read_by_method(module: ModuleFacts, attribute: ast.Attribute) -> ast.AST | None:
    call = module.parent(attribute)
    if not isinstance(call, ast.Call) or call.func is not attribute or attribute.attr not in _READS:
        return None
    return None if attribute.attr == "numpy" and _fills_array(module.parent(call), call) else call


def _fills_array(taker: ast.AST | None, array: ast.Call) -> bool:
    """`file.readinto(tensor.numpy())`: an array that shares the tensor's memory is written."""
    if not isinstance(taker, ast.Call) or array not in taker.args:
        return False
    name = getattr(taker.func, "attr", getattr(taker.func, "id", "")).lower()
    return any(word in name for word in _FILLING)


def _first_use_of_name(module: ModuleFacts, target: ast.Name) -> ast.AST | None:
    function = module.enclosing_function(target)
    uses = [
        node
        for node in names_of(module).get(target.id, ())
        if node is not target
        and (node.lineno, node.col_offset) > (target.lineno, target.col_offset)
        and module.enclosing_function(node) is function
    ]
    for use in sorted(uses, key=lambda node: (node.lineno, node.col_offset)):
        parent = module.parent(use)
        if isinstance(parent, ast.AugAssign) and parent.target is use:
            return parent
        if isinstance(use.ctx, ast.Store):
            return None
        if isinstance(parent, ast.BinOp):
            return None if _is_nan_anyway(module, parent, use) else parent
        if isinstance(parent, ast.Subscript) and parent.value is use:
            holder = module.parent(parent)
            return holder if isinstance(holder, ast.AugAssign) and holder.target is parent else None
        if isinstance(parent, ast.Attribute):
            if parent.attr in _SHAPES:
                continue
            return _read_by_method(module, parent)
        return None
    return None


def _kept_uninitialised(module: ModuleFacts, node: ast.expr, call: ast.Call, options: _Options) -> ast.AST | None:
    """`self.weight = nn.Parameter(torch.empty(n))` (or a buffer) in a class that never initialises it."""
    holder = module.enclosing_class(call)
    if holder is None:
        return None
    attribute = _kept_as(module, node, call, options)
    if attribute is None or any(_may_initialise(each, attribute) for each in walk(holder)):
        return None
    if any(_is_filled_where_made(module, each, holder, attribute) for each in walk(holder)):
        return None if _is_made_by_itself(module, holder) else _read_of_kept(module, holder, attribute)
    return _read_of_kept(module, holder, attribute)


def _read_of_kept(module: ModuleFacts, holder: ast.ClassDef, attribute: str) -> ast.AST | None:
    return next((each for each in walk(holder) if _is_read_of(module, each, attribute)), None)


def _is_filled_where_made(module: ModuleFacts, node: ast.AST, holder: ast.ClassDef, attribute: str) -> bool:
    """`made = cls(…)`, `made.weight.copy_(…)` in a class method: whoever makes an object by it fills it."""
    func = node.func if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or not isinstance(func, ast.Attribute) or func.attr not in _WRITES:
        return False
    kept = func.value.value if isinstance(func.value, ast.Attribute) and func.value.attr == "data" else func.value
    if not (isinstance(kept, ast.Attribute) and kept.attr == attribute and isinstance(kept.value, ast.Name)):
        return False
    made = module.origin(kept.value)
    is_made = isinstance(made, ast.Call) and getattr(made.func, "id", "") in ("cls", holder.name)
    return is_made and _comes_to(module, node)


def _comes_to(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether every call of a function comes to a place: nothing decides on it, and nothing returns before."""
    for holder in module.around(node):
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
            return not any(isinstance(each, ast.Return) and each.lineno < node.lineno for each in walk(holder))
        if isinstance(holder, ast.stmt) and not isinstance(holder, ast.Expr | ast.With):
            return False
    return False


def _is_made_by_itself(module: ModuleFacts, holder: ast.ClassDef) -> bool:
    """Whether nobody else makes an object of a class, past what fills it."""
    made = calls_named(module, holder.name)
    return all(caller is module and caller.enclosing_class(call) is holder for caller, call in made)


def _filled_in_loops(module: ModuleFacts) -> frozenset[str]:
    """Attributes of any object that a loop initialises: `for weight in [layer.q, layer.k]: weight.data.normal_()`."""
    return frozenset(
        part.attr
        for loop in walk(module.tree)
        if isinstance(loop, ast.For) and isinstance(loop.iter, ast.List | ast.Tuple)
        for part in loop.iter.elts
        if isinstance(part, ast.Attribute) and any(fills(module, each) for each in walk(loop))
    )


def _filled_by_others(module: ModuleFacts) -> frozenset[str]:
    """Attributes that something gives to another object: `quantized.scales = scales`, `layer.scales[:] = scales`."""
    targets = (target for node in walk(module.tree) if isinstance(node, ast.Assign) for target in node.targets)
    parts = (target.value if isinstance(target, ast.Subscript) else target for target in targets)
    return frozenset(
        part.attr for part in parts if isinstance(part, ast.Attribute) and getattr(part.value, "id", "self") != "self"
    )


def _kept_as(module: ModuleFacts, node: ast.expr, call: ast.Call, options: _Options) -> str | None:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "register_buffer" and node is not call.args[0]:
        name = module.constant(call.args[0])
        return name.value if isinstance(name, Known) and isinstance(name.value, str) else None
    if module.resolve(call.func) not in options.wrappers:
        return None
    statement = module.parent(call)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute):
        return statement.targets[0].attr
    return None


def _may_initialise(node: ast.AST, attribute: str) -> bool:
    """Anything that may write the whole of it: passing it on, an assignment to it, a method that ends with `_`."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if any(word in name for word in ("init", "reset", "apply", "load")) and name != "__init__":
            return True
        if any(attribute in _attributes(argument) for argument in node.args) and name.endswith("_"):
            return True
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        in_place = name.endswith("_") and name not in _READS and name not in ("lerp_", "requires_grad_")
        return receiver is not None and in_place and attribute in _attributes(receiver)
    if isinstance(node, ast.Assign):
        written = [target for target in node.targets if not _is_making(node)]
        return any(attribute in _attributes(target) for target in written)
    return isinstance(node, ast.For) and "parameters" in set(_attributes(node.iter))


def _is_making(node: ast.Assign) -> bool:
    """`self.x = nn.Parameter(…)` itself does not initialise."""
    return isinstance(node.value, ast.Call) and getattr(node.value.func, "attr", "") in ("Parameter", "parameter")


def _is_read_of(module: ModuleFacts, node: ast.AST, attribute: str) -> bool:
    """`self.weight` as an operand, an argument or the object of a method that reads; not its shape, type or device."""
    if not isinstance(node, ast.Attribute) or node.attr != attribute or not isinstance(node.ctx, ast.Load):
        return False
    if getattr(module.enclosing_function(node), "name", "") in ("__init__", "extra_repr", "__repr__"):
        return False
    parent = module.parent(node)
    if isinstance(parent, ast.Attribute):
        return parent.attr in _READS or parent.attr == "lerp_"
    if isinstance(parent, ast.Call):
        if getattr(parent.func, "attr", "") in _ALIKE:
            return False
        return module.resolve(parent.func) not in ("len", "isinstance", "getattr", "hasattr", "print")
    return isinstance(
        parent, ast.BinOp | ast.UnaryOp | ast.AugAssign | ast.Subscript | ast.Return | ast.List | ast.Tuple
    )


def _attributes(node: ast.AST) -> Iterator[str]:
    for each in walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
            yield each.attr


DETECTOR = UninitialisedReadDetector(_read)
