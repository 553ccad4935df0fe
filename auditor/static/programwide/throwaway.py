"""Objects that are made to be looked at and then dropped: `Net(args).name`, a model whose parameters are counted."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance

_DESCRIBING = frozenset(
    {
        "channels",
        "classes",
        "config",
        "device",
        "dim",
        "dims",
        "dtype",
        "height",
        "name",
        "num",
        "shape",
        "size",
        "width",
    }
)
"""Words in the names of attributes that are numbers or texts, whatever the weights are."""

_TRACING = frozenset(
    {
        *("torch.onnx.export", "torch.onnx._export", "torch.onnx.utils.export", "torch.onnx.dynamo_export"),
        *("torch.jit.trace", "torch.jit.trace_module", "torch.export.export"),
        *("thop.profile", "torchinfo.summary", "torchsummary.summary", "fvcore.nn.FlopCountAnalysis"),
        *("torchviz.make_dot", "torchview.draw_graph"),
    }
)
"""What an example is given to, of which only shapes count."""

_SUMMARIES = frozenset({"complexity", "flops", "macs", "summary"})
"""Words in the names of functions that describe a network: `get_model_summary(model, example)`."""

_COUNTS = tuple({one, other} for one in ("count", "num", "print") for other in ("params", "parameter", "parameters"))
_COUNTS += ({"model", "info"}, {"trans", "net"})
"""Pairs of words that do: `count_parameters(net)`, and `trans_net(net, example)`, which copies it to Caffe."""

_SWITCHING = frozenset({"cpu", "cuda", "eval", "to", "train"})
"""Methods of a network after which it is still only there to be looked at."""

_OF_SAMPLING = frozenset({"__call__", "generate", "img2img", "inpaint", "text2img"})
"""What is called of a pipeline in place of itself."""

_PARAMETERS = frozenset({"named_parameters", "parameters"})
_COUNTING = frozenset({"numel", "nelement", "shape", "size"})
_SHOWING = frozenset({"print", "repr", "str", "len", "logging.info"})


def is_only_described(module: ModuleFacts, statement: ast.stmt, *, of_file: bool = False) -> bool:
    """Whether a statement makes an object of which its function only reads what it is called or how large it is.

    `of_file`: also one that the file makes for itself, where no other imports it.
    """
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    function = module.enclosing_function(statement)
    if isinstance(target, ast.Name) and function is None and of_file and not _is_read_elsewhere(module, statement):
        reads = [node for node in uses(module, target) if isinstance(node, ast.Name)]
        return bool(reads) and all(_only_describes(module, node) for node in reads)
    if not isinstance(target, ast.Name) or function is None or isinstance(function, ast.Lambda):
        return False
    loads = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
    ]
    return bool(loads) and all(_only_describes(module, node) for node in loads)


def is_only_looked_at(module: ModuleFacts, call: ast.Call, *, of_file: bool = False) -> bool:
    """Whether a call makes an object that is dropped then; a result of the project's own that is printed is none.

    `of_file`: as for `is_only_described`.
    """
    statement = module.statement(call)
    if not is_only_described(module, statement, of_file=of_file) or not isinstance(statement, ast.Assign):
        return False
    if statement.value is call and not isinstance(module.names.value(call.func), FunctionRef):
        return True
    made = module.names.value(statement.value)
    if isinstance(made, Instance) and (isinstance(made.of, ClassRef) or made.of.name.rpartition(".")[2][:1].isupper()):
        return True
    holder = module.enclosing_function(statement) or module.tree
    name = getattr(only_target(statement), "id", "")
    above = [module.parent(node) for node in ast.walk(holder) if isinstance(node, ast.Name) and node.id == name]
    if any(isinstance(each, ast.Attribute) and each.attr in _PARAMETERS for each in above):
        # What has parameters that are counted is a network: printing it shows its layers, not its weights.
        return True
    return not any(isinstance(each, ast.Call) and module.resolve(each.func) in _SHOWING - {"len"} for each in above)


def is_only_summarised(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a network is made to be counted, drawn or shown: `net = Net()`, `summary(net, (3, 32, 32))`."""
    if is_traced(module, call):
        return True
    statement = module.statement(call)
    target = only_target(statement)
    if not isinstance(target, ast.Name) or _is_read_elsewhere(module, statement):
        return False
    reads = [node for node in uses(module, target) if isinstance(node, ast.Name)]
    left = [node for node in reads if not _is_switched(module, node)]
    traced = [node for node in left if is_traced(module, node) or _is_drawn_as_graph(module, node)]
    return bool(traced) and all(node in traced or _only_describes(module, node) for node in left)


def _is_drawn_as_graph(module: ModuleFacts, node: ast.Name) -> bool:
    """`make_dot(net(example))`."""
    call = module.parent(node)
    return isinstance(call, ast.Call) and call.func is node and is_traced(module, call)


def _is_read_elsewhere(module: ModuleFacts, statement: ast.stmt) -> bool:
    return module.enclosing_function(statement) is None and module.project.is_imported(module.path)


def _is_switched(module: ModuleFacts, node: ast.Name) -> bool:
    """`net.eval()`, `net = net.cuda()`."""
    parent = module.parent(node)
    call = module.parent(parent) if isinstance(parent, ast.Attribute) and parent.attr in _SWITCHING else None
    if not isinstance(call, ast.Call) or call.func is not parent:
        return False
    target = only_target(module.parent(call))
    return isinstance(module.parent(call), ast.Expr) or (isinstance(target, ast.Name) and target.id == node.id)


def is_only_measured(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`probe = torch.randn(…)`, `out = layer(probe)`, `width = out.shape[2]`: only sizes come of it."""
    target = only_target(statement)
    function = module.enclosing_function(statement)
    if not isinstance(target, ast.Name) or function is None or isinstance(function, ast.Lambda):
        return False
    reads = [node for node in uses(module, target) if isinstance(node, ast.Name)]
    results = [module.statement(node) for node in reads if _is_argument(module, node)]
    if not results or len(results) < len(reads):
        return False
    return all(isinstance(each, ast.Assign) and is_only_described(module, each) for each in results)


def is_only_converted(module: ModuleFacts, call: ast.Call) -> bool:
    """`pipe = Pipeline.from_pretrained(…)`, then `pipe.unet`, or `pipe.save_pretrained(…)`: taken apart, not run."""
    statement = module.statement(call)
    target = only_target(statement)
    if not isinstance(target, ast.Name):
        return False
    above = [module.parent(node) for node in uses(module, target)]
    read = [each.attr for each in above if isinstance(each, ast.Attribute)]
    if any(isinstance(each, ast.Call) and getattr(each.func, "id", "") == target.id for each in above):
        return False
    return bool(above) and not _OF_SAMPLING & {*read} and (len(read) == len(above) or "save_pretrained" in read)


def is_only_traced(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`example = torch.randn(…)`, `torch.onnx.export(net, example, path)`: shown to what looks at the operations."""
    target = only_target(statement)
    if not isinstance(target, ast.Name):
        return False
    reads = [node for node in uses(module, target) if getattr(module.parent(node), "attr", "") != "shape"]
    traced = [node for node in reads if is_traced(module, node)]
    return bool(traced) and all(node in traced or _is_tried(module, node) for node in reads)


def _is_tried(module: ModuleFacts, node: ast.AST) -> bool:
    """`net(example)`, `_ = net(example)`: called once before it is traced."""
    call = module.parent(node)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or node not in call.args:
        return False
    statement = module.parent(call)
    is_dropped = isinstance(statement, ast.Expr) or getattr(only_target(statement), "id", "") == "_"
    return is_dropped and isinstance(module.names.value(call.func), Instance | None)


def is_traced(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether something is handed to what looks at operations and sizes."""
    current = module.parent(node)
    while isinstance(current, ast.Tuple | ast.List | ast.keyword | ast.Starred):
        current = module.parent(current)
    if isinstance(current, ast.Call) and current.func is not node and not describes(module, current):
        above = module.parent(current)  # `make_dot(net(example))`
        current = above if isinstance(above, ast.Call) and current in above.args else current
    return isinstance(current, ast.Call) and (
        describes(module, current) or getattr(current.func, "attr", "") == "add_graph"
    )


def describes(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a call looks at the operations and sizes of what it is given."""
    words = set(getattr(call.func, "attr", getattr(call.func, "id", "")).lower().split("_"))
    is_summary = not _SUMMARIES.isdisjoint(words) or any(pair <= words for pair in _COUNTS)
    return is_summary or module.resolve(call.func) in _TRACING


def _is_argument(module: ModuleFacts, node: ast.Name) -> bool:
    """The whole argument of a call whose result is assigned."""
    call = module.parent(node)
    return isinstance(call, ast.Call) and node in call.args and isinstance(module.parent(call), ast.Assign)


def _only_describes(module: ModuleFacts, node: ast.Name) -> bool:
    parent = module.parent(node)
    if isinstance(parent, ast.Call):
        return node in parent.args and module.resolve(parent.func) in _SHOWING
    if not isinstance(parent, ast.Attribute):
        return False
    call = module.parent(parent)
    if isinstance(call, ast.Call) and call.func is parent:
        return parent.attr in _PARAMETERS and _is_counted(module, call)
    if parent.attr in _PARAMETERS:  # `print(net.named_parameters)`: the method, and not what it gives
        return isinstance(call, ast.Call) and module.resolve(call.func) in _SHOWING
    return not _DESCRIBING.isdisjoint(parent.attr.lower().split("_"))


def _is_counted(module: ModuleFacts, call: ast.Call) -> bool:
    """`sum(p.numel() for p in model.parameters())`, or a loop that does the same."""
    clause = module.parent(call)
    if isinstance(clause, ast.For) and clause.iter is call and isinstance(clause.target, ast.Name):
        return all(_only_counts(module, node, clause.target.id) for part in clause.body for node in ast.walk(part))
    owner = module.parent(clause) if isinstance(clause, ast.comprehension) else None
    if not isinstance(owner, ast.GeneratorExp | ast.ListComp) or clause is None:
        return False
    return any(isinstance(part, ast.Attribute) and part.attr in _COUNTING for part in ast.walk(owner.elt))


def _only_counts(module: ModuleFacts, node: ast.AST, name: str) -> bool:
    """Whether a part of a loop over parameters reads no more of them than how large they are."""
    if not isinstance(node, ast.Name) or node.id != name:
        return True
    read = module.parent(node)
    while isinstance(read, ast.Attribute) and read.attr not in _COUNTING:
        read = module.parent(read) if read.attr in ("data", "grad") else None
    return isinstance(read, ast.Attribute)
