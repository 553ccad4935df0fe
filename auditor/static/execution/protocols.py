"""Methods that the language calls by itself: loops, indices, `with`, and frameworks that run what extends them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.ordering import KEEPING
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.resolution.frame import Frame

ITERATING = ("__iter__", "__next__")
CONSUMING = frozenset(
    {"all", "any", "frozenset", "iter", "list", "max", "min", "next", "set", "sorted", "sum", "tuple"}
)
"""Builtins that loop over what they are given."""

INDEXING = ("__getitem__",)
_INDEXED = frozenset(
    {
        "collections.abc.Sequence", "torch.utils.data.Dataset", "torch.utils.data.dataset.Dataset",
        "typing.Generic", "typing.Sequence",
    }
)  # fmt: skip
"""Outside bases of what loops ask for one item after the other; others bring a way of their own."""

CALLED = ("__call__", "forward", "call")
"""What calling an object leads to, the first that it has: a framework's `__call__` calls the others."""

ENTERING = ("__enter__", "__aenter__")
LEAVING = ("__exit__", "__aexit__")
STACKING = ("contextlib.ExitStack.enter_context", "contextlib.AsyncExitStack.enter_async_context")
PROPERTIES = ("property", "cached_property")
_IMPLICIT = frozenset({*ITERATING, *INDEXING, *ENTERING, *LEAVING})

_GENERATED = frozenset({"contextlib.asynccontextmanager", "contextlib.contextmanager"})

_TORCH = ("torch", "torch.cuda")
_RESTORING = {
    "torch.random.fork_rng": _TORCH,
    **{
        f"{package}.utilities.seed.isolate_rng": ("random", "numpy.random", *_TORCH)
        for package in ("lightning.fabric", "lightning.pytorch", "lightning_fabric", "pytorch_lightning")
    },
}
"""Context managers that put the states of generators back when they are left, and of which libraries."""

_FLOW, _STEP = "metaflow.FlowSpec", "metaflow.step"

_RUNNING = frozenset(
    {"cmdloop", "evaluate", "execute", "fit", "loop", "mainloop", "predict", "run", "serve_forever", "start", "train"}
)
"""Methods of outside classes that run what a class of the project overrides."""

THREAD_STARTING = "threading.Thread.start"
"""Calls `run` in the same process: what that seeds is seeded."""

_SWITCHING = ("torch.nn.", "lightning.LightningModule", "pytorch_lightning.LightningModule", "lightning.pytorch.")
"""Where `train` only switches a mode."""


def is_run_by_others(cls: ClassRef) -> bool:
    """Whether methods of a class are called unnamed: by loops, indices, `with`, or an outside base."""
    if any(getattr(child, "name", "") in _IMPLICIT for child in cls.node.body):
        return True
    return not extends_only(cls, frozenset())


def extends_only(cls: ClassRef, classes: Collection[str]) -> bool:
    """Whether a class has no outside bases but these and `object`."""
    return all(name in classes or name == "object" for name in outside_bases(cls))


def outside_bases(cls: ClassRef) -> Iterator[str]:
    """The bases of a class and of its bases that are not the project's."""
    return (name for name in cls.module.base_classes(cls.node) if not name.startswith("."))


def iterating(made: Instance) -> tuple[str, ...]:
    """The methods that a loop calls: of what has no `__iter__` those that give an item."""
    cls = made.of
    if not isinstance(cls, ClassRef) or isinstance(cls.module.names.attribute(made, ITERATING[0]), FunctionRef):
        return ITERATING
    return (*ITERATING, *INDEXING) if extends_only(cls, _INDEXED) else ITERATING


def properties(cls: ClassRef) -> list[tuple[str, ast.FunctionDef]]:
    """Names and methods of a class that run where an attribute is read."""
    return [(node.name, node) for node in cls.node.body if isinstance(node, ast.FunctionDef) and is_property(node)]


def is_property(node: Function) -> bool:
    """Whether a method runs where an attribute is read."""
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return any(ast.unparse(each).rpartition(".")[2] in PROPERTIES for each in decorators)


def steps(cls: ClassRef) -> list[str]:
    """Methods that run in a process each where an object of a class is made: the steps of metaflow's flows."""
    if _FLOW not in cls.module.base_classes(cls.node):
        return []
    functions = (child for child in cls.node.body if isinstance(child, ast.FunctionDef))
    return [node.name for node in functions if _STEP in {cls.module.resolve(each) for each in node.decorator_list}]


def starts_base(name: str) -> bool:
    """Whether a method that a class of the project inherits from outside runs the methods that it overrides."""
    return name.rpartition(".")[2] in _RUNNING and not name.startswith(_SWITCHING)


def iterated_parts(node: ast.expr, frame: Frame) -> Iterator[ast.expr]:
    """What a loop over `node` iterates: it, and what `enumerate`, `zip` and their like are given."""
    yield node
    if isinstance(node, ast.Call):
        value = frame.resolve(node.func)
        if isinstance(value, External) and value.name in KEEPING:
            yield from node.args


def is_generated_context(node: ast.expr, frame: Frame) -> bool:
    """Whether this context is a generator of the project's: `@contextmanager` above its definition."""
    value = frame.resolve(node.func) if isinstance(node, ast.Call) else None
    if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda):
        return False
    return any(value.module.resolve(each) in _GENERATED for each in value.node.decorator_list)


def restored_by(node: ast.expr, frame: Frame) -> tuple[str, ...]:
    """The libraries whose generators leaving this context puts back to where they were."""
    value = frame.resolve(node.func) if isinstance(node, ast.Call) else None
    return _RESTORING.get(value.name, ()) if isinstance(value, External) else ()
