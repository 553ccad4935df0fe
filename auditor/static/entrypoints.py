"""Which files are programs, and where they begin.

A program is a file with a `__main__` guard, `__main__.py` of a package, a notebook, the target of a console script, or
a script whose top level does work. Tests, `setup.py` and modules that others import are none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.programwide.shapechecks import only_shows_shapes
from auditor.static.resolution.callables import OFFERING_OBJECTS, RUNNERS
from auditor.static.resolution.indirect import running
from auditor.static.resolution.values import ClassRef, External, FunctionRef
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

SETTING_UP = (
    "warnings.", "logging.", "sys.", "os.environ", "os.putenv", "os.makedirs", "os.mkdir", "os.chdir", "matplotlib.",
    "seaborn.", "torch.set_", "torch.backends.", "torch.use_deterministic_algorithms", "torch.manual_seed",
    "torch.cuda.manual_seed", "torch.multiprocessing.set_", "torch.serialization.", "torch._dynamo.",
    "multiprocessing.set_start_method", "numpy.set_", "numpy.seterr", "numpy.random.seed", "random.seed",
    "pandas.set_option", "dotenv.", "gc.", "faulthandler.", "signal.", "atexit.", "typing.", "mimetypes.", "locale.",
    "gettext.", "collections.", "abc.", "copyreg.", "codecs.", "tensorflow.get_logger",
    "tensorflow.compat.v1.disable_", "tensorflow.config.", "jax.config.", "absl.", "transformers.logging.",
    "datasets.logging.", "transformers.utils.", "structlog.", "loguru.", "rich.traceback.", "resource.",
)  # fmt: skip
"""Calls that set something up: a module whose top level does no more is no program."""

SETTING_UP_METHODS = frozenset(
    {
        "add_argument", "add_subparsers", "set_defaults", "register", "register_module", "add", "append", "extend",
        "update", "insert", "setdefault", "setLevel", "addHandler", "addFilter", "include_router", "mount",
        "add_command", "command", "route", "install", "__setattr__", "cache_clear",
    }
)  # fmt: skip

WORKING_METHODS = frozenset({"fit", "train_model", "run", "backward", "learn", "main", "launch", "start"})
TRAINING_METHODS = frozenset({"fit", "fit_generator", "fit_one_cycle", "learn"})
"""Methods that train what they are called on, given something to do it with."""

WORKING = ("main", "run", "train", "eval", "fit", "learn", "optim", "experiment")
"""Parts of the names of functions that do a program's work."""

_RUNNING = frozenset({"main", "run", "train"})
"""Names of functions that are a program's work whatever they return."""

_STEPS = frozenset({"backward", "fit", "step"})
"""Methods that a training calls."""

TRIES = ("test", "demo", "check", "example", "try")
"""Beginnings of the names of functions that try something out."""

MADE_UP = frozenset(
    f"torch.{name}" for name in ("rand", "randn", "randint", "ones", "zeros", "FloatTensor", "Tensor", "arange")
)
NETWORKS = frozenset(
    {"torch.nn.Module", "torchmeta.modules.MetaModule", "tensorflow.keras.Model", "keras.Model", "flax.linen.Module"}
)
DISPLAYING = frozenset({"imshow", "images", "add_image"})
KEEPING = ("save", "write", "dump", "backward", "step", "fit", "train", "run", "to_csv")
"""Parts of the names of methods that keep something, or train."""

TEST_RUNNERS = (
    "unittest.main",
    "pytest.main",
    "doctest.testmod",
    "absl.testing.absltest.main",
    "nose.main",
    "nose.runmodule",
)


def is_program(module: ModuleFacts, *, imported: bool, in_package: bool) -> bool:
    """Whether a module is run, rather than imported; `imported`: some module of the project imports it."""
    name = module.path.rpartition("/")[2]
    if module.is_notebook or name == "__main__.py":
        return True
    guards = [statement for statement in module.tree.body if is_main_guard(statement)]
    if guards:
        tries = [
            guard
            for guard in guards
            if _only_runs_tests(module, guard)
            or _only_builds(guard)
            or (isinstance(guard, ast.If) and only_shows_shapes(module, guard) and not _works_beside(module, guards))
            or (imported and _only_tries(module, guard))
        ]
        return len(tries) < len(guards)
    if any(
        isinstance(statement, ast.FunctionDef) and running(module, statement) is not None
        for statement in module.tree.body
    ):
        return True
    if imported:
        return False
    if any(isinstance(node, ast.ImportFrom) and node.level for node, _ in module.index.imports):
        return any(_is_whole_program(module, statement) for statement in module.tree.body)
    return any(_is_work(module, statement, loops_only=in_package) for statement in module.tree.body)


def is_main_guard(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, either way round, also with `and …`."""
    return isinstance(statement, ast.If) and names_main(statement.test)


def names_main(test: ast.expr) -> bool:
    """Whether a condition asks for `__name__ == "__main__"`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(names_main(value) for value in test.values)
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _only_runs_tests(module: ModuleFacts, guard: ast.stmt) -> bool:
    assert isinstance(guard, ast.If)
    calls = [node for statement in guard.body for node in walk(statement) if isinstance(node, ast.Call)]
    names = [module.resolve(call.func) for call in calls]
    return bool(calls) and any(name in TEST_RUNNERS for name in names) and len(guard.body) <= 3


def _works_beside(module: ModuleFacts, guards: list[ast.stmt]) -> bool:
    """Whether a file does more than what stands below its guards."""
    return any(_is_work(module, each, loops_only=False) for each in module.tree.body if each not in guards)


def _only_builds(guard: ast.stmt) -> bool:
    """`if __name__ == "__main__": _ = Net()`: does it build?"""
    assert isinstance(guard, ast.If)
    return all(
        isinstance(statement, ast.Assign)
        and all(isinstance(target, ast.Name) and target.id == "_" for target in statement.targets)
        for statement in guard.body
    )


def _only_tries(module: ModuleFacts, guard: ast.stmt) -> bool:
    """`if __name__ == "__main__": print(Net()(torch.rand(1, 3)).shape)` in a module that others import: a try-out."""
    assert isinstance(guard, ast.If)
    nodes = [node for statement in guard.body for node in walk(statement)]
    if _only_displays(nodes):
        return True
    made_up = any(isinstance(node, ast.Call) and _is_made_up(module, node) for node in nodes)
    made_up = made_up or (_defines_network(module) and _only_assigns_and_prints(guard.body))
    for node in nodes:
        if isinstance(node, ast.While) or (isinstance(node, ast.For) and not _only_shows(node.body)):
            return False
        if isinstance(node, ast.With) and not all(_is_without_gradients(module, item) for item in node.items):
            return False
        value = module.names.value(node.func) if isinstance(node, ast.Call) else None
        if isinstance(value, FunctionRef) and not (
            (made_up and not _may_train(value.node)) or (value.owner is None and _is_try_out(value.node))
        ):
            return False
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WORKING_METHODS:
            return False
        if isinstance(node, ast.Call) and _is_run(module, node, guard.body):
            return False
    return True


def _is_run(module: ModuleFacts, call: ast.Call, body: list[ast.stmt]) -> bool:
    """`fire.Fire(main)`: a command line, unless it only offers try-outs, or shows options that it reads."""
    runner = module.resolve(call.func)
    if runner not in RUNNERS:
        return False
    first = call.args[0] if call.args else None
    offered = first.values if isinstance(first, ast.Dict) else [first] if first is not None else []
    given = [module.names.value(each.func if isinstance(each, ast.Call) else each) for each in offered]
    is_read = runner not in OFFERING_OBJECTS and any(isinstance(each, ClassRef) for each in given)
    if is_read and _only_assigns_and_prints(body):
        return False
    return not given or not all(isinstance(each, FunctionRef) and _is_try_out(each.node) for each in given)


def _only_shows(body: list[ast.stmt]) -> bool:
    """`for feature in features: print(feature.shape)`, `for name in __all__: test(globals()[name]())`."""
    return all(
        isinstance(statement, ast.Assert | ast.Import | ast.Break)
        or (isinstance(statement, ast.If) and _only_shows(statement.body) and _only_shows(statement.orelse))
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _shows(statement.value))
        for statement in body
    )


def _shows(call: ast.Call) -> bool:
    if getattr(call.func, "attr", "") == "set_trace":
        return True
    name = getattr(call.func, "id", "")
    return name in ("print", "breakpoint") or name.startswith(TRIES)


def _only_displays(nodes: list[ast.AST]) -> bool:
    """Whether pictures are shown, of a data set for example, and nothing is kept or trained."""
    methods = {node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    return not DISPLAYING.isdisjoint(methods) and not any(word in name for name in methods for word in KEEPING)


def _defines_network(module: ModuleFacts) -> bool:
    classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef)]
    return any(name in NETWORKS for node in classes for name in module.base_classes(node))


def _only_assigns_and_prints(body: list[ast.stmt]) -> bool:
    """`net = build(10)`, `print(net)`."""
    return all(
        isinstance(statement, ast.Assign | ast.Import | ast.ImportFrom)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and _shows(statement.value))
        for statement in body
    )


def _is_made_up(module: ModuleFacts, call: ast.Call) -> bool:
    """`torch.rand(2, 3)`, `np.random.normal(size=9)`: data of a try-out."""
    name = module.resolve(call.func) or ""
    return name in MADE_UP or name.startswith("numpy.random.")


def _may_train(function: Function) -> bool:
    """Whether a function is more than a part of what is tried out: by its name, or by steps that it takes."""
    name = getattr(function, "name", "").lower()
    return any(word in name for word in WORKING) or _takes_steps(function)


def _takes_steps(function: Function) -> bool:
    return any(node.attr in _STEPS for node in walk(function) if isinstance(node, ast.Attribute))


def _is_without_gradients(module: ModuleFacts, item: ast.withitem) -> bool:
    called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else item.context_expr
    return module.resolve(called) in ("torch.no_grad", "torch.inference_mode")


def _is_try_out(node: ast.AST) -> bool:
    return getattr(node, "name", "").lstrip("_").startswith(TRIES)


def _is_work(module: ModuleFacts, statement: ast.stmt, *, loops_only: bool) -> bool:
    if isinstance(statement, ast.For | ast.While | ast.With | ast.AsyncFor | ast.AsyncWith):
        return any(_is_effect(module, node) for node in _calls(statement))
    if isinstance(statement, ast.If | ast.Try | ast.Match):
        return any(_is_work(module, child, loops_only=loops_only) for child in _nested(statement))
    if loops_only:
        return _is_whole_program(module, statement)
    if isinstance(statement, ast.Expr):
        return any(_is_effect(module, node) for node in _calls(statement))
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return any(_draws(module, node) or _trains(module, node) for node in _calls(statement))
    return False


def _is_whole_program(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`main()`, `sys.exit(main())`, `model.fit(x, y)`, `agent.learn(10)`: nobody can import it for anything else."""
    call = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    if not isinstance(call, ast.Call):
        return False
    if (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in TRAINING_METHODS
        and isinstance(call.func.value, ast.Name)
    ):
        return bool(call.args or call.keywords)
    if not isinstance(statement, ast.Expr):
        return False
    if isinstance(call.func, ast.Name) and call.func.id == "main":
        return isinstance(module.names.value(call.func), FunctionRef)
    return module.resolve(call.func) == "sys.exit" and len(call.args) == 1 and isinstance(call.args[0], ast.Call)


def _nested(statement: ast.If | ast.Try | ast.Match) -> Iterator[ast.stmt]:
    if isinstance(statement, ast.Match):
        for case in statement.cases:
            yield from case.body
        return
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
        return
    yield from statement.body
    yield from statement.orelse
    if isinstance(statement, ast.Try):
        yield from statement.finalbody


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    """Calls that executing the statement makes; bodies of functions and classes are left out."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            yield node
        pending.extend(ast.iter_child_nodes(node))


def _is_effect(module: ModuleFacts, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in SETTING_UP_METHODS:
        return False
    name = module.resolve(call.func)
    return name is None or not name.startswith(SETTING_UP)


def _trains(module: ModuleFacts, call: ast.Call) -> bool:
    """`history = train(options)`, `best = trainer.fit()`: the work of a program, whose result is kept."""
    value = module.names.value(call.func)
    if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda):
        return False
    return value.node.name in _RUNNING or _takes_steps(value.node)


def _draws(module: ModuleFacts, call: ast.Call) -> bool:
    value = module.names.value(call.func)
    return isinstance(value, External) and module.project.rng.is_known(value.name)
