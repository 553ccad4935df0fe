"""Methods that a file calls by a text that is made up when it runs: `getattr(solver, f"run_{mode}")()`."""

from __future__ import annotations

import ast
import re
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import External, ModuleRef
from auditor.static.syntax.nodeindex import names_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_ASKING = "getattr"
_NAMED = 2
"""Arguments of `getattr` that say a name."""

_PLACE = re.compile(r"%[-+ #0]*\d*[a-z]|\{[^{}]*\}")
"""What `%` and `format` fill in."""

_CALLED: WeakKeyDictionary[ModuleFacts, tuple[re.Pattern[str], ...]] = WeakKeyDictionary()


def called_by_text(module: ModuleFacts) -> tuple[re.Pattern[str], ...]:
    """What the names look like that a file asks objects for, and calls what it gets."""
    if module not in _CALLED:
        asked = [each.node for each in module.call_index.written(_ASKING) if len(each.node.args) >= _NAMED]
        open_ = [each for each in asked if not isinstance(each.args[1], ast.Constant) and _is_called(module, each)]
        # A function of a module that is handed over counts as named, whatever it is called.
        objects = (each for each in open_ if not isinstance(module.names.value(each.args[0]), ModuleRef | External))
        _CALLED[module] = tuple({text: re.compile(text) for text in (_look(each.args[1]) for each in objects)}.values())
    return _CALLED[module]


def _is_called(module: ModuleFacts, asked: ast.Call) -> bool:
    """Whether what comes out is called, there or under the name that it gets, or returned, kept or a callback."""
    above = module.parent(asked)
    if not isinstance(above, ast.Assign):
        return isinstance(above, ast.Return | ast.keyword) or (isinstance(above, ast.Call) and above.func is asked)
    names = [target.id if isinstance(target, ast.Name) else None for target in above.targets]
    uses = (use for name in names if name is not None for use in names_of(module).get(name, ()))
    return None in names or any(getattr(module.parent(use), "func", None) is use for use in uses)


def _look(name: ast.expr) -> str:
    """A pattern of what a text may become, with the parts that stand there."""
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return re.escape(name.value)
    if isinstance(name, ast.JoinedStr):
        return "".join(map(_look, name.values))
    if isinstance(name, ast.BinOp) and isinstance(name.op, ast.Add):
        return _look(name.left) + _look(name.right)
    filled = name.left if isinstance(name, ast.BinOp) and isinstance(name.op, ast.Mod) else None
    if isinstance(name, ast.Call) and isinstance(name.func, ast.Attribute) and name.func.attr == "format":
        filled = name.func.value
    if isinstance(filled, ast.Constant) and isinstance(filled.value, str):
        return ".*".join(map(re.escape, _PLACE.split(filled.value)))
    return ".*"
