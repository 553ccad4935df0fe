"""Functions that functions of the project make: decorators put them around others, `@seeded(3)`; calls give them."""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.values import Arguments, ClassRef, FunctionRef
from auditor.static.syntax.bindings import Function, every_argument
from auditor.static.syntax.elements import is_none
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

FrameOf = Callable[[FunctionRef, "ast.Call | None", "ModuleFacts"], Frame]
"""The frame of a function that is called at the top of a module."""


@dataclass(frozen=True, slots=True)
class Maker:
    """The call that made a function: `make_seeder(3)`."""

    function: FunctionRef
    call: ast.Call
    is_beside: bool
    """It stands in the function that calls what it made, not at the top of the file."""


def maker_of(ref: FunctionRef, node: ast.Call, frame: Frame) -> Maker | None:
    """What made the function that `node` calls, where that says so: `make_seeder(3)()`, `seed_all = make_seeder(3)`."""
    around = ref.module.enclosing_function(ref.node)
    call = frame.module.origin(node.func) if around is not None and around is not frame.function else None
    made_by = frame.resolve(call.func) if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or not isinstance(made_by, FunctionRef) or made_by.node is not around:
        return None
    holder = frame.module.enclosing_function(call)
    return Maker(made_by, call, holder is not None) if holder in (None, frame.function) else None


def wrappers_of(ref: FunctionRef, frame_of: FrameOf) -> list[tuple[FunctionRef, Frame]]:
    """The outermost first, each with a frame in which the function below is known, and what the decorator is given."""
    if isinstance(ref.node, ast.Lambda) or not ref.node.decorator_list:
        return []
    found = []
    for decorator in ref.node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        value = ref.module.names.value(call.func if call is not None else decorator)
        if isinstance(value, FunctionRef) and not isinstance(value.node, ast.Lambda):
            takes_function = call is None or _takes_either(value)
            inner = _innermost(value.node, levels=1 if takes_function else 2)
            if inner is not None:
                holder, wrapper = inner
                inside = Frame(value.module, wrapper)
                inside.arguments = Arguments({(holder, arg.arg): ref for arg in holder.args.args[:1]})
                outer = frame_of(value, call, ref.module)
                for name in kept(value, wrapper, takes_function=takes_function):
                    inside.values[name] = outer.values[name]
                    if call is None or name in outer.settled:
                        inside.settled.add(name)
                found.append((FunctionRef(value.module, wrapper), inside))
    return found


def constructor_put(cls: ClassRef) -> tuple[FunctionRef | None, bool]:
    """What a decorator of a class puts in place of its constructor, and whether that may still be called.

    `cls.__init__ = init` with a function that the decorator defines, as one of its own statements.
    """
    for decorator in cls.node.decorator_list:
        value = cls.module.names.value(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda):
            continue
        module, inner = (
            value.module,
            {each.name: each for each in walk(value.node) if isinstance(each, ast.FunctionDef)},
        )
        named = [each for each in walk(value.node) if isinstance(each, ast.Attribute) and each.attr == "__init__"]
        stored = [module.parent(each) for each in named if isinstance(each.ctx, ast.Store)]
        statement = stored[0] if len(stored) == 1 else None
        put = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(put, ast.Name) and put.id in inner:
            assert isinstance(statement, ast.Assign)
            is_only = len(named) == len(stored) and _is_put_into_what_is_given(module, statement)
            return FunctionRef(module, inner[put.id], cls), not is_only
    return None, True


def _is_put_into_what_is_given(module: ModuleFacts, put: ast.Assign) -> bool:
    """Whether a function always stores this in its parameter, and hands that to nobody who may ask what it had."""
    function = module.parent(put)
    holder = put.targets[0].value if isinstance(put.targets[0], ast.Attribute) else None
    if not isinstance(function, ast.FunctionDef) or not isinstance(holder, ast.Name):
        return False
    if holder.id not in module.written.signature(function).names:
        return False
    parts = list(walk(function))
    if any(isinstance(each, ast.Attribute) and each.attr == "__dict__" for each in parts):
        return False
    leaving = (each for each in parts if isinstance(each, ast.Return) and each.lineno < put.lineno)
    if any(module.enclosing_function(each) is function for each in leaving):
        return False
    reads = [each for each in parts if isinstance(each, ast.Name) and each.id == holder.id]
    return all(isinstance(module.parent(each), ast.Attribute | ast.Return) for each in reads)


def kept(factory: FunctionRef, wrapper: Function, *, takes_function: bool = False) -> list[str]:
    """The parameters of a decorator, or another maker, that are in the function which it makes what they were given."""
    signature = factory.module.written.signature(factory.node)
    own = {argument.arg for argument in every_argument(wrapper.args)}
    bindings = factory.module.index.scopes[factory.node].bindings
    own |= {name for name, places in bindings.items() if len(places) > 1}
    own |= {name for part in walk(factory.node) if isinstance(part, ast.Nonlocal) for name in part.names}
    given = signature.positional[int(takes_function) :]
    return [name for name in (*given, *signature.keyword_only) if name not in own]


def _takes_either(decorator: FunctionRef) -> bool:
    """`def seeded(function=None, *, seed=0)`: the function below it, or options before that."""
    signature = decorator.module.written.signature(decorator.node)
    first = signature.positional[0] if signature.positional else ""
    if not first or not is_none(signature.defaults[first]):
        return False
    made = {each.name for each in decorator.node.body if isinstance(each, ast.FunctionDef)}  # type: ignore[union-attr]
    calls = (part for part in walk(decorator.node) if isinstance(part, ast.Call))
    return any(
        getattr(call.func, "id", "") == first
        or (getattr(call.func, "id", "") in made and any(getattr(each, "id", "") == first for each in call.args))
        for call in calls
    )


def _innermost(function: Function, levels: int) -> tuple[Function, Function] | None:
    """The function that a decorator returns, and the one around it that takes the decorated function."""
    holder: Function = function
    current: Function | None = function
    for _ in range(levels):
        if current is None or isinstance(current, ast.Lambda):
            return None
        holder = current
        nested = [child for child in current.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]
        if not nested:
            return None
        current = nested[-1]
    return (holder, current) if current is not None else None
