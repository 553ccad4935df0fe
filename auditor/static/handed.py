"""Calls that give a function to something outside, with the arguments that it will be called with."""

from __future__ import annotations

import ast

from auditor.static.elements import call_of

_EXECUTORS = ("Executor", "ProcessPoolExecutor", "ThreadPoolExecutor")
_FOLLOWING = {
    **{f"concurrent.futures.{name}.submit": 0 for name in _EXECUTORS},
    "asyncio.to_thread": 0,
    "atexit.register": 0,
    "contextlib.AsyncExitStack.callback": 0,
    "contextlib.ExitStack.callback": 0,
}
"""The index of the function; what stands behind it is handed on."""

_TARGETS = frozenset(
    {
        "multiprocessing.Process", "multiprocessing.context.Process", "threading.Thread",
        "torch.multiprocessing.Process",
    }
)  # fmt: skip
"""What takes a function as `target`, its arguments as `args` and `kwargs`."""

_NOTHING = {
    "args": ast.Tuple(elts=[], ctx=ast.Load()),
    "kwargs": ast.Dict(keys=[], values=[]),
}


def handed(name: str, node: ast.Call) -> ast.Call | None:
    """`seed(3)` for `pool.submit(seed, 3)`, `Thread(target=seed, args=(3,))`; None where that is not written out."""
    if name in _TARGETS:
        return _targeted(node)
    index = _FOLLOWING.get(name)
    if index is None or len(node.args) <= index or isinstance(node.args[index], ast.Starred):
        return None
    call = ast.Call(func=node.args[index], args=node.args[index + 1 :], keywords=node.keywords)
    return ast.copy_location(call, node)


def _targeted(node: ast.Call) -> ast.Call | None:
    call = call_of(node, None)
    target = call.argument("target", 1)
    args, kwargs = (call.argument(name, position) or _NOTHING[name] for name, position in (("args", 3), ("kwargs", 4)))
    if target is None or call.opaque or not isinstance(args, ast.Tuple | ast.List) or not isinstance(kwargs, ast.Dict):
        return None
    words = []
    for key, value in zip(kwargs.keys, kwargs.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return None
        words.append(ast.keyword(arg=key.value, value=value))
    return ast.copy_location(ast.Call(func=target, args=args.elts, keywords=words), node)
