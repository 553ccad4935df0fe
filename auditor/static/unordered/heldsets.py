"""Sets that a dictionary or a list holds: where they are put in, and where they come out again.

A dictionary that holds anything else besides, or whose sets are sorted where they stand, gives nothing out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice

from auditor.static.evaluation.boundanew import bound_anew
from auditor.static.evaluation.flow import (
    is_sorted_here,
    parameter,
    reads_before,
    reads_below,
    returns,
    uses,
)
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.callers import calls_of
from auditor.static.resolution.ordering import SORTERS, WRAPPERS
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.nodes import walk

FACTORIES = frozenset({"set", "frozenset"})
"""What makes the empty sets of a `defaultdict`, or of a field, when it is called."""

_FILLED_WITH = "collections.defaultdict"
_FIELDS = frozenset({"attr.field", "attr.ib", "attrs.field", "dataclasses.field", "pydantic.Field"})
_KEEPING = frozenset({"enumerate", "iter", "list", "reversed", "sorted", "tqdm.auto.tqdm", "tqdm.tqdm", "tuple"})
"""Calls around `known.items()` that give the same pairs or sets; `enumerate` puts a number before each."""

_JOINING = frozenset({"frozenset.union", "itertools.chain", "set.union"})
_TAKEN_BY_KEY = frozenset({"get", "pop", "setdefault"})
_MAX_STEPS = 4
"""Names, functions and callers that one dictionary may go through."""

_MAX_USES = 60
"""Places that read one dictionary."""

Part = tuple[ModuleFacts, ast.expr]
"""An expression that gives one of the sets: `known[name]`, the name in a loop over `known.values()`."""


class Holder:
    """A dictionary or a list that sets are put into."""

    def __init__(self, made: ast.expr, *, is_list: bool = False, key: object = None) -> None:
        self.made = made
        """The expression that makes it, or the name that it goes by where a set is put in."""

        self.is_list = is_list
        self.key = key
        """The constant key of this one set, where others may hold something else; None for all keys."""


def holder_of(module: ModuleFacts, node: ast.expr) -> Holder | None:
    """What a set is put into as it is made.

    `{"a": set()}`, `{name: set() for …}`, `[set() for …]`, `defaultdict(set)`, `known.setdefault(name, set())`,
    `known[name] = set()`, `found.append(set())`.
    """
    above = module.parent(node)
    if isinstance(above, ast.Lambda):
        node, above = above, module.parent(above)
    if isinstance(above, ast.Call):
        return _given_to(module, node, above)
    if isinstance(above, ast.DictComp):
        return Holder(above) if above.value is node else None
    if isinstance(above, ast.ListComp):
        return Holder(above, is_list=True) if above.elt is node else None
    if isinstance(above, ast.Dict):
        return _in_braces(module, node, above)
    target = only_target(above)
    if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
        return Holder(target.value, key=_constant(target.slice))
    return None


def _in_braces(module: ModuleFacts, node: ast.expr, table: ast.Dict) -> Holder | None:
    """`{"train": set(), "test": set()}`, which holds nothing but sets; `{"known": set(), "names": []}`."""
    key = next((key for key, value in zip(table.keys, table.values, strict=True) if value is node), None)
    are_sets = all(_is_made_set(module, value) for value in table.values)
    return Holder(table, key=None if are_sets else _constant(key)) if key is not None else None


def _is_made_set(module: ModuleFacts, value: ast.expr) -> bool:
    is_called = isinstance(value, ast.Call) and module.resolve(value.func) in FACTORIES
    return is_called or isinstance(value, ast.Set | ast.SetComp)


def _constant(key: ast.expr | None) -> object:
    return key.value if isinstance(key, ast.Constant) else None


def _given_to(module: ModuleFacts, node: ast.expr, call: ast.Call) -> Holder | None:
    """`defaultdict(set)`, `known.setdefault(name, set())`, `found.append(set())`."""
    if module.resolve(call.func) == _FILLED_WITH:
        return Holder(call) if call.args[:1] == [node] else None
    if not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr == "setdefault" and call.args[1:] == [node]:
        return Holder(call.func.value, key=_constant(call.args[0]))
    return Holder(call.func.value, is_list=True) if call.func.attr == "append" and call.args == [node] else None


def field_made(module: ModuleFacts, node: ast.expr) -> ast.expr | None:
    """`words` of `words: set[str] = field(default_factory=set)`, of the name `set` there."""
    word = module.parent(node)
    call = module.parent(word) if isinstance(word, ast.keyword) and word.arg == "default_factory" else None
    holder = module.parent(call) if isinstance(call, ast.Call) and module.resolve(call.func) in _FIELDS else None
    is_field = isinstance(holder, ast.AnnAssign) and isinstance(module.parent(holder), ast.ClassDef)
    return holder.target if is_field and isinstance(holder, ast.AnnAssign) else None


def parts_held(module: ModuleFacts, holder: Holder) -> list[Part]:
    """Where the sets come out of a dictionary or a list; none where it holds other things or they are sorted there."""
    found = _Parts(holder)
    found.follow(module, holder.made, 0)
    return [] if found.is_other else found.parts


class _Parts:
    """The places of one dictionary, in the functions that it is handed to or returned by."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._seen: set[int] = set()
        self.parts: list[Part] = []
        self.is_other = False
        """Whether something else than sets is put in, or one is put in sorted."""

    def follow(self, module: ModuleFacts, made: ast.expr, depth: int) -> None:
        """Look at all that is done with a dictionary that an expression makes, or that goes by a name."""
        if depth > _MAX_STEPS or id(made) in self._seen:
            return
        self._seen.add(id(made))
        if made is self._holder.made and isinstance(made, ast.Name | ast.Attribute):
            self._named(module, made, depth)
            return
        above = module.parent(made)
        if isinstance(above, ast.Assign | ast.AnnAssign) and above.value is made:
            target = above.target if isinstance(above, ast.AnnAssign) else only_target(above)
            if isinstance(target, ast.Name | ast.Attribute):
                self._named(module, target, depth)
        else:
            self._used(module, made, depth)

    def _named(self, module: ModuleFacts, target: ast.expr, depth: int) -> None:
        anew = bound_anew(module, target) if isinstance(getattr(target, "ctx", None), ast.Store) else None
        is_before = reads_before(module, target) if anew is not None else None
        for use in islice(uses(module, target), _MAX_USES):
            is_behind = anew is not None and use.lineno > (anew.end_lineno or 0)
            if not is_behind and not (is_before is not None and is_before(use)):
                self._used(module, use, depth)

    def _used(self, module: ModuleFacts, use: ast.expr, depth: int) -> None:
        above = module.parent(use)
        if isinstance(above, ast.Subscript) and above.value is use:
            self._entry(module, above)
        elif isinstance(above, ast.Attribute):
            self._method(module, above)
        elif isinstance(above, ast.For | ast.comprehension | ast.Call) and self._holder.is_list:
            self._gone_over(module, use, 0)
        if isinstance(above, ast.Return):
            self._returned(module, above, depth)
        elif isinstance(above, ast.Call) and above.func is not use:
            self._handed_on(module, use, above, depth)

    def _entry(self, module: ModuleFacts, entry: ast.Subscript) -> None:
        if isinstance(entry.slice, ast.Slice) or not self._may_be(entry.slice):
            return
        if isinstance(entry.ctx, ast.Load):
            self._add(module, entry)
            return
        holder = module.parent(entry)
        value = holder.value if only_target(holder) is entry and isinstance(holder, ast.Assign) else None
        self.is_other = self.is_other or (value is not None and not _may_be_set(module, value))

    def _may_be(self, key: ast.expr) -> bool:
        """Whether something under a key may be the set: where that has a name, under this very name."""
        wanted = self._holder.key
        return wanted is None or (isinstance(key, ast.Constant) and key.value == wanted)

    def _method(self, module: ModuleFacts, attribute: ast.Attribute) -> None:
        call = module.parent(attribute)
        if not isinstance(call, ast.Call) or call.func is not attribute:
            return
        if self._holder.is_list:
            is_put_in = attribute.attr == "append" and bool(call.args)
            self.is_other = self.is_other or (is_put_in and not _may_be_set(module, call.args[0]))
            return
        if attribute.attr in _TAKEN_BY_KEY and call.args and self._may_be(call.args[0]):
            self._add(module, call)
        elif attribute.attr in ("items", "values") and self._holder.key is None:
            self._gone_over(module, call, 1 if attribute.attr == "items" else 0)

    def _gone_over(self, module: ModuleFacts, several: ast.expr, place: int) -> None:
        """`for name, found in known.items()`, `set().union(*known.values())`; `place`: where the set stands in each."""
        above = module.parent(several)
        is_pair = place > 0
        while isinstance(above, ast.Call) and several in above.args[:1] and module.resolve(above.func) in _KEEPING:
            is_numbered = module.resolve(above.func) == "enumerate"
            if is_numbered and is_pair:
                return
            is_pair = is_pair or is_numbered
            several, above = above, module.parent(above)
        if isinstance(above, ast.For | ast.comprehension) and above.iter is several:
            target: ast.expr | None = above.target
            if is_pair:
                is_taken_apart = isinstance(target, ast.Tuple) and len(target.elts) == 2
                target = target.elts[1] if is_taken_apart and isinstance(target, ast.Tuple) else None
            if isinstance(target, ast.Name):
                self._turns(module, target, above)
        joined = module.parent(above) if isinstance(above, ast.Starred) else above
        if isinstance(joined, ast.Call) and not is_pair and self._joins(module, joined, isinstance(above, ast.Starred)):
            self._add(module, joined)

    def _turns(self, module: ModuleFacts, target: ast.Name, loop: ast.For | ast.comprehension) -> None:
        """What reads the name in the head of a loop, inside of it; nothing where that gets another value there."""
        around = module.parent(loop) if isinstance(loop, ast.comprehension) else loop
        names = (each for each in walk(around) if isinstance(each, ast.Name)) if around is not None else ()
        inside = [each for each in names if each.id == target.id and each is not target]
        if all(isinstance(each.ctx, ast.Load) for each in inside):
            for each in inside:
                if not _is_before(each, loop):
                    self._add(module, each)

    def _joins(self, module: ModuleFacts, call: ast.Call, is_spread: bool) -> bool:
        """`set().union(*sets)`, `chain(*sets)`, `chain.from_iterable(sets)`."""
        name = module.resolve(call.func) or ""
        if not is_spread:
            return name == "itertools.chain.from_iterable"
        empty = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "union" else None
        return name in _JOINING or (isinstance(empty, ast.Call) and module.resolve(empty.func) in FACTORIES)

    def _returned(self, module: ModuleFacts, statement: ast.Return, depth: int) -> None:
        function = module.enclosing_function(statement)
        if function is None or isinstance(function, ast.Lambda) or len(list(returns(module, function))) != 1:
            return
        for caller, call in calls_of(module, function):
            self.follow(caller, call, depth + 1)

    def _handed_on(self, module: ModuleFacts, use: ast.expr, call: ast.Call, depth: int) -> None:
        callee = module.names.value(call.func)
        if not isinstance(callee, FunctionRef) or isinstance(callee.node, ast.Lambda) or depth >= _MAX_STEPS:
            return
        name = parameter(call, use, callee.node, skip=1 if callee.bound else 0)
        if name is None or id(callee.node) in self._seen:
            return
        self._seen.add(id(callee.node))
        for read in islice(reads_below(callee.module, callee.node, name), _MAX_USES):
            self._used(callee.module, read, depth + 1)

    def _add(self, module: ModuleFacts, part: ast.expr) -> None:
        self.is_other = self.is_other or is_sorted_here(module, part)
        self.parts.append((module, part))


def _may_be_set(module: ModuleFacts, value: ast.expr) -> bool:
    """Whether what is put in as a whole is a set too, or was one: `known[name] = list(known[name])`."""
    while isinstance(value, ast.Call) and value.args and module.resolve(value.func) in WRAPPERS:
        value = value.args[0]
    if isinstance(value, ast.Call):
        return module.resolve(value.func) not in SORTERS
    return not isinstance(value, ast.Constant | ast.Dict | ast.DictComp | ast.List | ast.ListComp | ast.Tuple)


def _is_before(read: ast.Name, loop: ast.For | ast.comprehension) -> bool:
    """Whether it stands in the expression that a loop goes over, which still reads what the name held before."""
    return isinstance(loop, ast.For) and any(each is read for each in walk(loop.iter))


def added_at(module: ModuleFacts, part: ast.expr) -> Sequence[ast.expr]:
    """The places that name one of the sets: the expression itself, and what reads the name that it is given."""
    target = only_target(module.parent(part))
    return (part, *islice(uses(module, target), _MAX_USES)) if isinstance(target, ast.Name) else (part,)


def factories(module: ModuleFacts) -> Iterator[ast.expr]:
    """The names of `set` where others call it: `defaultdict(set)`, `field(default_factory=set)`."""
    for call in module.calls_to(frozenset({_FILLED_WITH})):
        if call.node.args and module.resolve(call.node.args[0]) in FACTORIES:
            yield call.node.args[0]
    for call in module.calls_to(_FIELDS):
        yield from (
            word.value
            for word in call.node.keywords
            if word.arg == "default_factory" and module.resolve(word.value) in FACTORIES
        )
