"""Arguments that are None as nobody gives them, or another value in each run: options, parameters of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.bindings import Function
from auditor.static.commandline import default_of
from auditor.static.elements import call_of, is_none
from auditor.static.givenbefore import is_given_there
from auditor.static.library_verdict import SeedValue
from auditor.static.nodes import walk
from auditor.static.values import ClassRef, FunctionRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STEPS = 2
"""Functions that hand a parameter on."""

MAX_CALLS = 50
"""Calls of one function that are looked at; one that is called more often is somebody's library."""


def is_unset(given: ast.expr, module: ModuleFacts, steps: int = MAX_STEPS) -> bool:
    """Whether an argument is `args.seed` or `config["seed"]`, None by default, or a parameter that nobody gives more.

    A parameter without a default counts where all calls hand on what is None in the same way.
    """
    if isinstance(given, ast.Attribute | ast.Subscript) or _is_variable(given, module):
        return module.seed_value(given) is SeedValue.NONE and not is_given_there(given, module)
    function = _handed_on(given, module)
    if function is None or not isinstance(given, ast.Name):
        return False
    default = default_of(function, given.id)
    if not (default is None or is_none(default)):
        return False
    calls = list(islice(_calls(module, function), MAX_CALLS + 1))
    return 0 < len(calls) <= MAX_CALLS and not any(
        _gives(caller, call, function, given.id, skipped, steps) for caller, call, skipped in calls
    )


def is_differing(given: ast.expr, module: ModuleFacts, steps: int = MAX_STEPS) -> bool:
    """Whether an argument differs from run to run: `time.time()`, or a parameter that every call gives such a value."""
    if module.seed_value(given) is SeedValue.ENTROPY:
        return True
    function = _handed_on(given, module)
    if function is None or not isinstance(given, ast.Name):
        return False
    calls = list(islice(_calls(module, function), MAX_CALLS + 1))
    values = [
        (caller, _argument(call, function, given.id, skipped))
        for caller, call, skipped in calls
        if len(calls) <= MAX_CALLS
    ]
    return bool(values) and all(
        value is not None
        and (caller.seed_value(value) is SeedValue.ENTROPY or (steps > 0 and is_differing(value, caller, steps - 1)))
        for caller, value in values
    )


def _handed_on(given: ast.expr, module: ModuleFacts) -> ast.FunctionDef | None:
    """The function of which an argument is a parameter, as its callers give it."""
    function = module.enclosing_function(given) if isinstance(given, ast.Name) else None
    if not isinstance(given, ast.Name) or not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return None
    is_own = given.id in module.written.signature(function).names
    return function if is_own and _is_handed_on_as_it_is(function, given.id) else None


def _is_variable(given: ast.expr, module: ModuleFacts) -> bool:
    """`os.environ.get("SEED")`."""
    return isinstance(given, ast.Call) and module.resolve(given.func) in ("os.environ.get", "os.getenv")


def _is_handed_on_as_it_is(function: ast.FunctionDef, name: str) -> bool:
    """Whether the body neither asks for the parameter's value nor gives it another one."""
    for node in walk(function):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert | ast.BoolOp | ast.Compare | ast.Match):
            if any(isinstance(each, ast.Name) and each.id == name for each in _asked(node)):
                return False
        elif isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return False
    return True


def _asked(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
        yield from walk(node.test)
    elif isinstance(node, ast.Match):
        yield from walk(node.subject)
    else:
        yield from walk(node)


def _calls(module: ModuleFacts, function: ast.FunctionDef) -> Iterator[tuple[ModuleFacts, ast.Call, int]]:
    """The calls of a function or, where it is a constructor, of its class, in the programs that reach its file.

    Each with the number of parameters that the call does not see.
    """
    from auditor.static.callers import calls_named

    holder = module.parent(function)
    is_constructor = isinstance(holder, ast.ClassDef) and function.name == "__init__"
    target: Function | ast.ClassDef = holder if is_constructor and isinstance(holder, ast.ClassDef) else function
    name = holder.name if is_constructor and isinstance(holder, ast.ClassDef) else function.name
    for caller, call in calls_named(module, name):
        callee = caller.names.value(call.func)
        if isinstance(callee, FunctionRef | ClassRef) and callee.node is target:
            bound = isinstance(callee, FunctionRef) and callee.bound
            yield caller, call, int(is_constructor or bound)


def _gives(caller: ModuleFacts, node: ast.Call, function: ast.FunctionDef, name: str, skipped: int, steps: int) -> bool:
    """Whether a call gives the parameter, or may do so."""
    given = _argument(node, function, name, skipped)
    if given is None:
        return call_of(node, None).opaque or default_of(function, name) is None
    return not is_none(given) and not (steps > 0 and is_unset(given, caller, steps - 1))


def _argument(node: ast.Call, function: ast.FunctionDef, name: str, skipped: int) -> ast.expr | None:
    """What a call gives a parameter; None where it leaves that out, or may give it with others."""
    positional = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)][skipped:]
    call = call_of(node, None)
    return None if call.opaque else call.argument(name, positional.index(name) if name in positional else None)
