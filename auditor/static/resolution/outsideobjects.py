"""What becomes of objects of libraries on ways that only `candidates` knows: tables that a function is handed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import External, Instance, Value

if TYPE_CHECKING:
    from auditor.static.execution.knowledge import RngIndex
    from auditor.static.facts import ModuleFacts


def method_of(rng: RngIndex, made: Instance, name: str) -> Iterator[External]:
    """`frame.sample`, where a library knows what a method of such an object draws or returns."""
    full = f"{made.of.name}.{name}" if isinstance(made.of, External) else ""
    if full and (full in rng.returns or rng.is_known(full) or f"{full}[]" in rng.returns):
        yield External(full)


def results(module: ModuleFacts, node: ast.Call, called: Iterable[Value]) -> Iterator[Instance]:
    """What a call of such methods returns."""
    for each in called:
        made = module.project.rng.returns.get(each.name) if isinstance(each, External) else None
        if made is not None:
            yield Instance(External(made), node, module)


def parts(rng: RngIndex, wholes: Iterable[Value]) -> Iterator[Instance]:
    """`frame["a"]`, `frame.loc[rows]`; `DataFrame[Schema]`, of the class itself, is a type and no part."""
    for whole in wholes:
        if isinstance(whole, External) and whole.name in rng.returns:
            continue
        of = whole.of if isinstance(whole, Instance) else whole
        made = rng.returns.get(f"{of.name}[]") if isinstance(of, External) else None
        if made is not None:
            yield Instance(External(made))


def called_with(module: ModuleFacts, function: ast.AST | None, parameter: ast.arg) -> Instance | None:
    """`frame.groupby("label").apply(lambda rows: …)`: what a library calls the function with, `"….GroupBy.apply()"`.

    Of a function that is written where it is handed over: who else may call it is not asked then.
    """
    call = module.parent(function) if isinstance(function, ast.Lambda) else None
    if not isinstance(function, ast.Lambda) or not isinstance(call, ast.Call) or function not in call.args[:1]:
        return None
    called = module.names.value(call.func) if parameter in function.args.args[:1] else None
    made = module.project.rng.returns.get(f"{called.name}()") if isinstance(called, External) else None
    return Instance(External(made)) if made is not None else None


GENERATORS = {"numpy.random": "numpy.random", "numpy.random.mtrand._rand": "numpy.random", "random": "random"}
"""Modules that people hand on in place of a generator object, `rng or np.random`; or what stands for one, with that."""


def drawing(rng: RngIndex, values: Iterable[Value]) -> list[Value]:
    """Without the names of libraries that neither draw nor seed."""
    return [each for each in values if not isinstance(each, External) or rng.is_known(each.name)]
