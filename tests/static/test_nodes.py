"""Every node below one."""

from __future__ import annotations

import ast

from auditor.static.syntax.nodes import walk

TEXT = '''
import a.b as c
from . import d
@decorated
async def f(x, /, y: int = 1, *z, k, m=2, **rest) -> None:
    global g
    g: int = {**x, "a": [1, (y, *z)], None: not k} if k < m <= 3 else lambda: (yield)
    try:
        with x as y, z: del y[1:2], y.z
    except (E, F) as e: raise e from None
    match x:
        case {"a": 1, **others} | [_, *tail] if tail: pass
        case Point(x=0): return f"{x!r:>{k}}"
    return [i async for i in x if i], {i: j for i, j in x}, (w := 3)
class A(B, metaclass=C): """Doc."""
'''


def test_walking_gives_what_the_standard_library_gives_in_its_order() -> None:
    tree = ast.parse(TEXT)
    assert list(walk(tree)) == [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
