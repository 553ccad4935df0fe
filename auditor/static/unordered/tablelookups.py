"""Arrays that a table keeps by key and that are only asked what they hold: `np.isin(drawn, known[key])`."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.evaluation.flow import is_only_reduced
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.callers import calls_of
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.nodeindex import attributes_of, names_of
from auditor.static.syntax.nodes import walk

_FILLING = frozenset({"add", "append", "extend", "update"})
_IN = (ast.In, ast.NotIn)

MAX_PLACES = 60
"""Places of one name that are looked at."""


def is_only_asked_by_key(module: ModuleFacts, call: ast.Call) -> bool:
    """`known[key] = np.array(list(set(known[key])))`, where all that is read of `known[…]` is what it holds.

    The table may be returned and kept in an attribute of the same name; no other file of the programs may name it.
    """
    target = only_target(module.parent(call))
    table = target.value if isinstance(target, ast.Subscript) else None
    if not isinstance(table, ast.Name) or not _is_freed_of_duplicates(target, call):
        return False
    places = [*names_of(module).get(table.id, ()), *attributes_of(module).get(table.id, ())]
    if len(places) > MAX_PLACES or _is_named_elsewhere(module, table.id):
        return False
    made = {id(node) for node in walk(call)}
    others = [place for place in places if id(place) not in made]
    asked = [place for place in others if _is_asked(module, place)]
    return bool(asked) and all(place in asked or _is_kept(module, place) for place in others)


def _is_freed_of_duplicates(target: ast.expr | None, call: ast.Call) -> bool:
    """Whether the array is made of what the table had there."""
    entry = ast.dump(target).replace("Store()", "Load()") if target is not None else ""
    return any(isinstance(node, ast.Subscript) and ast.dump(node) == entry for node in walk(call))


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_named_elsewhere(module: ModuleFacts, name: str) -> bool:
    """Whether another file of the programs that reach this one says the name; where none does, anybody may."""
    project = module.project
    programs = project.programs.reaching(module.path)
    for program in programs:
        project.trace.note("reach", program)
        others = (path for path in project.graph.reached(program) if path != module.path)
        if any(project.texts.contain(path, (name,)) for path in others):
            return True
    return not programs


def _is_asked(module: ModuleFacts, place: ast.AST) -> bool:
    """`np.in1d(drawn, known[key])`, `x in known[key]`."""
    entry = module.parent(place)
    if not isinstance(entry, ast.Subscript) or entry.value is not place or not isinstance(entry.ctx, ast.Load):
        return False
    above = module.parent(entry)
    if isinstance(above, ast.Compare):
        return entry in above.comparators and all(isinstance(each, _IN) for each in above.ops)
    return isinstance(above, ast.Call) and entry in above.args and is_only_reduced(module, entry)


def _is_kept(module: ModuleFacts, place: ast.AST) -> bool:
    """Whether the table is bound, filled, returned, looped over or asked for a key there."""
    above = module.parent(place)
    if isinstance(getattr(place, "ctx", None), ast.Store):
        return True
    position = above.elts.index(place) if isinstance(above, ast.Tuple) and isinstance(place, ast.expr) else None
    returned = above if position is None or above is None else module.parent(above)
    if isinstance(returned, ast.Return):
        return _keeps_name(module, returned, _name(place), position)
    if isinstance(above, ast.For) and above.iter is place:
        return True
    if isinstance(above, ast.Compare):
        return place in above.comparators and all(isinstance(each, _IN) for each in above.ops)
    if not isinstance(above, ast.Subscript) or above.value is not place:
        return False
    method = module.parent(above)
    return not isinstance(above.ctx, ast.Load) or (isinstance(method, ast.Attribute) and method.attr in _FILLING)


def _keeps_name(module: ModuleFacts, returned: ast.Return, name: str, position: int | None) -> bool:
    """Whether all that call the function stand in its file and give what comes back the name that it had."""
    function = module.enclosing_function(returned)
    calls = list(islice(calls_of(module, function), MAX_PLACES + 1)) if function is not None else []
    targets = [only_target(module.parent(call)) for _, call in calls]
    if position is not None:
        targets = [each.elts[position] for each in targets if isinstance(each, ast.Tuple) and position < len(each.elts)]
    return (
        0 < len(calls) <= MAX_PLACES
        and len(targets) == len(calls)
        and all(caller is module for caller, _ in calls)
        and all(target is not None and _name(target) == name for target in targets)
    )
