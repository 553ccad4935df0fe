"""What draws when it is applied, and is never applied: `_, test_transform = data_transforms(args)`.

Evaluations take the transforms of training and of testing from one function, and throw the former away. Whatever is
made there and comes out as a part of a tuple draws nothing where no call in the program keeps that part. Anything else
that is done with it, or with the function, counts as applying it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import uses
from auditor.static.programwide.neverread import lets_read_unwritten
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.nodeindex import attributes_of, names_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_APPLYING = frozenset({"__call__", "forward"})
"""Methods that run when an object is applied, and not when it is made."""

_ADDING = frozenset({"append", "insert"})
_MAX_CALLERS = 2
"""Functions that one part is handed on by."""


def is_unapplied(module: ModuleFacts, call: ast.Call, program: str) -> bool:
    """Whether what a call makes is kept under a name, by itself or in a list of steps, that a program never applies."""
    holder = _kept_by(module, call)
    return holder is not None and _is_thrown_away(module, holder, program, 0)


def is_handed_out_in_vain(module: ModuleFacts, call: ast.Call, program: str) -> bool:
    """Whether a function hands out what a call makes, and no call of it in a program keeps that."""
    holder = _kept_by(module, call)
    is_read = holder is not None and next(uses(module, holder), None) is not None
    return is_read and is_unapplied(module, call, program)


def applies_nothing(module: ModuleFacts, node: ast.AST, program: str) -> bool:
    """Whether a place stands where an object of the project is applied, and a program applies none of its class."""
    method = module.enclosing_function(node)
    holder = module.parent(method) if method is not None else None
    if getattr(method, "name", "") not in _APPLYING or not isinstance(holder, ast.ClassDef):
        return False
    made = _calls_alone(module, holder, program)
    return made is not None and all(is_unapplied(file, call, program) for file, call in made)


def is_public(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether what is bound there can be read elsewhere: in a class, in a module that others import, by `locals()`."""
    if isinstance(module.parent(module.statement(name)), ast.ClassDef):
        return True
    function = module.enclosing_function(name)
    if function is None:
        return module.project.is_imported(module.path)
    return lets_read_unwritten(function, {name.id})


def _kept_by(module: ModuleFacts, call: ast.Call) -> ast.Name | None:
    """`train` of `train = Compose([Flip()])` and of `train.transforms.append(Flip())`."""
    part: ast.AST = call
    for above in module.around(call):
        if isinstance(above, ast.Assign):
            target = only_target(above)
            return target if isinstance(target, ast.Name) else None
        if isinstance(above, ast.Call):
            if part in above.args and (steps := _added_to(module, above)) is not None:
                return steps
            if not (module.resolve(above.func) or "").startswith(module.project.rng.run_in_loaders):
                return None
        elif not isinstance(above, ast.List | ast.Tuple | ast.keyword):
            return None
        part = above
    return None


def _added_to(module: ModuleFacts, call: ast.Call) -> ast.Name | None:
    """`train` of `train.transforms.append(step)` that stands by itself."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in _ADDING or not isinstance(func.value, ast.Attribute):
        return None
    steps = func.value.value
    stands_alone = isinstance(module.parent(call), ast.Expr) and func.value.attr == "transforms"
    return steps if stands_alone and isinstance(steps, ast.Name) else None


def _is_thrown_away(module: ModuleFacts, name: ast.Name, program: str, callers: int) -> bool:
    """Whether nothing reads a variable but what adds steps to it, and the calls of its function throw it away."""
    if is_public(module, name):
        return False
    taken: set[ast.Tuple] = set()
    for read in uses(module, name):
        holder = module.parent(read)
        if isinstance(holder, ast.Tuple) and isinstance(module.parent(holder), ast.Return):
            taken.add(holder)
        elif not _is_for_steps(module, read):
            return False
    return not taken or _is_never_taken(module, name, taken, program, callers)


def _is_never_taken(module: ModuleFacts, name: ast.Name, taken: set[ast.Tuple], program: str, callers: int) -> bool:
    """Whether all calls of a function throw away the part of a returned tuple that a variable is."""
    function = module.enclosing_function(name)
    if not isinstance(function, ast.FunctionDef) or function.decorator_list or callers >= _MAX_CALLERS:
        return False
    parts = {place for each in taken for place, part in enumerate(each.elts) if getattr(part, "id", "") == name.id}
    size = _size(module.returns(function))
    made = _calls_alone(module, function, program) if size is not None else None
    return made is not None and all(
        _leaves_out(file, call, parts, size or 0, program, callers + 1) for file, call in made
    )


def _size(returned: list[ast.expr]) -> int | None:
    """The length that all returned tuples have; None where something else is returned, or stars are."""
    sizes = {
        len(each.elts)
        if isinstance(each, ast.Tuple) and not any(isinstance(part, ast.Starred) for part in each.elts)
        else None
        for each in returned
    }
    return sizes.pop() if len(sizes) == 1 else None


def _leaves_out(module: ModuleFacts, call: ast.Call, parts: set[int], size: int, program: str, callers: int) -> bool:
    """Whether a call throws away these parts of what it gets: `_, test = f()`, `f()[1]`."""
    above = module.parent(call)
    if isinstance(above, ast.Subscript) and above.value is call:
        index = above.slice.value if isinstance(above.slice, ast.Constant) else None
        return type(index) is int and 0 <= index < size and index not in parts
    target = only_target(above)
    if not isinstance(target, ast.Tuple) or len(target.elts) != size:
        return False
    names = [target.elts[place] for place in parts]
    return all(isinstance(each, ast.Name) and _is_thrown_away(module, each, program, callers) for each in names)


def _is_for_steps(module: ModuleFacts, read: ast.expr) -> bool:
    """`train.transforms.append(step)`."""
    steps = module.parent(read)
    method = module.parent(steps) if isinstance(steps, ast.Attribute) else None
    call = module.parent(method) if isinstance(method, ast.Attribute) else None
    return isinstance(call, ast.Call) and call.func is method and _added_to(module, call) is read


def _calls_alone(
    module: ModuleFacts, made: ast.FunctionDef | ast.ClassDef, program: str
) -> list[tuple[ModuleFacts, ast.Call]] | None:
    """The calls of a function or class in a program; None where there is none, or anything else is done with it."""
    found: list[tuple[ModuleFacts, ast.Call]] = []
    for file in _files(module, made.name, program):
        for read in _reads(file, made.name):
            call = file.parent(read)
            value = file.names.value(read)
            if not isinstance(call, ast.Call) or call.func is not read:
                return None
            if not isinstance(value, FunctionRef | ClassRef) or value.node is not made:
                return None
            found.append((file, call))
    return found or None


def _files(module: ModuleFacts, name: str, program: str) -> Iterator[ModuleFacts]:
    paths = {*module.project.programs.paths_reached(program, frozenset({name})), module.path}
    yield from filter(None, map(module.project.module, sorted(paths)))


def _reads(module: ModuleFacts, name: str) -> Iterator[ast.expr]:
    """The places of a file that read a name, or an attribute of that name."""
    named: list[ast.Name | ast.Attribute] = [*names_of(module).get(name, ()), *attributes_of(module).get(name, ())]
    yield from (each for each in named if isinstance(each.ctx, ast.Load))
