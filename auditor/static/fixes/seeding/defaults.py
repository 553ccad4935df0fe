"""Where a seed gets its default: in the option, the parameter or the dictionary in which it is None now.

Who gives a seed goes on to be heard, which a number in place of `args.seed` would end.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.givenbefore import stored_in_attribute
from auditor.static.evaluation.unset import MAX_CALLS, MAX_STEPS, is_unset
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, ReplaceExpression, SetArgument
from auditor.static.fixes.seeding.origin import Origin, origin
from auditor.static.project import Project
from auditor.static.resolution.callers import calls_seen, passed_to
from auditor.static.syntax.elements import call_of, is_none


def defaulted(found: Origin, number: str) -> Iterator[Change]:
    """The changes that put a number where None, or no default, is found; none where another default stands there."""
    module, option = found.module, found.option
    if option is None:
        if found.node is not None and is_none(found.node):
            yield ReplaceExpression(expression=module.location(found.node), text=number)
        return
    if found.node is not None and not is_none(found.node):
        return
    words = {keyword.arg: keyword.value for keyword in option.keywords}
    action, kind = words.get("action"), words.get("type")
    if action is not None or (kind is not None and module.resolve(kind) not in ("int", "float")):
        return
    if isinstance(option.func, ast.Attribute) and option.func.attr.startswith("DEFINE_"):
        if found.node is not None:
            yield ReplaceExpression(expression=module.location(found.node), text=number)
        return
    place = module.location(option)
    if kind is None and isinstance(option.func, ast.Attribute) and option.func.attr == "add_argument":
        yield SetArgument(call=place, name="type", value="int")
    yield SetArgument(call=place, name="default", value=number)


def filled(module: ModuleFacts, given: ast.expr, project: Project, steps: int = MAX_STEPS) -> tuple[Change, ...]:
    """The changes by which an expression that is None, as nobody gives more, is 0; empty where they are not known."""
    if isinstance(given, ast.Name):
        function = module.enclosing_function(given)
        names = module.written.signature(function).names if isinstance(function, ast.FunctionDef) else ()
        if isinstance(function, ast.FunctionDef) and not function.decorator_list and given.id in names:
            return _by_parameter(module, function, given.id, project, steps)
    if isinstance(given, ast.Attribute) and isinstance(given.value, ast.Name) and given.value.id == "self":
        stored = stored_in_attribute(module, given.attr)
        return filled(module, stored[0], project, steps - 1) if steps > 0 and len(stored) == 1 else ()
    found = origin(module, given, (), project, lambda _, node: is_none(node))
    return tuple(defaulted(found, "0")) if found is not None else ()


def _by_parameter(
    module: ModuleFacts, function: ast.FunctionDef, name: str, project: Project, steps: int
) -> tuple[Change, ...]:
    """The default of a parameter, where a call leaves it out, and what the other calls give for None."""
    calls = list(islice(calls_seen(module, function), MAX_CALLS + 1))
    if len(calls) > MAX_CALLS or any(call_of(call, None).opaque for _, call, _ in calls):
        return ()
    changes: dict[Change, None] = {}
    default = default_of(function, name)
    given = [(caller, passed_to(call, function, name, skipped)) for caller, call, skipped in calls]
    if not given or any(passed is None for _, passed in given):
        if default is None or not is_none(default):
            return ()
        changes[ReplaceExpression(expression=module.location(default), text="0")] = None
    for caller, passed in given:
        if passed is None or not (is_none(passed) or is_unset(passed, caller)):
            continue
        further = (
            (ReplaceExpression(expression=caller.location(passed), text="0"),)
            if is_none(passed)
            else filled(caller, passed, project, steps - 1)
            if steps > 0
            else ()
        )
        if not further:
            return ()
        changes.update(dict.fromkeys(further))
    return tuple(changes)
