"""Calls with `**options` and what `partial` bound written out, where it is known what these hold."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.static.evaluation.flow import uses
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.elements import Call

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_CHANGING = frozenset({"clear", "pop", "popitem", "setdefault", "update"})

_BINDING = frozenset({"partial"})
MAX_PARTIALS = 4
"""Of partials of partials."""

MAX_ROWS = 50
"""Of a table of options, each of which is a dictionary."""

MAX_ENTRIES = 1_000
"""Of one mapping of options; a larger one is data."""

_CHANGED: WeakKeyDictionary[ModuleFacts, dict[tuple[Function | None, str], bool]] = WeakKeyDictionary()
"""Whether a function changes what goes by a name: thousands of calls may spread the same options."""


def spread(module: ModuleFacts, node: ast.Call) -> ast.Call:
    """The call with the entries of every `**options` as keywords; the call itself where one of them is not known."""
    if all(word.arg is not None for word in node.keywords):
        return node
    keywords: list[ast.keyword] = []
    for word in node.keywords:
        found = [word] if word.arg is not None else entries(module, word.value)
        if found is None:
            return node
        keywords += found
    return ast.copy_location(ast.Call(func=node.func, args=node.args, keywords=keywords), node)


def may_be_bound(module: ModuleFacts) -> bool:
    """Whether a file may give functions some of their arguments before it calls them."""
    return module.project.texts.hold(module.path, _BINDING)


def bound_before(call: Call, module: ModuleFacts) -> Call:
    """The call with what `functools.partial` bound before: `make()` after `make = partial(default_rng, 3)`.

    Where that stands in another file, what it bound is not known.
    """
    node = call.node
    for _ in range(MAX_PARTIALS):
        value = module.names.value(node.func)
        if not isinstance(value, FunctionRef) or value.module.names.wrapped(value) is value:
            break
        bound = value.node.body
        assert isinstance(bound, ast.Call)  # what a partial is read as; its last argument is whatever a call adds
        given = bound.args[:-1] if value.module is module else [bound.args[-1]]
        taken = {word.arg for word in node.keywords}
        words = [word for word in bound.keywords if word.arg is None or word.arg not in taken]
        made = ast.Call(bound.func, [*given, *node.args], [*node.keywords, *(words if value.module is module else [])])
        node = ast.copy_location(made, call.node)
        if value.module is not module:
            break
    return call if node is call.node else replace(call, node=node)


def entries(module: ModuleFacts, node: ast.expr, most: int = MAX_ENTRIES) -> list[ast.keyword] | None:
    """What a mapping holds whose keys can be read; None where they can't, where it is changed, or of more than `most`.

    That is asked before anything is made of them: thousands of calls may each take a row of the same table.
    """
    if isinstance(node, ast.Name):
        if is_changed_anywhere(module, node):
            return None
        source = module.origin(node)
        return None if isinstance(source, ast.Name) else entries(module, source, most)
    if isinstance(node, ast.Attribute):
        kept = _kept_here(module, node)
        return entries(module, kept, most) if kept is not None else None
    if isinstance(node, ast.IfExp):
        # `{"num_workers": 2} if cuda else {}`: the run that has options has these.
        arms = [entries(module, node.body, most), entries(module, node.orelse, most)]
        return arms[1] or arms[0] if [] in arms else None
    if isinstance(node, ast.Dict):
        if len(node.keys) > most:
            return None
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        if not all(isinstance(key, str) for key in keys):
            return None
        return [ast.keyword(arg=str(key), value=value) for key, value in zip(keys, node.values, strict=True)]
    if isinstance(node, ast.Call) and not node.args and module.resolve(node.func) == "dict":
        is_read = len(node.keywords) <= most and all(word.arg is not None for word in node.keywords)
        return list(node.keywords) if is_read else None
    if isinstance(node, ast.Subscript):
        return _entries_of_row(module, node)
    return None


def _entries_of_row(module: ModuleFacts, node: ast.Subscript) -> list[ast.keyword] | None:
    """`options["train"]`; of `options[split]` what any row says, before others what one of them puts on."""
    rows = entries(module, node.value, MAX_ROWS)
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if rows is None or (key is not None and all(row.arg != key for row in rows)):
        return None
    found: dict[str | None, ast.keyword] = {}
    for row in rows:
        written = entries(module, row.value) if key in (None, row.arg) else []
        if written is None:
            return None
        for word in written:
            is_on = isinstance(word.value, ast.Constant) and word.value.value is True
            found[word.arg] = word if is_on else found.get(word.arg, word)
    return list(found.values())


def _kept_here(module: ModuleFacts, node: ast.Attribute) -> ast.expr | None:
    """What `self.options` is, where the same method says so and nothing of the class changes it."""
    holder = module.enclosing_class(node) if isinstance(node.value, ast.Name) and node.value.id == "self" else None
    stored = module.self_attributes(holder).get(node.attr, []) if holder is not None else []
    if len(stored) != 1 or not isinstance(stored[0], ast.Dict | ast.Call) or is_changed_anywhere(module, node):
        return None
    return stored[0] if module.enclosing_function(stored[0]) is module.enclosing_function(node) else None


def is_changed_anywhere(module: ModuleFacts, node: ast.Name | ast.Attribute) -> bool:
    """Whether a function changes the dictionary that goes by a name in it."""
    known = _CHANGED.setdefault(module, {})
    key = module.enclosing_function(node), node.id if isinstance(node, ast.Name) else f"self.{node.attr}"
    if key not in known:
        known[key] = any(_is_changed(module, use) for use in uses(module, node))
    return known[key]


def _is_changed(module: ModuleFacts, use: ast.expr) -> bool:
    parent = module.parent(use)
    while isinstance(parent, ast.Subscript) and parent.value is use and isinstance(parent.ctx, ast.Load):
        use, parent = parent, module.parent(parent)  # `options["train"]["shuffle"] = True`
    if isinstance(parent, ast.Attribute):
        return parent.attr in _CHANGING
    return isinstance(parent, ast.Subscript) and parent.value is use and not isinstance(parent.ctx, ast.Load)
