"""Calls that lead to functions of the project by a library's own rules, under a name that says nothing of these."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ClassRef, FunctionRef, Value

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

APPLYING = frozenset({"torch.autograd.Function.apply", "torch.autograd.function.Function.apply"})
"""Methods that call `forward` of the class at once, and `backward` when gradients are wanted."""

APPLIED = ("forward", "backward")

LAUNCHING = frozenset(
    f"{name}.launch" for name in ("lightning.Fabric", "lightning.fabric.Fabric", "lightning_fabric.Fabric")
)
"""Methods that call the function they are given with their own object first: `fabric.launch(main, 3)`."""

CALLING_LATER = frozenset({"atexit.register", "sacred.Experiment.main", "sacred.experiment.Experiment.main"})
"""Decorators after which the function below them is called later: when the program ends, by `experiment.run()`."""

_RUNNING_MAIN = frozenset(
    {"modal.App.local_entrypoint", "sacred.Experiment.automain", "sacred.experiment.Experiment.automain"}
)
"""Decorators that call the function below them, like a `__main__` guard."""

_EXPERIMENTS = (
    "sacred.Experiment",
    "sacred.experiment.Experiment",
    "sacred.Ingredient",
    "sacred.ingredient.Ingredient",
)

_CONFIGURED = frozenset(
    {
        "gin.configurable", "gin.register", "gin.config.configurable", "gin.config.register",
        *(f"{name}.{method}" for name in _EXPERIMENTS for method in ("automain", "capture", "command", "main")),
    }
)  # fmt: skip
"""Decorators after which what a call leaves out comes from a configuration, whatever the default is."""

REMOTE = "remote"
"""What stands between a function or class of ray, or a method of such a class, and its arguments."""

OPTIONS = "options"
"""What gives the same function or class, with other resources."""

WORKING = (REMOTE, OPTIONS)
"""Methods of a function or class of ray that lead to it."""

OF_FUNCTIONS = frozenset({"callback", "local", "main", "serve", "submit", "with_options"})
"""What click, modal and prefect add to a function that they decorate, and that calls it, now or elsewhere."""

_DISPATCHING = frozenset({"functools.singledispatch", "functools.singledispatchmethod"})


def applied(module: ModuleFacts, node: ast.Call) -> list[FunctionRef]:
    """The methods that `Function.apply(x)` leads to."""
    called = module.origin(node.func)
    owner = module.names.value(called.value) if isinstance(called, ast.Attribute) else None
    if not isinstance(owner, ClassRef):
        return []
    methods = (module.names.attribute(owner, name) for name in APPLIED)
    return [method for method in methods if isinstance(method, FunctionRef)]


def launched(node: ast.Call) -> ast.Call | None:
    """`main(fabric, 3)` for `fabric.launch(main, 3)`."""
    if not (node.args and isinstance(node.func, ast.Attribute)):
        return None
    call = ast.Call(func=node.args[0], args=[node.func.value, *node.args[1:]], keywords=node.keywords)
    return ast.copy_location(call, node)


def dispatched(function: FunctionRef) -> Iterator[FunctionRef]:
    """The implementations for other types that the file of a function registers with it; one of them may be called."""
    module, node = function.module, function.node
    if isinstance(node, ast.Lambda) or not any(module.resolve(each) in _DISPATCHING for each in node.decorator_list):
        return
    for other in list(module.index.functions):
        for decorator in getattr(other, "decorator_list", ()):
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            is_added = isinstance(called, ast.Attribute) and called.attr == "register"
            if is_added and isinstance(other, ast.FunctionDef | ast.AsyncFunctionDef):
                base = module.names.value(called.value) if isinstance(called, ast.Attribute) else None
                if isinstance(base, FunctionRef) and base.node is node:
                    yield FunctionRef(module, other, function.owner, function.bound)


def called_later(module: ModuleFacts, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.expr | None:
    """The decorator after which a function is called later."""
    found = (each for each in node.decorator_list if isinstance(each, ast.Name | ast.Attribute))
    return next((each for each in found if module.resolve(each) in CALLING_LATER), None)


def running(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.expr | None:
    """The decorator of a function that calls it where the file is run: `@experiment.automain`."""
    called = (each.func if isinstance(each, ast.Call) else each for each in function.decorator_list)
    return next((each for each in called if module.resolve(each) in _RUNNING_MAIN), None)


def is_configured(function: FunctionRef) -> bool:
    """Whether a configuration fills the parameters of a function, or of the class that it makes objects of."""
    holders = [function.node, *([function.owner.node] if function.owner is not None else [])]
    decorators = [each for holder in holders for each in getattr(holder, "decorator_list", ())]
    called = (each.func if isinstance(each, ast.Call) else each for each in decorators)
    return any(function.module.resolve(each) in _CONFIGURED for each in called)


def fills(frame: Frame, called: ast.expr) -> bool:
    """Whether a configuration says what is called: `model()` in `@gin.configurable def train(model)`."""
    function = frame.function
    holder = called.value if isinstance(called, ast.Attribute) else called
    if function is None or not isinstance(holder, ast.Name) or holder.id in ("self", "cls"):
        return False
    if frame.module.written.signature(function).defaults.get(holder.id) is None:
        return False  # who calls the function gives it
    around = frame.module.enclosing_class(function)
    owner = ClassRef(frame.module, around) if around is not None else None
    return is_configured(FunctionRef(frame.module, function, owner))


def is_remote(value: Value) -> bool:
    """Whether `value.remote(…)` may call it elsewhere: a function, or a class that has no such method of its own."""
    if isinstance(value, FunctionRef):
        return True
    return isinstance(value, ClassRef) and not any(getattr(each, "name", "") in WORKING for each in value.node.body)


def is_remote_call(value: Value, node: ast.Call) -> bool:
    """Whether `node` calls a function, a class or a method of the project in a process of ray's."""
    called = node.func
    if not isinstance(called, ast.Attribute) or called.attr != REMOTE:
        return False
    return isinstance(value, FunctionRef | ClassRef) and getattr(value.node, "name", "") != REMOTE


def is_decorated(value: Value) -> bool:
    """Whether something stands above a function, which may give it methods."""
    return isinstance(value, FunctionRef) and bool(getattr(value.node, "decorator_list", ()))


def gives_itself(value: FunctionRef | ClassRef, node: ast.Call) -> bool:
    """Whether `node` asks a function or class for itself, with other resources: `work.options(num_cpus=2)`."""
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else ""
    return name in (OPTIONS, "with_options") and getattr(value.node, "name", "") != name
