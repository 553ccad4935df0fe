"""Options that are None by default and get a value before they are used: `if args.seed is None: args.seed = 3`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.bindings import Function
from auditor.static.library_verdict import SeedValue
from auditor.static.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_ENDING = frozenset({"exit", "quit", "_exit", "error"})
"""Last parts of calls that end a program: `sys.exit`, `parser.error`."""

MAX_PARTS = 5
"""Attributes and keys of an option: `config["train"].seed` has two."""

MAX_AROUND = 50
"""Statements and expressions around a use that are looked at; each `elif` is one more."""

MAX_STORED = 50
"""Values stored under one text that are looked at; where there are more, one of them is taken for a seed."""


class _Options:
    """What one file does about options, by their text."""

    def __init__(self, module: ModuleFacts) -> None:
        self.stored: dict[str, list[ast.expr]] = {}
        self.left: dict[tuple[str, Function | None], int] = {}
        """The first line in each function that leaves after it asked for the option."""

        for node in walk(module.tree):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    # What objects store in themselves is followed with the object.
                    text = _text(target)
                    if text is not None and not text.startswith("self.") and node.value is not None:
                        self.stored.setdefault(text, []).append(node.value)
            elif isinstance(node, ast.Assert) or (isinstance(node, ast.If) and _leaves(node.body[-1])):
                for text in _asked(node.test):
                    key = text, module.enclosing_function(node)
                    self.left[key] = min(node.lineno, self.left.get(key, node.lineno))


_KNOWN: WeakKeyDictionary[ModuleFacts, _Options] = WeakKeyDictionary()


def is_given_there(used: ast.expr, module: ModuleFacts) -> bool:
    """Whether the file stores a value, the function has left before where there is none, or a condition around asks."""
    text = _text(used)
    if text is None:
        return False
    around = islice(module.around(used), MAX_AROUND)
    if any(text in _asked(holder.test) for holder in around if isinstance(holder, ast.If | ast.IfExp)):
        return True
    known = _KNOWN.get(module)
    if known is None:
        known = _KNOWN[module] = _Options(module)
    stored = known.stored.get(text, ())
    if len(stored) > MAX_STORED or any(module.seed_value(value) is not SeedValue.NONE for value in stored):
        return True
    return known.left.get((text, module.enclosing_function(used)), used.lineno) < used.lineno


def _asked(test: ast.expr) -> Iterator[str]:
    return (text for part in walk(test) if (text := _text(part)) is not None)


def _text(node: ast.AST) -> str | None:
    """`args.seed`, `config["train"]["seed"]`; None for what is computed, or has more parts than options have."""
    parts: list[str] = []
    while len(parts) < MAX_PARTS:
        if isinstance(node, ast.Attribute):
            parts.append(f".{node.attr}")
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            parts.append(f"[{node.slice.value!r}]")
        else:
            break
        node = node.value
    return node.id + "".join(reversed(parts)) if parts and isinstance(node, ast.Name) else None


def _leaves(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        return getattr(called, "attr", getattr(called, "id", "")) in _ENDING
    return isinstance(statement, _LEAVING)
