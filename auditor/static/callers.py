"""Who calls a function of the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.facts import Function, ModuleFacts
from auditor.static.values import FunctionRef


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
