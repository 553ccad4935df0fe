"""What functions collect in `**options` and look up there: whether anything is put in under a name."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import uses
from auditor.static.syntax.elements import is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_USES = 50
"""Uses of a dictionary that are looked at; where there are more, one of them is taken for a change."""

_ASKING = frozenset({"get", "pop"})
_READING = frozenset({"copy", "get", "items", "keys", "pop", "values"})


def collected_in(given: ast.expr, module: ModuleFacts) -> ast.FunctionDef | None:
    """The function in whose `**options` a keyword is looked up that it does without: `options.get("seed", None)`."""
    if not isinstance(given, ast.Call) or not isinstance(given.func, ast.Attribute) or given.func.attr not in _ASKING:
        return None
    key, options = key_looked_up(given), given.func.value
    function = module.enclosing_function(given)
    if not key or not isinstance(options, ast.Name) or not isinstance(function, ast.FunctionDef):
        return None
    if function.args.kwarg is None or function.args.kwarg.arg != options.id:
        return None
    return function if is_only_read(module, options, key) and not _is_looked_up_again(given, module, key) else None


def key_looked_up(given: ast.expr) -> str:
    """`seed` of `options.get("seed")` and of `options.get("seed", None)`; nothing where that is computed."""
    if not isinstance(given, ast.Call) or given.keywords or not 0 < len(given.args) <= 2:
        return ""
    key = given.args[0]
    is_text = isinstance(key, ast.Constant) and isinstance(key.value, str) and all(map(is_none, given.args[1:]))
    return str(key.value) if is_text and isinstance(key, ast.Constant) else ""


def is_only_read(module: ModuleFacts, options: ast.Name, key: str) -> bool:
    """Whether nothing can be put into a dictionary under a key where it is used: other keys may be stored."""
    used = list(islice(uses(module, options), MAX_USES + 1))
    is_one = len(module.lookup.bindings_of(options)) == 1 and len(used) <= MAX_USES
    return is_one and all(_reads(module, use, key) for use in used)


def _reads(module: ModuleFacts, use: ast.expr, key: str) -> bool:
    above = module.parent(use)
    if isinstance(above, ast.Subscript):
        is_other = isinstance(above.slice, ast.Constant) and above.slice.value != key
        return above.value is use and (isinstance(above.ctx, ast.Load) or is_other)
    if isinstance(above, ast.Attribute):
        return above.attr in _READING
    return isinstance(above, ast.keyword) and above.arg is None


def _is_looked_up_again(given: ast.Call, module: ModuleFacts, key: str) -> bool:
    """Whether the function asks for the keyword elsewhere too, which may be the condition of this."""
    assert isinstance(given.func, ast.Attribute)
    for use in islice(uses(module, given.func.value), MAX_USES):
        above = module.parent(use)
        call = module.parent(above) if isinstance(above, ast.Attribute) else None
        if isinstance(call, ast.Call) and call is not given and key_looked_up(call) == key:
            return True
        if isinstance(above, ast.Subscript) and isinstance(above.slice, ast.Constant) and above.slice.value == key:
            return True
    return False


def is_spread_without(node: ast.Call, name: str, module: ModuleFacts) -> bool:
    """Whether a call hands on one dictionary, in which a keyword is None: `Model(**vars(parser.parse_args()))`."""
    spread = [word.value for word in node.keywords if word.arg is None]
    if len(spread) != 1 or any(isinstance(part, ast.Starred) for part in node.args):
        return False
    from auditor.static.evaluation.unsetparts import MAX_STEPS, is_none_in, is_put_anywhere

    key = ast.copy_location(ast.Constant(name), spread[0])
    part = ast.copy_location(ast.Subscript(value=spread[0], slice=key, ctx=ast.Load()), spread[0])
    return is_none_in(spread[0], part, module, MAX_STEPS) and not is_put_anywhere(part, module)
