"""Parameters that are, where a function uses them, what its callers gave."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_OF_NONE = frozenset({None, "object", "types.NoneType"})
"""Types of which None may be one, as far as their names tell."""

_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def is_handed_on_as_it_is(
    function: ast.FunctionDef | ast.Lambda, name: str, module: ModuleFacts, used: ast.Name | None = None
) -> bool:
    """Whether the body neither asks for the parameter's value nor gives it another one.

    Where it is `used` it may be replaced by what is made of it, `rng = default_rng(rng)`, and be asked for a type
    that None is not of, unless what is used stands under that: `if isinstance(rng, Generator): return rng`.
    """
    bound_after = set(_bound_by(module.statement(used), function)) if used is not None else frozenset()
    for node in walk(function):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert | ast.BoolOp | ast.Compare | ast.Match):
            is_asked = any(isinstance(each, ast.Name) and each.id == name for each in _asked(node))
            if is_asked and not (used is not None and _passes_none(node, module, used)):
                return False
        elif (
            isinstance(node, ast.Name)
            and node.id == name
            and not isinstance(node.ctx, ast.Load)
            and node not in bound_after
        ):
            return False
    return True


def _bound_by(statement: ast.stmt, function: ast.FunctionDef | ast.Lambda) -> Iterator[ast.AST]:
    """What the statement that uses a parameter binds comes after: `self.np_random, seed = np_random(seed)`."""
    single = only_target(statement)
    if isinstance(single, ast.Name):
        yield single
    elif isinstance(statement, ast.Assign) and isinstance(function, ast.FunctionDef) and statement in function.body:
        for target in statement.targets:
            yield from walk(target)


def _asked(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
        yield from walk(node.test)
    elif isinstance(node, ast.Match):
        yield from walk(node.subject)
    else:
        yield from walk(node)


def _passes_none(node: ast.AST, module: ModuleFacts, used: ast.Name) -> bool:
    """Whether None goes by `if isinstance(seed, Generator): …` to what is used behind or beside it."""
    if not isinstance(node, ast.If | ast.IfExp):
        return False
    test = node.test
    if not isinstance(test, ast.Call) or getattr(test.func, "id", "") != "isinstance" or len(test.args) != 2:
        return False
    types = test.args[1].elts if isinstance(test.args[1], ast.Tuple) else [test.args[1]]
    if not all(isinstance(each, ast.Attribute | ast.Name) and module.resolve(each) not in _OF_NONE for each in types):
        return False
    if isinstance(node, ast.IfExp):
        return all(part is not used for part in walk(node.body))
    if any(part is used for each in node.orelse for part in walk(each)):
        return True
    is_behind = all(part is not used for each in node.body for part in walk(each))
    return is_behind and not any(isinstance(part, _LEAVING) for each in node.orelse for part in walk(each))
