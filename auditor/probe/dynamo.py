"""Keeps TorchDynamo's hands off the probe's own functions, without importing TorchDynamo.

Dynamo looks at every Python frame that starts while a compiled function runs, ours included.
"""

import sys


def skip_code(torch, function):
    """Tell Dynamo to run this function as it is when it comes across its frame; what it calls is still compiled."""
    _skip(torch._C._dynamo.eval_frame, function.__code__, False)


def skip_code_and_callees(torch, function):
    """The same, and for whatever the function calls (torch 2.4: for the function alone)."""
    _skip(torch._C._dynamo.eval_frame, function.__code__, True)


def _skip(eval_frame, code, callees):
    if hasattr(eval_frame, "skip_code"):
        eval_frame.skip_code(code)
    else:
        action = eval_frame._FrameAction
        strategy = eval_frame._FrameExecStrategy(action.SKIP, action.SKIP if callees else action.DEFAULT)
        eval_frame.set_code_exec_strategy(code, strategy)


def skip_package(torch):
    """Tell Dynamo to leave all functions of the probe alone."""
    seen = set()
    prefix = __name__.rpartition(".")[0]
    for name, module in list(sys.modules.items()):
        if module is not None and (name == prefix or name.startswith(prefix + ".")):
            for value in list(vars(module).values()):
                _skip_all(torch._C._dynamo.eval_frame, value, name, seen)


def _skip_all(eval_frame, value, module, seen):
    if id(value) in seen or getattr(value, "__module__", None) != module:
        return
    seen.add(id(value))
    if isinstance(value, type):
        for member in list(vars(value).values()):
            member = getattr(member, "__func__", member)
            member = getattr(member, "fget", member)
            _skip_all(eval_frame, member, module, seen)
    elif hasattr(value, "__code__"):
        _skip_nested(eval_frame, value.__code__)


def _skip_nested(eval_frame, code):
    _skip(eval_frame, code, False)
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            _skip_nested(eval_frame, constant)
