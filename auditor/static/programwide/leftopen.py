"""Programs that leave an argument None which others give: `Walk()` of one, `Walk(seed=3)` of another.

What all calls leave open is told by `unset`; here it is asked of each program by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.finding import Related
from auditor.model.location import Location
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.fieldsgiven import calls_leaving_out
from auditor.static.evaluation.flow import reads_in
from auditor.static.evaluation.givenbefore import is_asked_for, is_given_there
from auditor.static.evaluation.spread import bound_before
from auditor.static.evaluation.standin import stood_for
from auditor.static.evaluation.unset import (
    MAX_CALLS,
    MAX_STEPS,
    calls_reaching,
    handed_on,
    is_unset,
    kept_parameter,
    looked_into,
    stored_once,
)
from auditor.static.execution.madeandused import Made
from auditor.static.facts import Call, ModuleFacts
from auditor.static.programwide.executing import programs_executing
from auditor.static.resolution.callers import passed_to
from auditor.static.syntax.bindings import every_argument
from auditor.static.syntax.elements import Known, call_of, is_none

if TYPE_CHECKING:
    from auditor.static.scanning.arguments import Argument

Open = Mapping[str, Location]
"""By program, in sorted order, the first call in it that leaves something open."""


def opened(arguments: Iterable[Argument], call: Call, module: ModuleFacts) -> Open:
    """What programs leave open in which a call is as a rule asks; none where it is so in all, or in none."""
    call = bound_before(call, module)
    found: Open = {}
    for number, argument in enumerate(each for each in arguments if not each.holds(call, module)):
        here = _left_open_by(call, argument.name, argument.position, module) if argument.only_none else {}
        found = {path: place for path, place in here.items() if number == 0 or path in found}
        if not found:
            break
    return found


def leaving_open(opened: Open, programs: Iterable[str]) -> tuple[Related, ...]:
    """The calls in some programs that leave the argument open, once each."""
    places = dict.fromkeys(opened[path] for path in programs if path in opened)
    return tuple(Related(location=place, message="left open here, others give it") for place in places)


def _left_open_by(call: Call, name: str, position: int | None, module: ModuleFacts) -> Open:
    given = call.argument(name, position)
    if given is not None:
        return left_open(given, module)
    return _collected(call.node, name, module, MAX_STEPS) if call.opaque else {}


def left_open(given: ast.expr, module: ModuleFacts, steps: int = MAX_STEPS) -> Open:
    """The programs in which an argument is None, where it is a parameter that some calls give."""
    if isinstance(given, ast.Attribute | ast.Subscript) or looked_into(given) is not None:
        if is_given_there(given, module):
            return {}
        kept = _kept(given, module)
        return left_open(kept, module) if kept is not None else _of_part(given, module)
    if not isinstance(given, ast.Name):
        return {}
    function = handed_on(given, module)
    if function is not None:
        return _of_parameter(module, function, given.id, steps)
    stored = stored_once(given, module)
    if stored is None or steps == 0 or is_asked_for(given, module):
        return {}
    return left_open(stored, module, steps - 1)


def _of_part(given: ast.expr, module: ModuleFacts) -> Open:
    """The programs that hand a function an object of which a part is None: `config.seed` of `main(config)`."""
    from auditor.static.evaluation.unsetparts import MAX_STEPS, handed_to, is_none_in, is_put_anywhere, whole_of

    whole = whole_of(given)
    pending = [(whole, module, MAX_STEPS)] if whole is not None else []
    found: dict[str, Location] = {}
    for each, holder, steps in pending:
        function = holder.enclosing_function(each)
        names = holder.written.signature(function).names if isinstance(function, ast.FunctionDef) else ()
        if not isinstance(each, ast.Name) or not isinstance(function, ast.FunctionDef) or each.id not in names:
            continue
        for caller, call, passed in handed_to(function, each, holder):
            if passed is None or caller.is_test:
                continue
            if is_none_in(passed, given, caller, 0):
                for path in programs_executing(caller, call):
                    found.setdefault(path, caller.location(call))
            elif steps > 0 and len(pending) < MAX_CALLS:
                pending.append((passed, caller, steps - 1))
    return dict(sorted(found.items())) if found and not is_put_anywhere(given, module) else {}


def needing(node: ast.expr, module: ModuleFacts) -> Open:
    """The programs that need what stands in for a parameter, `rng or default_rng()`, where others give that."""
    found = stood_for(module, node)
    if found is None or not isinstance(found[0], ast.FunctionDef):
        return {}
    here = _of_parameter(module, found[0], found[1], MAX_STEPS)
    return here if here.keys() < set(module.project.programs.reaching(module.path)) else {}


def fields_left_open(arguments: Iterable[Argument], call: Call, module: ModuleFacts) -> Open:
    """Of a call that is as a rule asks: the programs that make the object whose field is None, where others give it."""
    found: dict[str, Location] = {}
    for argument in arguments:
        given = call.argument(argument.name, argument.position) if argument.only_none else None
        for caller, made in calls_leaving_out(given, module) if given is not None else ():
            programs = programs_executing(caller, made)
            if not programs:
                return {}  # it may be any
            for path in programs:
                found.setdefault(path, caller.location(made))
    return dict(sorted(found.items()))


def _kept(given: ast.expr, module: ModuleFacts) -> ast.Name | None:
    """The parameter of the constructor that `self.seed` is."""
    holder = module.enclosing_class(given) if isinstance(given, ast.Attribute) else None
    if holder is None or not isinstance(given, ast.Attribute) or getattr(given.value, "id", "") != "self":
        return None
    return kept_parameter(given, holder, module)


def _of_parameter(module: ModuleFacts, function: ast.FunctionDef | ast.Lambda, name: str, steps: int) -> Open:
    """The programs with a call of a function that leaves a parameter, or a keyword that it collects, None."""
    calls = calls_reaching(module, function)
    if len(calls) > MAX_CALLS:
        return {}
    made = Made(module, function, name)
    found: dict[str, Location] = {}
    for caller, call, skipped in calls:
        if caller.is_test or not made.is_used(caller, call):
            continue
        passed = passed_to(call, function, name, skipped)
        further: Open = {}
        if passed is None and call_of(call, None).opaque:
            further = _collected(call, name, caller, steps)
        elif _is_left_out(passed, function, name) or (passed is not None and _is_none(passed, caller, steps)):
            place = caller.location(call)
            further = dict.fromkeys(programs_executing(caller, call), place)
        elif passed is not None and steps > 0:
            further = left_open(passed, caller, steps - 1)
        for path, place in further.items():
            found.setdefault(path, place)
    return dict(sorted(found.items()))


def _is_left_out(passed: ast.expr | None, function: ast.FunctionDef | ast.Lambda, name: str) -> bool:
    if passed is not None:
        return False
    is_collected = all(argument.arg != name for argument in every_argument(function.args))
    return is_collected or is_none(default_of(function, name))


def _is_none(passed: ast.expr, caller: ModuleFacts, steps: int) -> bool:
    if is_none(passed) or (isinstance(passed, ast.Name) and caller.constant(passed) == Known(None)):
        return True
    return steps > 0 and is_unset(passed, caller, steps - 1)


def _collected(node: ast.Call, name: str, module: ModuleFacts, steps: int) -> Open:
    """The same of a call that hands on `**options` of its own function as they are."""
    spread = [word.value for word in node.keywords if word.arg is None]
    function = module.enclosing_function(node)
    if len(spread) != 1 or steps == 0 or not isinstance(function, ast.FunctionDef) or function.args.kwarg is None:
        return {}
    options = function.args.kwarg.arg
    is_own = isinstance(spread[0], ast.Name) and spread[0].id == options
    starred = any(isinstance(part, ast.Starred) for part in node.args)
    if not is_own or starred or function.decorator_list or name in module.written.signature(function).names:
        return {}
    if reads_in(module, function, options) != spread:
        return {}  # it may be put in there
    return _of_parameter(module, function, name, steps - 1)
