"""Back from a seed to the place where its value is written: through names, parameters, options and configurations."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.static.evaluation.commandline import declaring_option, default_of, option_call, typer_default
from auditor.static.facts import ModuleFacts
from auditor.static.project import Project
from auditor.static.resolution import constants
from auditor.static.resolution.nodeplace import call_at
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.bindings import Function, every_argument

MAX_STEPS = 12

Wanted = Callable[[ModuleFacts, ast.expr], bool]


@dataclass(frozen=True, slots=True)
class Origin:
    """An expression, or an option that has no default."""

    module: ModuleFacts
    node: ast.expr | None
    """The expression; None where an option is declared without a default."""

    option: ast.Call | None = None
    """The call that declares the option: `add_argument`, `click.option`."""


def origin(
    module: ModuleFacts, node: ast.expr, via: tuple[Location, ...], project: Project, wanted: Wanted
) -> Origin | None:
    """The expression for which `wanted` holds and whose value `node` gets; `via`: the calls that lead there."""
    for _ in range(MAX_STEPS):
        if wanted(module, node):
            return Origin(module, node)
        found: Origin | None = None
        if isinstance(node, ast.Name):
            found, via = _of_name(module, node, via, project, wanted)
        elif isinstance(node, ast.Attribute):
            found = _of_attribute(module, node, project, wanted)
        elif isinstance(node, ast.Call) and len(node.args) == 1 and module.resolve(node.func) in ("int", "abs"):
            found = Origin(module, node.args[0])
        elif isinstance(node, ast.Subscript):
            found = _of_item(module, node)
        elif isinstance(node, ast.BinOp):
            sides = [side for side in (node.left, node.right) if not isinstance(side, ast.Constant)]
            found = Origin(module, sides[0]) if len(sides) == 1 else None
        if found is None or found.node is None or found.option is not None:
            return found
        module, node = found.module, found.node
    return None


def _of_name(
    module: ModuleFacts, node: ast.Name, via: tuple[Location, ...], project: Project, wanted: Wanted
) -> tuple[Origin | None, tuple[Location, ...]]:
    function = module.enclosing_function(node)
    for assigned in _assignments(module, node.id, function):
        if wanted(module, assigned):
            return Origin(module, assigned), via
    if function is not None and any(each.arg == node.id for each in every_argument(function.args)):
        return _of_parameter(module, function, node.id, via, project)
    found = constants.assigned(module, node)
    if found is not None:
        return Origin(*found), via
    values = list(_assignments(module, node.id, function)) or list(_assignments(module, node.id, None))
    for value in values:
        if wanted(module, value):
            return Origin(module, value), via
    return (Origin(module, values[0]), via) if len(values) == 1 else (None, via)


def _assignments(module: ModuleFacts, name: str, function: Function | None) -> Iterator[ast.expr]:
    for assignment in module.assignments:
        if isinstance(assignment.target, ast.Name) and assignment.target.id == name and assignment.function is function:
            yield assignment.value


def _of_parameter(
    module: ModuleFacts, function: Function, name: str, via: tuple[Location, ...], project: Project
) -> tuple[Origin | None, tuple[Location, ...]]:
    """What the call that leads here passes, else the default."""
    if via and (caller := project.module(via[-1].path)) is not None and (call := call_at(caller, via[-1])) is not None:
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        if names[:1] in (["self"], ["cls"]):
            names = names[1:]
        given = call.argument(name, names.index(name) if name in names else None)
        if given is not None:
            return Origin(caller, given), via[:-1]
    declared = declaring_option(module, function, name)
    if declared is not None:
        return Origin(module, _default_in(declared), declared), ()
    default = default_of(function, name)
    if default is None:
        return None, ()
    return Origin(module, typer_default(module, default) or default), ()


def _of_attribute(module: ModuleFacts, node: ast.Attribute, project: Project, wanted: Wanted) -> Origin | None:
    text = module.text(node)
    places = project.programs.modules_reached(module) if project.programs.reaching(module.path) else (module,)
    programs = [project.module(path) for path in project.programs.reaching(module.path)]
    modules = {each.path: each for program in programs if program for each in project.programs.modules_reached(program)}
    modules.update({each.path: each for each in places})
    for _, each in sorted(modules.items()):
        for assignment in each.assignments:
            is_same = isinstance(assignment.target, ast.Attribute) and each.text(assignment.target) == text
            if is_same and wanted(each, assignment.value):
                return Origin(each, assignment.value)
    found = constants.assigned(module, node)
    if found is not None:
        given = list(_given(*found, node.attr, [each for _, each in sorted(modules.items())]))
        # Which of several calls made this object is not known, and none of them asks for the default.
        return Origin(*found) if not given else given[0] if len(given) == 1 else None
    for _, each in sorted(modules.items()):
        option = option_call(each, node.attr)
        if option is not None:
            return Origin(each, _default_in(option), option)
    return None


def _given(module: ModuleFacts, default: ast.expr, name: str, modules: Sequence[ModuleFacts]) -> Iterator[Origin]:
    """What calls of a class give for its field `name`, in place of this default: `Config(seed=args.seed)`."""
    holder = module.enclosing_class(default)
    if holder is None or module.enclosing_function(default) is not None:
        return
    fields = [
        each.target.id for each in holder.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    for each in modules:
        for call in each.call_index.written(holder.name):
            made = each.names.value(call.node.func)
            if isinstance(made, ClassRef) and made.node is holder:
                given = call.argument(name, fields.index(name) if name in fields else None)
                if given is not None:
                    yield Origin(each, given)


def _of_item(module: ModuleFacts, node: ast.Subscript) -> Origin | None:
    """`config["seed"]` of a dictionary that is written down."""
    held = module.origin(node.value)
    if isinstance(held, ast.Dict) and isinstance(node.slice, ast.Constant):
        for key, value in zip(held.keys, held.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == node.slice.value:
                return Origin(module, value)
    return None


def _default_in(option: ast.Call) -> ast.expr | None:
    for keyword in option.keywords:
        if keyword.arg == "default":
            return keyword.value
    is_flag = isinstance(option.func, ast.Attribute) and option.func.attr.startswith("DEFINE_")
    return option.args[1] if is_flag and len(option.args) > 1 else None
