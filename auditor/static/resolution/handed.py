"""Calls that give a function to something outside, with the arguments that it will be called with."""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.static.syntax.elements import call_of
from auditor.static.syntax.nodes import walk

Origin = Callable[[ast.expr], ast.expr]
"""Gives the expression that is assigned to a name, or the name itself."""

MAX_ROWS = 50
"""Written elements of what a function is called with that are compared; of more nothing is known."""

MAX_STEPS = 3
"""Iterables inside of others that are looked into: `list(zip(seeds, [None] * 3))`."""

MAX_ZIPPED = 8
"""Iterables that are walked through together."""

_FOLLOWING = {"callback": 0, "register": 0, "run_in_executor": 1, "submit": 0, "to_thread": 0}
"""By method the index of the function; what stands behind it is handed on."""

_NO_KEYWORDS = ("", None)
"""The place of keywords where a callable takes none."""

_COLLECTED: dict[str, tuple[tuple[str, int], tuple[str, int], tuple[str, int | None]]] = {
    "Pool": (("initializer", 1), ("initargs", 2), _NO_KEYWORDS),
    "Process": (("target", 1), ("args", 3), ("kwargs", 4)),
    "ProcessPoolExecutor": (("initializer", 2), ("initargs", 3), _NO_KEYWORDS),
    "Thread": (("target", 1), ("args", 3), ("kwargs", 4)),
    "ThreadPool": (("initializer", 1), ("initargs", 2), _NO_KEYWORDS),
    "ThreadPoolExecutor": (("initializer", 2), ("initargs", 3), _NO_KEYWORDS),
    "Timer": (("function", 1), ("args", 2), ("kwargs", 3)),
    "apply": (("func", 0), ("args", 1), ("kwds", 2)),
    "apply_async": (("func", 0), ("args", 1), ("kwds", 2)),
    "spawn": (("fn", 0), ("args", 1), ("kwargs", 9)),
    "start_processes": (("fn", 0), ("args", 1), ("kwargs", 9)),
}
"""By what is called the places of a function, of its arguments and of its keywords."""

_RANKED = frozenset({"spawn", "start_processes"})
"""Of these, those that give the function the number of its process before what it is handed."""

_BY_ELEMENT = frozenset({"imap", "imap_unordered", "map", "map_async"})
_BY_ROW = frozenset({"starmap", "starmap_async"})

_LIBRARIES = (
    "asyncio.", "atexit.", "billiard.", "concurrent.futures.", "contextlib.", "dask.", "distributed.", "joblib.",
    "loky.", "multiprocess.", "multiprocessing.", "pathos.", "threading.", "torch.multiprocessing.",
)  # fmt: skip

_SURE = frozenset({"apply_async", "run_in_executor", "starmap", "starmap_async", "submit"})
"""Methods that say so of whatever object."""

_DELAYING = frozenset({"delayed"})
"""What makes a function of which a call is only written down: `delayed(work)(3)`."""

HANDING = tuple(sorted({*_FOLLOWING, *_COLLECTED, *_BY_ELEMENT, *_BY_ROW, *_DELAYING, "partial", "reduce"}))
"""One of these stands in every file that hands a function on."""


def handed(name: str | None, node: ast.Call, origin: Origin) -> ast.Call | None:
    """`seed(3)` for `pool.submit(seed, 3)`, `Thread(target=seed, args=(3,))`; None where that is not written out.

    `name` is what is called, None where that is not known. An argument that is another one each time is written as a
    part of what it comes from.
    """
    method = name.rpartition(".")[2] if name is not None else getattr(node.func, "attr", "")
    if name is None and method not in _SURE:
        return None
    if name in ("functools.reduce", "map", "itertools.starmap"):
        made = _reduced(node, origin) if method == "reduce" else _repeated(node, method, origin)
    elif name is not None and not name.startswith(_LIBRARIES):
        return None
    elif method in _COLLECTED:
        made = _collected(node, method, origin)
    elif method in _BY_ELEMENT or method in _BY_ROW:
        # The methods of pools take one iterable, and how many of its elements go together.
        is_pool = method != "map" or not (name or "").startswith("concurrent.futures.")
        made = _repeated(node, method, origin, most=2 if is_pool else None)
    else:
        made = _following(node, method)
    return None if made is None else ast.copy_location(made, node)


def is_delayed(node: ast.Call) -> bool:
    """`delayed(work)(3)`, as far as its text tells."""
    called = node.func.func if isinstance(node.func, ast.Call) else None
    return getattr(called, "attr", getattr(called, "id", "")) in _DELAYING


def _following(node: ast.Call, method: str) -> ast.Call | None:
    index = _FOLLOWING.get(method)
    if index is None or len(node.args) <= index or isinstance(node.args[index], ast.Starred):
        return None
    return ast.Call(func=node.args[index], args=node.args[index + 1 :], keywords=node.keywords)


def _collected(node: ast.Call, method: str, origin: Origin) -> ast.Call | None:
    call = call_of(node, None)
    if call.opaque:
        return None
    target, args, kwargs = (call.argument(*place) for place in _COLLECTED[method])
    args, kwargs = (None if each is None else origin(each) for each in (args, kwargs))
    if target is None or not isinstance(args, ast.Tuple | ast.List | None) or not isinstance(kwargs, ast.Dict | None):
        return None
    words = []
    for key, value in zip(kwargs.keys, kwargs.values, strict=True) if kwargs is not None else ():
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        words.append(ast.keyword(arg=key.value, value=value))
    rank = [_part(target)] if method in _RANKED else []
    return ast.Call(func=target, args=[*rank, *(args.elts if args is not None else ())], keywords=words)


def _repeated(node: ast.Call, method: str, origin: Origin, most: int | None = None) -> ast.Call | None:
    """`pool.map(work, seeds)`, `pool.starmap(work, [(1, None), (2, None)])`."""
    given = call_of(node, None)
    function = given.argument("func", 0)
    iterables = node.args[1:most] or [word.value for word in node.keywords if word.arg == "iterable"]
    if function is None or not iterables or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    elements = [_element(each, origin) for each in iterables]
    args = _row(elements[0]) if method in _BY_ROW else elements
    return ast.Call(func=function, args=args, keywords=[])


def _reduced(node: ast.Call, origin: Origin) -> ast.Call | None:
    if len(node.args) < 2 or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    return ast.Call(func=node.args[0], args=[_part(node.args[1]), _element(node.args[1], origin)], keywords=[])


def _element(node: ast.expr, origin: Origin, steps: int = MAX_STEPS) -> ast.expr:
    """What something that is iterated over gives each time, where that is written; else a part of it."""
    node = origin(node)
    if steps == 0:
        return _part(node)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        targets = (part for clause in node.generators for part in walk(clause.target))
        return _without(node.elt, frozenset(part.id for part in targets if isinstance(part, ast.Name)))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List):
        return _element(node.left, origin, steps - 1)
    if isinstance(node, ast.List | ast.Tuple) and 0 < len(node.elts) <= MAX_ROWS:
        return _common(node.elts)
    if not isinstance(node, ast.Call) or not 0 < len(node.args) <= MAX_ROWS:
        return _part(node)
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if any(isinstance(each, ast.Starred) for each in node.args):
        return _part(node)
    if called == "zip" and len(node.args) <= MAX_ZIPPED:
        return ast.Tuple(elts=[_element(each, origin, steps - 1) for each in node.args], ctx=ast.Load())
    if called == "repeat":
        return node.args[0]
    return _element(node.args[0], origin, steps - 1) if called == "list" else _part(node)


def _without(node: ast.expr, names: frozenset[str]) -> ast.expr:
    """An element of a comprehension, with what is another one in each turn as parts."""
    if isinstance(node, ast.Tuple | ast.List):
        return ast.Tuple(elts=[_without(each, names) for each in node.elts], ctx=ast.Load())
    return _part(node) if any(isinstance(part, ast.Name) and part.id in names for part in walk(node)) else node


def _common(rows: list[ast.expr]) -> ast.expr:
    """One element for several: what is the same in all of them, and parts of the others."""
    first = rows[0]
    if all(isinstance(each, ast.Tuple | ast.List) for each in rows):
        columns = [each.elts for each in rows if isinstance(each, ast.Tuple | ast.List)]
        lengths = {len(each) for each in columns}
        if len(lengths) == 1 and not any(isinstance(part, ast.Starred) for each in columns for part in each):
            return ast.Tuple(elts=[_same(list(each)) for each in zip(*columns, strict=True)], ctx=ast.Load())
    return _same(rows) if not isinstance(first, ast.Starred) else _part(first)


def _same(nodes: list[ast.expr]) -> ast.expr:
    """A name or a constant that all of them are; else a part, also of what is longer."""
    first = nodes[0]
    is_short = len(nodes) == 1 or isinstance(first, ast.Constant | ast.Name)
    return first if is_short and all(ast.dump(each) == ast.dump(first) for each in nodes[1:]) else _part(first)


def _row(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List):
        return node.elts
    return [ast.copy_location(ast.Starred(value=node, ctx=ast.Load()), node)]


def _part(node: ast.expr) -> ast.expr:
    """Some part of an expression: of its value no more is known than where it comes from."""
    index = ast.copy_location(ast.Slice(), node)
    return ast.copy_location(ast.Subscript(value=node, slice=index, ctx=ast.Load()), node)
