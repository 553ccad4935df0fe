"""Plain decorators as calls: what stands after the `@` is called with the function below it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from auditor.static.facts import Call, ModuleFacts

_PARTIAL = "functools.partial"


def decorator_calls(module: ModuleFacts, callees: Collection[str]) -> Iterator[Call]:
    """`@jax.jit` and `@partial(jax.jit, …)`, of the listed functions, in the order of the text.

    Decorators with parentheses of their own are calls already. The made calls have no arguments and no parent.
    """
    last = {name.rpartition(".")[2] for name in callees}
    for function in module.index.functions:
        for decorator in () if isinstance(function, ast.Lambda) else function.decorator_list:
            called = _called(module, decorator)
            # Most decorators are told apart by how they are written.
            if called is None or (isinstance(called, ast.Attribute) and called.attr not in last):
                continue
            if module.resolve(called) in callees:
                yield _call(module, called, decorator)


def _called(module: ModuleFacts, decorator: ast.expr) -> ast.expr | None:
    if isinstance(decorator, ast.Name | ast.Attribute):
        return decorator
    if isinstance(decorator, ast.Call) and decorator.args and module.resolve(decorator.func) == _PARTIAL:
        return decorator.args[0]
    return None


def _call(module: ModuleFacts, called: ast.expr, decorator: ast.expr) -> Call:
    node = ast.copy_location(ast.Call(func=called, args=[], keywords=[]), decorator)
    return Call(
        node=node,
        resolve=module.resolve,
        method=called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None),
        receiver=called.value if isinstance(called, ast.Attribute) else None,
        function=module.enclosing_function(decorator),
        in_loop=False,
    )
