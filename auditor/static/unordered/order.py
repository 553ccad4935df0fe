"""Does the order of something unordered reach a place where order counts?

Starts at an expression whose order is not the same in every run (a set, a directory listing, results in the order of
their completion) and follows it outwards: through calls that keep the order, into names, attributes, the project's own
functions and their callers, until it is sorted, counted, tested, or used in order. Only a use that is known to depend
on the order is an answer; where the trail is lost the answer is None.
"""

from __future__ import annotations

import ast
from itertools import chain

from auditor.model.lean import replace
from auditor.model.rule import Confidence
from auditor.static.evaluation.boundanew import bound_anew
from auditor.static.evaluation.flow import (
    is_found_by_value,
    is_shown,
    is_sorted_here,
    parameter,
    reads_before,
    reads_below,
    reads_of_property,
    returns,
    uses,
)
from auditor.static.evaluation.single import is_single, is_single_here
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.callers import calls_of
from auditor.static.resolution.members import member
from auditor.static.resolution.ordering import (
    CHOOSING,
    COUNTING,
    KEEPING,
    NEUTRAL,
    ORDERED,
    SET_METHODS,
    STORING,
    WAITING,
    WALKS,
)
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.unordered.alphabet import is_alphabet
from auditor.static.unordered.dictentries import use_in_dictionary
from auditor.static.unordered.equalitems import is_same_each_turn
from auditor.static.unordered.heldelements import unordered_parts
from auditor.static.unordered.heldsets import field_made, holder_of
from auditor.static.unordered.looporder import LoopEffect, comprehension_effect, loop_effect, loop_over_positions
from auditor.static.unordered.mostcommon import counter_updated, takes_numbers_only
from auditor.static.unordered.onepicked import is_first, may_pick
from auditor.static.unordered.orderless import (
    counts_along,
    is_characters,
    is_counted,
    is_looked_up,
    is_other_kind,
    is_passed_over,
    is_reduced,
    is_removed,
    is_same_in_any_order,
    is_set,
    is_stored_in_order,
    is_tied,
    is_weight,
)
from auditor.static.unordered.ordertrail import NUMBERED, PICKED, Kind, OrderedUse, Trail, as_list, used
from auditor.static.unordered.paired import is_paired
from auditor.static.unordered.pairs import is_other_of_two
from auditor.static.unordered.sets import holds_indices, reaches_result
from auditor.static.unordered.unpacked import Part, items_read, part_of, receiver, transposed
from auditor.static.unordered.worklist import worked_off

_FROM_KEYS = "dict.fromkeys"
_WALKED = 3
"""A folder, the folders and the files in it."""

_DEPTH = 6
"""Names, functions and attributes that one trail may pass."""


def ordered_use(
    module: ModuleFacts,
    node: ast.expr,
    kind: Kind,
    *,
    is_text: bool = False,
    ignored: frozenset[tuple[str, int]] = frozenset(),
) -> OrderedUse | None:
    """Return the first place (in source order of the trail) where the order of `node` counts, or None.

    `is_text`: what a set holds certainly is text; `ignored`: files and lines that are passed over.
    """
    is_waited_for = isinstance(node, ast.Call) and kind is Kind.COMPLETION and module.resolve(node.func) in WAITING
    follow = _finished if is_waited_for else _follow
    found = None
    # Of `files[0]` and `files[:100]` the second one says more.
    for firsts in (False, True) if kind is Kind.LISTING else (True,):
        trail = Trail(kind=kind, is_text=is_text, ignored=ignored, firsts=firsts)
        found = found or follow(module, node, trail)
    return found


def _finished(module: ModuleFacts, call: ast.expr, trail: Trail) -> OrderedUse | None:
    """`done, _ = wait(futures)`, `wait(futures).done`: a set of what is finished."""
    above = module.parent(call)
    made, holder = (above, module.parent(above)) if isinstance(above, ast.Await) else (call, above)
    if isinstance(holder, ast.Attribute):
        return _follow(module, holder, trail) if holder.attr == "done" else None
    return _received(module, made, Part(0, len(("done", "pending"))), trail)


def _follow(module: ModuleFacts, node: ast.expr, trail: Trail) -> OrderedUse | None:
    found = _held(module, node, trail) if trail.kind is Kind.SET else None
    return _followed(module, node, trail) if found is None else found


def _followed(module: ModuleFacts, node: ast.expr, trail: Trail) -> OrderedUse | None:
    parent = module.parent(node)
    if isinstance(parent, ast.Call | ast.keyword | ast.Starred | ast.Attribute | ast.comprehension | ast.Subscript):
        return _follow_expression(module, node, parent, trail)
    if isinstance(parent, ast.For | ast.AsyncFor):
        return _looped(module, parent, trail) if parent.iter is node else None
    if isinstance(parent, ast.BinOp):
        return _follow(module, parent, trail) if reaches_result(module, node, parent) else None
    if isinstance(parent, ast.BoolOp | ast.Await | ast.NamedExpr) or (
        isinstance(parent, ast.IfExp) and parent.test is not node
    ):
        return _follow(module, parent, trail)
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return _assigned(module, parent, trail) if parent.value is node else None
    if isinstance(parent, ast.Return):
        return _returned(module, parent, trail)
    if isinstance(parent, ast.YieldFrom):
        return _from_callers(module, parent, as_list(module, node, trail, numbered=trail.numbered))
    if isinstance(parent, ast.Dict):
        return use_in_dictionary(module, node, parent, trail)
    if isinstance(parent, ast.Tuple):
        return _beside(module, node, parent, trail)
    if isinstance(parent, ast.withitem) and parent.optional_vars is not None:
        return _variable(module, parent.optional_vars, trail)
    return None


def _beside(module: ModuleFacts, node: ast.expr, values: ast.Tuple, trail: Trail) -> OrderedUse | None:
    """`seen, kept = set(), []` and `return images, labels`: each name gets its own."""
    part, holder = part_of(node, values), module.parent(values)
    if part is None:
        return None
    if isinstance(holder, ast.Return):
        return _returned(module, holder, trail, part)
    return _received(module, values, part, trail) if isinstance(holder, ast.Assign) else None


def _received(module: ModuleFacts, whole: ast.expr, part: Part, trail: Trail) -> OrderedUse | None:
    """Follow one value of a tuple to what gets it."""
    above, gets = module.parent(whole), receiver(module, whole, part)
    if isinstance(above, ast.Return):
        return _returned(module, above, trail, part)
    if gets is None:
        return None
    return _follow(module, gets, trail) if isinstance(gets, ast.Subscript) else _variable(module, gets, trail)


def _follow_expression(module: ModuleFacts, node: ast.expr, parent: ast.AST, trail: Trail) -> OrderedUse | None:
    if isinstance(parent, ast.comprehension):
        return _comprehended(module, node, parent, trail)
    if isinstance(parent, ast.Attribute):
        return _method(module, parent, trail)
    if isinstance(parent, ast.Subscript):
        return _subscripted(module, node, parent, trail)
    if isinstance(parent, ast.Starred):
        holder = module.parent(parent)
        listed = as_list(module, node, trail, numbered=trail.numbered)
        if isinstance(holder, ast.List | ast.Tuple):
            return _follow(module, holder, listed)
        return _filled(module, transposed(module, holder), listed) if isinstance(holder, ast.Call) else None
    call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
    return _passed(module, node, call, trail) if isinstance(call, ast.Call) and call.func is not node else None


def _passed(module: ModuleFacts, node: ast.expr, call: ast.Call, trail: Trail) -> OrderedUse | None:
    name = module.resolve(call.func)
    if name in CHOOSING and trail.kind is Kind.SET and trail.is_text and is_tied(module, node, call):
        return used(trail, module, call, "equals are told apart by that order")
    listed = as_list(module, node, trail, numbered=trail.numbered)
    if name in COUNTING or name == _FROM_KEYS:
        return _follow(module, call, replace(listed, keyed=True))
    if (counter := counter_updated(module, node, call)) is not None:
        return _variable(module, counter, replace(listed, keyed=True))
    if name in NEUTRAL or is_looked_up(module, node, name or "", trail):
        return None
    if name == "zip" and is_paired(module, node, call, trail):
        return used(trail, module, node, "they are paired with the names of another listing", Confidence.HIGH)
    if name in KEEPING:
        numbered = trail.numbered or name == "enumerate" or (name == "zip" and counts_along(module, call))
        return _follow(module, call, replace(listed, numbered=numbered))
    if name in STORING and is_stored_in_order(trail) and not is_shown(module, call):
        return used(trail, module, node, "they are stored in that order")
    if name == "dict" and trail.numbered:
        return None if is_alphabet(module, call) else used(trail, module, node, NUMBERED, Confidence.HIGH)
    if name is not None and not name.startswith("."):
        if any(name == each or (each.endswith(".") and name.startswith(each)) for each in ORDERED):
            if name == "next" and isinstance(node, ast.Call) and module.resolve(node.func) in WALKS:
                return _first_folder(module, call, trail)
            if name == "next" and not (trail.kind is Kind.SET and isinstance(node, ast.GeneratorExp | ast.Call)):
                # `next(folder.glob("*.xml"))` takes the only one there is.
                return None
            if is_same_in_any_order(module, node, call, trail):
                return None
            short = name.rpartition(".")[2]
            return used(trail, module, node, f"`{short}` uses them in order")
        return None
    if isinstance(call.func, ast.Attribute):
        known = _container_method(module, node, call, call.func, trail)
        if known is not None or name is None:
            return known
    return _into_function(module, node, call, trail)


def _first_folder(module: ModuleFacts, call: ast.Call, trail: Trail) -> OrderedUse | None:
    """`next(os.walk(root))[1]`, `_, folders, files = next(os.walk(root))`: what lies in one folder."""
    parts = (Part(index, _WALKED) for index in (1, 2))
    return next((use for part in parts if (use := _received(module, call, part, trail)) is not None), None)


def _container_method(
    module: ModuleFacts, node: ast.expr, call: ast.Call, func: ast.Attribute, trail: Trail
) -> OrderedUse | None:
    """`found.extend(unordered)`, `",".join(unordered)`."""
    if func.attr == "extend" and call.args and call.args[0] is node:
        return _variable(module, func.value, as_list(module, call, trail, numbered=False))
    if func.attr == "writelines" and call.args and call.args[0] is node and not is_shown(module, call):
        return used(trail, module, node, "they are written in that order")
    if func.attr == "append" and call.args and call.args[0] is node:
        return _item_of(module, func.value, trail)
    joined = func.attr == "join" and call.args and call.args[0] is node
    if joined and not (is_shown(module, call) or is_counted(module, call) or is_characters(module, call)):
        return used(trail, module, node, "they are joined to one text")
    return None


def _comprehended(module: ModuleFacts, node: ast.expr, clause: ast.comprehension, trail: Trail) -> OrderedUse | None:
    owner = module.parent(clause)
    if clause.iter is not node or not isinstance(owner, ast.ListComp | ast.GeneratorExp | ast.DictComp):
        return None
    if (effect := comprehension_effect(module, owner, clause, trail)) is not None:
        return used(trail, module, node, effect.how, effect.confidence)
    if isinstance(owner, ast.DictComp):
        return None
    listed = as_list(module, node, trail, numbered=trail.numbered)
    return None if is_same_each_turn(owner) else _follow(module, owner, listed)


def _method(module: ModuleFacts, attribute: ast.Attribute, trail: Trail) -> OrderedUse | None:
    call = module.parent(attribute)
    if not isinstance(call, ast.Call) or call.func is not attribute:
        return None
    if attribute.attr == "pop" and not call.args and (trail.kind is Kind.SET) and not trail.as_list:
        if isinstance(module.parent(call), ast.Expr) or is_other_of_two(module, call):
            return None
        if (lists := worked_off(module, call)) is None:
            return used(trail, module, call, "`pop` takes any one of them")
        return _filled(module, lists, as_list(module, call, trail, numbered=False))
    if attribute.attr in SET_METHODS or (trail.keyed and attribute.attr in ("items", "keys")):
        return _follow(module, call, trail)
    if trail.keyed and attribute.attr == "most_common":
        return None if takes_numbers_only(module, call) else _follow(module, call, replace(trail, keyed=False))
    is_asked = attribute.attr == "index" and (trail.as_list or trail.kind is not Kind.SET)
    if is_asked and not is_removed(module, call) and not is_found_by_value(module, call):
        return used(trail, module, call, "a place in that order is asked for", Confidence.HIGH)
    return None


def _subscripted(module: ModuleFacts, node: ast.expr, parent: ast.Subscript, trail: Trail) -> OrderedUse | None:
    """`listing[0]`, `listing[:10]`; a set only after it was turned into a list. `frame[names]` picks in their order."""
    if parent.slice is node and trail.as_list and isinstance(parent.ctx, ast.Load):
        is_of_numbers = is_reduced(module, parent) or is_weight(parent.value)
        return None if is_of_numbers else used(trail, module, parent, "columns are picked in that order")
    if parent.value is not node or not may_pick(module, parent, trail):
        return None
    if isinstance(parent.slice, ast.Slice) and parent.slice.lower is None and parent.slice.upper is None:
        return _follow(module, parent, trail)
    if is_first(module, parent, trail):
        return used(trail, module, parent, "the first one is taken", Confidence.LOW) if trail.firsts else None
    turns = loop_over_positions(module, parent)
    if turns is not None and loop_effect(module, turns, replace(trail, numbered=False)) == ():
        return None
    return used(trail, module, parent, PICKED, Confidence.HIGH)


def _looped(module: ModuleFacts, loop: ast.For | ast.AsyncFor, trail: Trail) -> OrderedUse | None:
    effect = loop_effect(module, loop, trail)
    if isinstance(effect, LoopEffect):
        return used(trail, module, loop.iter, effect.how, effect.confidence)
    return _filled(module, effect, as_list(module, loop.iter, trail, numbered=False))


def _filled(module: ModuleFacts, lists: tuple[ast.expr, ...], trail: Trail) -> OrderedUse | None:
    return next((use for each in lists if (use := _variable(module, each, trail)) is not None), None)


def _assigned(
    module: ModuleFacts, statement: ast.Assign | ast.AnnAssign | ast.AugAssign, trail: Trail
) -> OrderedUse | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        trail = as_list(module, statement, trail, numbered=False)
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            # In `_, *others = …` it is not asked which one goes.
            starred = any(isinstance(each, ast.Starred) for each in target.elts)
            if len(target.elts) > 1 and not (starred and all(map(is_passed_over, target.elts))):
                return used(trail, module, statement, "they are unpacked in that order")
        elif isinstance(target, ast.Subscript):
            if (found := _item_of(module, target.value, trail)) is not None:
                return found
        elif (found := _variable(module, target, trail)) is not None:
            return found
    return None


def _item_of(module: ModuleFacts, holder: ast.expr, trail: Trail) -> OrderedUse | None:
    """Follow `files[name]` where a listing was put into `files`: each item is as unordered. Sets may hold numbers."""
    key = (module.path, "item", ast.dump(holder), id(module.enclosing_function(holder)))
    if trail.kind is Kind.SET or trail.depth >= _DEPTH or key in trail.seen:
        return None
    read = items_read(module, holder)
    if any(is_sorted_here(module, each) for each in read):
        return None
    deeper = replace(trail, depth=trail.depth + 1, seen=trail.seen | {key})
    found = (_follow(module, each, deeper) for each in read)
    return next((use for use in found if use is not None), None)


def _held(module: ModuleFacts, node: ast.expr, trail: Trail) -> OrderedUse | None:
    """Follow a set into a dictionary or a list, and out of it again.

    Those of which nothing tells what they hold are mostly neighbours or items by number, where they are not numbered.
    """
    if (field := field_made(module, node)) is not None:
        return _variable(module, field, trail)
    holder = holder_of(module, node)
    key = (module.path, "held", id(holder.made), trail.as_list) if holder is not None else None
    if holder is None or trail.depth >= _DEPTH or key in trail.seen:
        return None
    deeper = replace(trail, depth=trail.depth + 1, seen=trail.seen | {key})
    found = (_follow(file, part, deeper) for file, part in unordered_parts(module, holder))
    return next((use for use in found if use is not None and (trail.is_text or use.how == NUMBERED)), None)


def _variable(module: ModuleFacts, target: ast.expr, trail: Trail) -> OrderedUse | None:
    """Follow every use of a name or of `self.x` that now holds the unordered thing."""
    anew, is_before = bound_anew(module, target), reads_before(module, target)
    found_uses = tuple(
        use
        for use in uses(module, target)
        if (anew is None or use.lineno <= (anew.end_lineno or 0)) and not is_before(use)
    )
    key = (module.path, ast.dump(target), id(module.enclosing_function(target)), id(anew))
    if trail.depth >= _DEPTH or key in trail.seen:
        return None
    if trail.kind is Kind.SET and holds_indices(target):
        # A set of numbers has one order.
        return None
    if any(is_sorted_here(module, use) or is_single(module, use) for use in found_uses):
        return None
    deeper = replace(trail, depth=trail.depth + 1, seen=trail.seen | {key})
    for use in found_uses:
        found = None if is_single_here(module, use) else _follow(module, use, deeper)
        if found is not None:
            return found
    return None


def _into_function(module: ModuleFacts, node: ast.expr, call: ast.Call, trail: Trail) -> OrderedUse | None:
    """Follow an argument into a function or constructor of the project."""
    callee = module.names.value(call.func)
    if isinstance(callee, ClassRef):
        callee = member(callee, "__init__", bound=True)
    if not isinstance(callee, FunctionRef) or isinstance(callee.node, ast.Lambda):
        return None
    name = parameter(call, node, callee.node, skip=1 if callee.bound else 0)
    if name is None or trail.depth >= _DEPTH:
        return None
    key = (callee.module.path, callee.node.lineno, name)
    if key in trail.seen:
        return None
    inner = replace(trail, depth=trail.depth + 1, seen=trail.seen | {key})
    reads = reads_below(callee.module, callee.node, name)
    if any(is_sorted_here(callee.module, read) or is_single(callee.module, read) for read in reads):
        return None
    is_plain = trail.kind is Kind.SET and not trail.as_list
    found = (
        _follow(callee.module, read, inner)
        for read in reads
        if not (is_single_here(callee.module, read) or (is_plain and is_other_kind(callee.module, read)))
    )
    return next((use for use in found if use is not None), None)


def _returned(module: ModuleFacts, statement: ast.Return, trail: Trail, part: Part | None = None) -> OrderedUse | None:
    """Follow the result of a function, or a part of it, to the calls of it, here and in the programs that reach it."""
    function = module.enclosing_function(statement)
    if function is None:
        return None
    others = [each.value for each in returns(module, function) if each is not statement and each.value is not None]
    if others and not (trail.kind is Kind.SET and all(is_set(module, each) for each in others)):
        # What it returns depends on the case: for the caller it may be something else.
        return None
    return _from_callers(module, statement, trail, part)


def _from_callers(module: ModuleFacts, place: ast.AST, trail: Trail, part: Part | None = None) -> OrderedUse | None:
    """Follow what a function hands out there to the calls of it."""
    function = module.enclosing_function(place)
    if function is None or isinstance(function, ast.Lambda) or trail.depth >= _DEPTH or id(function) in trail.seen:
        return None
    deeper = replace(trail, depth=trail.depth + 1, seen=trail.seen | {id(function)})
    reads = ((module, read) for read in reads_of_property(module, function))
    for caller, call in chain(calls_of(module, function), reads):
        found = _follow(caller, call, deeper) if part is None else _received(caller, call, part, deeper)
        if found is not None:
            return found
    return None
