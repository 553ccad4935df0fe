"""Stored weights: what replaces those that a model was initialised with, and what a model in evaluation leaves out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.constants import MAX_DEPTH
from auditor.static.resolution.values import ClassRef, External, FunctionRef
from auditor.static.syntax.elements import Call
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.ruleset.networks import Networks
    from auditor.static.facts import ModuleFacts

LOADING = frozenset({"load_adapter", "load_state_dict", "load_weights", "restore"})
_FROM_STORED = "from_pretrained"
_FOR_NEW_TOKENS = "resize_token_embeddings"
_OF_ADAPTERS = "PeftModel"
"""Part of the names of classes that put a stored adapter into a model: `PeftModel`, `AutoPeftModelForCausalLM`."""
LOADERS = frozenset(
    {
        *("mmcv.runner.load_checkpoint", "mmcv.runner.checkpoint.load_checkpoint", "mmengine.runner.load_checkpoint"),
        *("mmengine.runner.checkpoint.load_checkpoint", "safetensors.torch.load_model"),
        *("accelerate.load_checkpoint_and_dispatch", "accelerate.load_checkpoint_in_model"),
    }
)
"""Functions of libraries that give a model its weights: all of them, where `strict=False` does not say otherwise."""

_ADAPTING = "peft.get_peft_model"
_LOADING_ADAPTERS = frozenset(
    f"peft.{module}set_peft_model_state_dict" for module in ("", "utils.", "utils.save_and_load.")
)
"""Give the layers that were put into a model stored weights."""

_EVALUATING = frozenset({"predict", "test", "validate"})
"""Methods of Lightning's trainer that give a model the weights of `ckpt_path` before they run it."""

PARAMETERS = frozenset({"weight", "bias"})
"""What layers call their parameters."""

_PARTLY = frozenset({"strict", "by_name", "skip_mismatch"})
"""Options with which only some of the weights may be replaced."""

_STRICT = 1
"""Position of `strict` in `load_state_dict`."""

_UNPICKLING = frozenset({"load", "loads"})
UNPICKLERS = frozenset({f"{module}.{name}" for module in ("pickle", "dill", "torch") for name in _UNPICKLING})
"""Functions that bring back what was stored."""

_OF_MODELS = frozenset({"eval", "named_parameters", "parameters", "requires_grad_", "state_dict"})
"""Methods that tell a model from other things that were stored."""

_SAME_MODEL = frozenset({"cpu", "cuda", "double", "eval", "float", "half", "to", "train"})
_CONVERTING = _SAME_MODEL | {"apply", "modules", "named_modules"}
_LEAVING = (ast.Return, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom)


def is_initial(callee: str, networks: Networks) -> bool:
    """Whether what is called gives a model its initial weights, or puts new layers into one."""
    return networks.initialises(callee) or callee == _ADAPTING


def is_stored(callee: str) -> bool:
    """Whether what is called makes a model of stored weights, to which it may add new ones: `….from_pretrained`.

    Rows for tokens that the stored model did not know count as these.
    """
    return callee.rpartition(".")[2] in (_FROM_STORED, _FOR_NEW_TOKENS)


def is_loading(method: str) -> bool:
    """Whether a method of this name loads weights: `load_state_dict`, or a project's own `load_darknet_weights`."""
    return method in LOADING or (method.startswith("load_") and method.endswith("_weights"))


def may_load_all(node: ast.Call) -> bool:
    """`model.load_state_dict(stored, strict=strict)`, with whatever options but `strict=False`."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "load_state_dict":
        return False
    strict = next((word.value for word in node.keywords if word.arg == "strict"), None)
    return not (isinstance(strict, ast.Constant) and strict.value is False)


def loads_weights(node: ast.Call, name: str | None) -> bool:
    """Whether a call gives a model stored weights, perhaps not all: nobody evaluates random ones on purpose.

    `name`: what is called, where that is not of the project.

    `state_dict[name].copy_(stored)` is what `load_state_dict` does, one by one; `trainer.test(model, ckpt_path=path)`
    does it first. An adapter is stored with the head that was trained beside it.
    """
    if name in LOADERS:
        return all(word.arg != "strict" or _is_all(word) for word in node.keywords)
    if not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr == _FROM_STORED:
        is_trained = any(word.arg == "is_trainable" and getattr(word.value, "value", True) for word in node.keywords)
        return _OF_ADAPTERS in (dotted_text(node.func.value) or "") and not is_trained
    if node.func.attr in _EVALUATING:
        stored = [word.value for word in node.keywords if word.arg == "ckpt_path"]
        return any(not isinstance(value, ast.Constant) or bool(value.value) for value in stored)
    if node.func.attr == "copy_":
        whole = node.func.value
        return isinstance(whole, ast.Subscript) and "state" in (dotted_text(whole.value) or "")
    return is_loading(node.func.attr)


def drawn_by(name: str | None, call: Call, equals: Callable[[object, object], bool], networks: Networks) -> str | None:
    """The name under which a draw is noted, where it is that of a part of a model.

    `F.dropout(x, p, self.training)` is off where nothing is trained, as the layer is; `m.weight.data.normal_()` gives
    initial weights, and so does what adds a head to a stored model that has none.
    """
    if name is None:
        receiver = dotted_text(call.receiver) if call.receiver is not None else None
        of_weights = not PARAMETERS.isdisjoint((receiver or "").split("."))
        return f"torch.nn.init.{call.method}" if of_weights else None
    prefix, _, last = name.rpartition(".")
    source = call.argument("pretrained_model_name_or_path", 0) if last == _FROM_STORED else None
    if source is not None and any(equals(source, each) for each in networks.without_head):
        return prefix
    if prefix != "torch.nn.functional" or "dropout" not in last:
        return name
    mode = call.argument("training", 2)
    return f"torch.nn.{last}" if mode is not None and not equals(mode, True) else name


def unpickles_model(module: ModuleFacts, node: ast.Call) -> bool:
    """Whether a call brings back a whole model that was stored: `pickle.load(f)["ema"].eval()`.

    What it gives must be used as a model, in the same function.
    """
    if getattr(node.func, "attr", getattr(node.func, "id", "")) not in _UNPICKLING or not _unpickles(module, node):
        return False
    used = _item_of(module, node)
    if getattr(module.parent(used), "attr", "") in _OF_MODELS:
        return True
    statement = module.statement(node)
    if not isinstance(statement, ast.Assign) or statement.value is not used:
        return False
    names = {part.id for target in statement.targets for part in walk(target) if isinstance(part, ast.Name)}
    function = module.enclosing_function(node)
    return any(_is_model(module, part, names) for part in walk(function or module.tree))


def _unpickles(module: ModuleFacts, node: ast.Call) -> bool:
    if module.resolve(node.func) in UNPICKLERS:
        return True
    made = node.func.value if isinstance(node.func, ast.Attribute) else None
    found = module.names.value(made.func) if isinstance(made, ast.Call) else None
    return isinstance(found, ClassRef) and "pickle.Unpickler" in found.module.base_classes(found.node)


def _item_of(module: ModuleFacts, node: ast.expr) -> ast.expr:
    """`node`, or what is taken out of it by brackets at once."""
    above = module.parent(node)
    while isinstance(above, ast.Subscript) and above.value is node:
        node, above = above, module.parent(above)
    return node


def _is_model(module: ModuleFacts, part: ast.AST, names: set[str]) -> bool:
    """Whether one of these names, or an item of it, is used as a model here."""
    if isinstance(part, ast.Attribute):
        return part.attr in _OF_MODELS and _named(part.value) in names
    if isinstance(part, ast.Call) and len(part.args) > 1 and getattr(part.func, "id", "") == "isinstance":
        return _named(part.args[0]) in names and module.resolve(part.args[1]) == "torch.nn.Module"
    return False


def _named(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def is_replaced(module: ModuleFacts, statement: ast.Assign) -> bool:
    """Whether the model that a statement makes gets all of its weights from a file, in every case, before it is used.

    `net = Net(); net.load_state_dict(torch.load(path))`, with nothing between that may leave.
    """
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(statement.value, ast.Call) or not isinstance(target, ast.Name):
        return False
    if not module.project.texts.contain(module.path, ("load_state_dict(", "set_peft_model_state_dict(")):
        return False
    for later in _after(module, statement):
        if _loads_adapter(module, later, target):
            return module.resolve(statement.value.func) == _ADAPTING
        method, called = _method_of(later, target)
        if called is not None and method == "load_state_dict":
            return _replaces_all(called) and _is_stored(module, called)
        if method in _SAME_MODEL or _converts(module, later, target):
            continue
        if any(_may_use(module, part, target) for part in walk(later)):
            return False
    return False


def _loads_adapter(module: ModuleFacts, statement: ast.stmt, model: ast.Name) -> bool:
    """`set_peft_model_state_dict(net, stored)`, or with `net.get_base_model()`."""
    called = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    if not isinstance(called, ast.Call) or not called.args or module.resolve(called.func) not in _LOADING_ADAPTERS:
        return False
    state = module.origin(called.args[1]) if len(called.args) > 1 else None
    if isinstance(state, ast.Call) and getattr(state.func, "attr", getattr(state.func, "id", "")).endswith(
        "state_dict"
    ):
        return False  # what a model has already
    return any(isinstance(part, ast.Name) and part.id == model.id for part in walk(called.args[0]))


def _replaces_all(loading: ast.Call) -> bool:
    """Whether a call of `load_state_dict` leaves no weights as they are, as far as its options say."""
    return len(loading.args) <= _STRICT and not any(
        word.arg in _PARTLY and not _is_all(word) for word in loading.keywords
    )


def _is_all(word: ast.keyword) -> bool:
    """`strict=True`, `by_name=False`: the value with which nothing is left out."""
    return isinstance(word.value, ast.Constant) and word.value.value is (word.arg == "strict")


def _method_of(statement: ast.stmt, model: ast.Name) -> tuple[str, ast.Call | None]:
    """The method that a statement calls of a model, `net.cuda()` or `net = net.cuda()`, and the call."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    called = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    if isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute):
        names = [called.func.value, *targets]
        if all(isinstance(each, ast.Name) and each.id == model.id for each in names):
            return called.func.attr, called
    return "", None


def _converts(module: ModuleFacts, statement: ast.stmt, model: ast.Name) -> bool:
    """Whether a statement gives the model to a function that changes what its layers are: `convert_weights(model)`."""
    called = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(called, ast.Call) or len(called.args) != 1 or called.keywords:
        return False
    given, function = called.args[0], module.names.value(called.func)
    if getattr(given, "id", "") != model.id or not isinstance(function, FunctionRef):
        return False
    parameter = next((each.arg for each in function.node.args.args), None)
    used = [node for node in walk(function.node) if isinstance(node, ast.Name) and node.id == parameter]
    return bool(used) and all(getattr(function.module.parent(node), "attr", "") in _CONVERTING for node in used)


def _may_use(module: ModuleFacts, part: ast.AST, model: ast.Name) -> bool:
    """Whether a part of what stands between may use the model, or leave."""
    if isinstance(part, ast.Call) and module.enclosing_function(model) is None:
        return not isinstance(module.names.value(part.func), External | ClassRef)  # it may use what is global
    return isinstance(part, _LEAVING) or (isinstance(part, ast.Name) and part.id == model.id)


def _after(module: ModuleFacts, statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements that follow one in its block."""
    holder = module.parent(statement)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(holder, name, None)
        if isinstance(block, list) and statement in block:
            yield from block[block.index(statement) + 1 :]


def _is_stored(module: ModuleFacts, called: ast.Call) -> bool:
    """Whether what is loaded is what `torch.load` gave, or an item of it, or what the function around it was given.

    What a function was given before it made the model are not that model's own weights.
    """
    given = next(iter(called.args), None)
    if isinstance(given, ast.Name) and _is_parameter(module, given):
        return True
    while isinstance(given, ast.Subscript):
        given = given.value
    origin = module.origin(given) if given is not None else None
    for _ in range(MAX_DEPTH):  # `stored = stored["model"]` leads to itself
        if not isinstance(origin, ast.Subscript):
            break
        origin = module.origin(origin.value)
    return isinstance(origin, ast.Call) and module.resolve(origin.func) == "torch.load"


def _is_parameter(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether a name is that of a parameter to which nothing else is bound."""
    function = module.enclosing_function(name)
    if not isinstance(function, ast.FunctionDef):
        return False
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return any(each.arg == name.id for each in given) and len(module.index.scopes[function].bindings[name.id]) == 1
