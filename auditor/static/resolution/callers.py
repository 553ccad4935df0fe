"""Who calls a function of the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.spread import bound_before
from auditor.static.facts import Function, ModuleFacts
from auditor.static.names import method_kind
from auditor.static.resolution.handed import HANDING, handed, is_delayed
from auditor.static.resolution.looptables import origin_as_written
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.reuse.trace import Memory

_HANDED: WeakKeyDictionary[ModuleFacts, Memory[str, Mapping[str, Sequence[ast.Call]]]] = WeakKeyDictionary()


def calls_of(module: ModuleFacts, function: Function) -> Iterator[tuple[ModuleFacts, ast.Call]]:
    """The calls of a function, in its own file and in the programs that reach it; none of one without a name."""
    if isinstance(function, ast.Lambda):
        return
    for caller, call in calls_named(module, function.name):
        callee = caller.names.value(call.func)
        if isinstance(callee, FunctionRef) and callee.node is function:
            yield caller, call


def calls_named(module: ModuleFacts, name: str) -> Iterator[tuple[ModuleFacts, ast.Call]]:
    """The calls of what is written so, or ends so, in a file and in the programs that reach it."""
    project = module.project
    starts = project.programs.reaching(module.path) or (module.path,)
    found = (project.module(path) for path in project.calling_files.of(starts, name))
    callers = {each.path: each for each in found if each is not None}
    for _, caller in sorted({**callers, module.path: module}.items()):
        for call in caller.call_index.written(name):
            yield caller, call.node


def calls_handed(module: ModuleFacts, name: str) -> Iterator[tuple[ModuleFacts, ast.Call]]:
    """The calls of something of a name that others make which it is handed to: `pool.submit(work, 3)`."""
    project = module.project
    starts = project.programs.reaching(module.path) or (module.path,)
    for path in project.calling_files.of(starts, name, is_handed=True):
        caller = project.module(path)
        if caller is not None:
            yield from ((caller, call) for call in _handed_in(caller).get(name, ()))


def _handed_in(module: ModuleFacts) -> Mapping[str, Sequence[ast.Call]]:
    """What a file hands to something that calls it, by its own name."""

    def find() -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call, _, _ in module.index.calls:
            written = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if written in HANDING:
                made = handed(module.resolve(call.func), call, partial(origin_as_written, module))
            else:
                made = call if is_delayed(call) else None
            if made is not None:
                made = bound_before(call_of(made, None), module).node
                value = module.names.value(made.func)
                if isinstance(value, FunctionRef | ClassRef) and not isinstance(value.node, ast.Lambda):
                    found.setdefault(value.node.name, []).append(made)
        return found

    return module.project.trace.once(_HANDED.setdefault(module, {}), module.path, find)


def calls_seen(module: ModuleFacts, function: Function) -> Iterator[tuple[ModuleFacts, ast.Call, int]]:
    """The calls of a function or, where it is a constructor, of its class, in the programs that reach its file.

    Each with the number of parameters that the call does not see. A lambda goes by the name that it is given.
    """
    holder = module.parent(function)
    name = getattr(only_target(holder), "id", "") if isinstance(function, ast.Lambda) else function.name
    target: Function | ast.ClassDef = function
    is_constructor = isinstance(holder, ast.ClassDef) and name == "__init__"
    kind = "instance" if isinstance(function, ast.Lambda) else method_kind(function)
    if is_constructor and isinstance(holder, ast.ClassDef):
        target, name = holder, holder.name
    for caller, call in chain(calls_named(module, name), calls_handed(module, name)) if name else ():
        callee = caller.names.value(call.func)
        if isinstance(callee, FunctionRef | ClassRef) and callee.node is target:
            is_bound = isinstance(callee, FunctionRef) and callee.bound and kind != "static"
            yield caller, call, int(is_constructor or is_bound or kind == "class")


def passed_to(call: ast.Call, function: Function, name: str, skipped: int) -> ast.expr | None:
    """What a call gives a parameter, as far as it is written; `skipped`: parameters that the call does not see."""
    positional = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)][skipped:]
    return call_of(call, None).argument(name, positional.index(name) if name in positional else None)
