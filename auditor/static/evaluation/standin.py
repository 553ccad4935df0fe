"""What is made only where an argument is left out: `rng = rng or default_rng()`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.modes import leaves
from auditor.static.resolution.callers import calls_named
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.bindings import BindingKind, every_argument
from auditor.static.syntax.elements import call_of, is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_CALLS = 50
"""Calls that are looked at of a function; one that is called more often is somebody's library."""

MAX_HANDED = 2
"""Functions that hand an argument on, one to the other."""

MAX_AROUND = 3
"""Calls around an expression that are looked at."""

MAX_FILES = 200
"""Files of the programs that are searched for something that copies objects."""

_COPYING = (
    *("pickle", "deepcopy", "copy.copy", "import copy", "from copy import", "joblib", "dill", "shelve", "torch.load"),
    *("multiprocessing", "concurrent.futures", "forkserver", "spawn", "dask", "import ray", "from ray", "mpi4py"),
    *("sklearn.base", "cross_val"),
)
"""What brings objects back from their state."""


def is_never_needed(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether an expression stands in for a parameter, and every call of the function gives that parameter.

    The same where it is made for objects that are read back, and the programs read none, or in an arm that is not taken
    when nobody gives an option.
    """
    if getattr(module.enclosing_function(node), "name", "") == "__setstate__":
        return not _may_be_copied(module)
    if _is_left_out(module, node):
        return True
    found = stood_for(module, node)
    if found is None:
        return False
    return gives_always(module, *found)


def gives_always(
    module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, steps: int = MAX_HANDED
) -> bool:
    """Whether every call of a function gives a parameter something that is not None.

    What is a parameter of the caller, None by default, is asked of that; a caller that nobody calls needs nothing.
    """
    return _given_by_all(module, function, name, steps) is True


def _given_by_all(
    module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, steps: int
) -> bool | None:
    """The same; None where nobody calls the function."""
    holder = module.parent(function)
    is_made = isinstance(holder, ast.ClassDef) and function.name == "__init__"
    target, written = (holder, getattr(holder, "name", "")) if is_made else (function, function.name)
    positional = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    calls = list(islice(calls_named(module, written), MAX_CALLS + 1))
    if len(calls) > MAX_CALLS:
        return False
    found: bool | None = None
    for caller, call in calls:
        callee = caller.names.value(call.func)
        is_of_some_object = callee is None and isinstance(call.func, ast.Attribute) and isinstance(holder, ast.ClassDef)
        if not is_of_some_object and not (isinstance(callee, FunctionRef | ClassRef) and callee.node is target):
            return False
        skipped = int(is_made or is_of_some_object or (isinstance(callee, FunctionRef) and callee.bound))
        place = positional.index(name) - skipped if name in positional else None
        given = call_of(call, None).argument(name, place)
        if given is None:
            return False
        outer = _parameter_of(caller, given) if steps > 0 else None
        if outer is not None:
            is_given = _given_by_all(caller, outer, getattr(given, "id", ""), steps - 1)
        else:
            is_given = caller.seed_value(given) is not SeedValue.NONE
        if is_given is False:
            return False
        found = found or is_given
    return found


def _parameter_of(module: ModuleFacts, given: ast.expr) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function of which an argument is a parameter, None by default, that was not set to anything else."""
    bindings = module.lookup.in_force(given) if isinstance(given, ast.Name) else ()
    function = module.enclosing_function(given)
    if len(bindings) != 1 or bindings[0].kind is not BindingKind.PARAMETER or not isinstance(given, ast.Name):
        return None
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.decorator_list:
        return None
    default = default_of(function, given.id)
    return function if default is not None and is_none(default) else None


def _is_left_out(module: ModuleFacts, node: ast.expr) -> bool:
    """`generator.seed()` in the `else` of `if args.seed is not None`, where the option has a default."""
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame

    part: ast.AST = _whole(module, node)
    above = module.parent(part)
    while isinstance(above, ast.Expr | ast.Assign | ast.Return):
        part, above = above, module.parent(above)
    if not isinstance(above, ast.If | ast.IfExp) or part is above.test:
        return False
    evaluator, frame = Evaluator(module.project), Frame(module, module.enclosing_function(node))
    try:
        # Of a seed that comes from outside it is only assumed that it is there.
        is_known = all(evaluator.value(part, frame).is_constant for part in _asked(above.test))
        holds = evaluator.truth(above.test, frame) if is_known else None
    finally:
        evaluator.close()
    in_body = part in above.body if isinstance(above.body, list) else part is above.body
    return holds is not None and holds is not in_body


def _asked(test: ast.expr) -> Iterator[ast.expr]:
    """What a condition asks: `args.seed` and None of `args.seed is not None`."""
    parts = test.values if isinstance(test, ast.BoolOp) else [test.operand] if isinstance(test, ast.UnaryOp) else []
    if isinstance(test, ast.Compare):
        yield from (test.left, *test.comparators)
    elif not parts:
        yield test
    for part in parts:
        yield from _asked(part)


def is_offered(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether an expression stands in for a parameter of a function that only others call, as far as can be seen."""
    found = stood_for(module, node)
    holder = module.parent(found[0]) if found is not None else None
    if found is None or isinstance(holder, ast.ClassDef):
        return False
    return next(iter(calls_named(module, found[0].name)), None) is None


def is_fallen_back_on(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether an expression stands in for a parameter that every call of the function leaves open."""
    from auditor.static.evaluation.unset import is_given_by_none  # which few files need

    function, name = stood_for(module, node, or_required=True) or (None, "")
    return isinstance(function, ast.FunctionDef) and is_given_by_none(module, function, name)


def stood_for(
    module: ModuleFacts, node: ast.expr, *, or_required: bool = False
) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, str] | None:
    """The function and its parameter, None by default, that an expression stands in for; or one without a default."""
    whole = _whole(module, node)
    above = module.parent(whole)
    function = module.parent(above) if isinstance(above, ast.arguments) else module.enclosing_function(node)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.decorator_list:
        return None
    name = _stands_in_for(module, whole) or (_is_one_of_several(module, whole) if or_required else None)
    if name is None:
        return None
    default = default_of(function, name)
    is_required = or_required and default is None and any(each.arg == name for each in every_argument(function.args))
    return (function, name) if is_required or is_none(default) or default is whole else None


def _is_one_of_several(module: ModuleFacts, node: ast.expr) -> str | None:
    """`seed` of `if seed is None or seed is np.random: return x`, where x also stands in for something else."""
    parent = module.parent(node)
    under = module.parent(parent) if isinstance(parent, ast.Assign | ast.Return) else None
    if not isinstance(under, ast.If) or parent not in under.body or not isinstance(under.test, ast.BoolOp):
        return None
    found = (unset_name(each, holds=True) for each in under.test.values)
    return next((name for name in found if name), None) if isinstance(under.test.op, ast.Or) else None


def _may_be_copied(module: ModuleFacts) -> bool:
    """Whether a file of the programs that reach this one names something that reads objects back."""
    paths = module.project.programs.paths_around(module.path)
    return not paths or len(paths) > MAX_FILES or any(module.project.texts.contain(each, _COPYING) for each in paths)


def _whole(module: ModuleFacts, node: ast.expr) -> ast.expr:
    """The expression that an expression is part of as an argument: `Generator(PCG64())`."""
    for _ in range(MAX_AROUND):
        parent = module.parent(node)
        if not isinstance(parent, ast.Call) or node not in parent.args:
            break
        node = parent
    return node


def _stands_in_for(module: ModuleFacts, node: ast.expr) -> str | None:
    """The name that is used where it is set: `rng` of `rng or x`, of `x if rng is None else rng`, of `def f(rng=x)`.

    `if seed is None: return x` is one, too.
    """
    parent = module.parent(node)
    if isinstance(parent, ast.arguments):
        return _default_of(parent, node)
    if isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.Or) and parent.values[-1] is node:
        return parent.values[0].id if isinstance(parent.values[0], ast.Name) else None
    if isinstance(parent, ast.IfExp) and parent.test is not node:
        return unset_name(parent.test, holds=parent.body is node)
    under = module.parent(parent) if isinstance(parent, ast.Assign | ast.Return) else None
    if isinstance(under, ast.If):
        return unset_name(under.test, holds=parent in under.body)
    return _left_before(parent, under) if isinstance(parent, ast.Return) else None


def _left_before(statement: ast.Return, function: ast.AST | None) -> str | None:
    """`if seed is not None: return default_rng(seed)` above the last statement of a function."""
    body = function.body if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else []
    above = body[-2] if len(body) > 1 and body[-1] is statement else None
    if not isinstance(above, ast.If) or not leaves(above):
        return None
    return unset_name(above.test, holds=False)


def _default_of(arguments: ast.arguments, node: ast.expr) -> str | None:
    """The parameter that has this default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((argument.arg for argument, default in pairs if default is node), None)


def unset_name(test: ast.expr, *, holds: bool) -> str | None:
    """The name that is None where a condition holds, or does not."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return unset_name(test.operand, holds=not holds)
    if isinstance(test, ast.Name):
        return None if holds else test.id
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and is_none(test.comparators[0]):
        wanted = ast.Is if holds else ast.IsNot
        return test.left.id if len(test.ops) == 1 and isinstance(test.ops[0], wanted) else None
    return None
