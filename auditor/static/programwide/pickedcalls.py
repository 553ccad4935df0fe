"""Calls of what is picked among several: `MODELS[name]()`, `for cls in classes: cls()`.

What such a call says is no class; which one of a library it may be is known where a program was followed to it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator

from auditor.model.lean import replace
from auditor.static.facts import Call, ModuleFacts
from auditor.static.project import Project
from auditor.static.resolution.library_verdict import place_of
from auditor.static.resolution.values import External

Place = tuple[str, int, int | None]

_ASKING = ("hasattr", "setattr")


def picked_calls(named: Collection[Call], callees: Collection[str], module: ModuleFacts) -> Iterator[Call]:
    """One a line that draws as one of `callees`, each known as that; `named`: those calls that say what they call.

    None where the same is called beside it with what makes it independent: of `try: cls(random_state=0)`,
    `except TypeError: cls()` the second call makes what does not draw.
    """
    drawn = _drawn_at(callees, module, module.project)
    for call in named if drawn else ():
        drawn.pop(_place(module, call), None)
    picked = [call for call in module.calls if _is_picked(module, call)] if drawn else []
    arguments = _independent_by(drawn.values(), module.project)
    if picked and _asks_for(module, arguments):
        return
    given = {_called_in(call) for call in picked if any(word.arg in arguments for word in call.node.keywords)}
    for call in sorted(picked, key=lambda call: isinstance(call.node.func, ast.Attribute)):
        callee = drawn.pop(_place(module, call), None)
        if callee is not None and _called_in(call) not in given and not _is_stored_in(module, call, arguments):
            yield replace(call, resolve=_known_as(callee))


def _is_stored_in(module: ModuleFacts, call: Call, attributes: Collection[str]) -> bool:
    """Whether what the call makes gets one of the attributes, in an arm too.

    What has no such attribute does not draw.
    """
    statement = module.parent(call.node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    below = (each for target in targets for each in module.receivers.stored_below(ast.unparse(target)))
    return any(attribute in attributes for attribute, _ in below)


def _asks_for(module: ModuleFacts, arguments: Collection[str]) -> bool:
    """Whether a file asks what takes one of the arguments: `"random_state" in model.get_params()`, `hasattr(…)`.

    It then gives it to whatever takes it, mostly in a function of its own.
    """
    asked = [call.node.args[1] for name in _ASKING for call in module.call_index.written(name) if call.node.args[1:]]
    asked += [node.left for node in ast.walk(module.tree) if isinstance(node, ast.Compare)]
    return any(getattr(node, "value", None) in arguments for node in asked if isinstance(node, ast.Constant))


def _place(module: ModuleFacts, call: Call) -> Place:
    return place_of(module.location(call.node))


def _independent_by(callees: Iterable[str], project: Project) -> frozenset[str]:
    """The arguments with which these draw from no shared generator: `random_state`."""
    conditions = (each.condition for callee in callees for each in project.rng.candidates(callee))
    return frozenset(name for each in conditions if each is not None for name in each.unless)


def _drawn_at(callees: Collection[str], module: ModuleFacts, project: Project) -> dict[Place, str]:
    """What draws at which place of a file, as the programs say that get there."""
    reached = filter(None, map(project.module, project.programs.reaching(module.path)))
    draws = [draw for entry in reached for verdict in project.programs.verdicts(entry) for draw in verdict.draws]
    here = (each for each in draws if each.location.path == module.path)
    return {place_of(each.location): each.callee for each in here if each.callee in callees}


def _is_picked(module: ModuleFacts, call: Call) -> bool:
    """Whether no name says what is called: `TABLE[name]()`, `TABLE.get(name)()`, `cls()`, `self.cls()`.

    Not of what a call made: `make().fit()`.
    """
    called = call.node.func
    if call.callee is not None or (isinstance(called, ast.Attribute) and not _is_chain(called)):
        return False
    value = module.names.value(called)
    return value is None or isinstance(value, External)


def _is_chain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _called_in(call: Call) -> tuple[ast.AST | None, str]:
    """What is called as it is written, with the function around it."""
    return call.function, ast.dump(call.node.func)


def _known_as(callee: str) -> Callable[[ast.expr], str]:
    return lambda _: callee
