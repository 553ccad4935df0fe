"""Options that are None by default and get a value before they are used: `if args.seed is None: args.seed = 3`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.endings import calls_ending
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_CONDITIONAL = (ast.Assert, ast.If, ast.IfExp, ast.While)
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
        self.left: dict[str, list[ast.If | ast.Assert]] = {}
        """Where the file leaves a function or a loop for what an option is."""

        self.asked: set[tuple[Function | None, str]] = set()
        """Names that conditions of a function ask for, or of the module."""

        self.attributes: dict[str, list[ast.expr]] = {}
        """Values that are stored in attributes of whatever object, by the attribute."""

        self.put: set[str] = set()
        """Those of objects that do not go by `self`."""

        for _, target, value, _ in module.index.assignments:
            if isinstance(target, ast.Attribute):
                self.attributes.setdefault(target.attr, []).append(value)
                if getattr(target.value, "id", "") != "self":
                    self.put.add(target.attr)
        for node in walk(module.tree):
            if isinstance(node, _CONDITIONAL):
                function = module.enclosing_function(node)
                self.asked.update((function, part.id) for part in walk(node.test) if isinstance(part, ast.Name))
            if isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    # What objects store in themselves is followed with the object.
                    text = _text(target)
                    if text is not None and not text.startswith("self.") and node.value is not None:
                        self.stored.setdefault(text, []).append(node.value)
            elif isinstance(node, ast.Assert) or (isinstance(node, ast.If) and _may_leave(node.body[-1])):
                for text in dict.fromkeys(_asked(node.test)):
                    if _is_given(node.test, text, outcome=isinstance(node, ast.Assert)):
                        self.left.setdefault(text, []).append(node)


_KNOWN: WeakKeyDictionary[ModuleFacts, _Options] = WeakKeyDictionary()


def stored_values(used: ast.expr, module: ModuleFacts) -> list[ast.expr]:
    """What a file stores under the text of an option."""
    text = _text(used)
    return _options(module).stored.get(text, []) if text is not None else []


def stored_in_attribute(module: ModuleFacts, name: str) -> list[ast.expr]:
    """What a file stores in attributes of that name, of whatever object."""
    return _options(module).attributes.get(name, [])


def is_asked_for(used: ast.Name, module: ModuleFacts) -> bool:
    """Whether a condition of the same function, or of the module, asks for a name."""
    return (module.enclosing_function(used), used.id) in _options(module).asked


def is_put_from_outside(module: ModuleFacts, name: str) -> bool:
    """Whether a file stores anything in an attribute of that name, of another object than a method's own."""
    return name in _options(module).put


def _options(module: ModuleFacts) -> _Options:
    known = _KNOWN.get(module)
    if known is None:
        known = _KNOWN[module] = _Options(module)
    return known


def is_given_there(used: ast.expr, module: ModuleFacts) -> bool:
    """Whether the file stores a value, the function has left before where there is none, or a condition around asks."""
    text = _text(used)
    if text is None:
        return False
    part: ast.AST = used
    around: set[ast.AST] = set()
    for holder in islice(module.around(used), MAX_AROUND):
        if isinstance(holder, ast.If | ast.IfExp) and part is not holder.test:
            arm = holder.body if isinstance(holder.body, list) else [holder.body]
            if text in _asked(holder.test) and _is_given(holder.test, text, outcome=part in arm):
                return True
        around.add(holder)
        part = holder
    known = _options(module)
    function = module.enclosing_function(used)
    stored = known.stored.get(text, ())
    if len(stored) > MAX_STORED:
        return True
    for value in stored:
        is_later = value.lineno > used.lineno and module.enclosing_function(value) is function
        if not is_later and module.seed_value(value) not in (SeedValue.NONE, SeedValue.ENTROPY):
            return True
    left = known.left.get(text, ())[:MAX_STORED]
    return any(each.lineno < used.lineno and module.parent(each) in around and _leaves(each, module) for each in left)


def _is_given(test: ast.expr, text: str, *, outcome: bool) -> bool:
    """Whether the option is not None where a condition that asks for it has this outcome, as far as its text tells."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_given(test.operand, text, outcome=not outcome)
    if isinstance(test, ast.BoolOp):
        parts = [text in _asked(part) and _is_given(part, text, outcome=outcome) for part in test.values]
        # `a and b` held: both did; it did not: one of them, whichever.
        return any(parts) if isinstance(test.op, ast.And) is outcome else all(parts)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        with_none = any(isinstance(side, ast.Constant) and side.value is None for side in _sides(test))
        if isinstance(test.ops[0], ast.Is | ast.Eq):
            return outcome is not with_none
        if isinstance(test.ops[0], ast.IsNot | ast.NotEq):
            return outcome is with_none
        return outcome or not isinstance(test.ops[0], ast.In | ast.NotIn)
    return outcome or not _text(test)


def _sides(test: ast.Compare) -> tuple[ast.expr, ...]:
    return (test.left, *test.comparators)


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


def _may_leave(statement: ast.stmt) -> bool:
    """Whether a statement leaves a function or loop, or calls what may end the program."""
    return isinstance(statement, _LEAVING) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    )


def _leaves(node: ast.If | ast.Assert, module: ModuleFacts) -> bool:
    """Whether nothing comes to what stands below where the condition holds, or the claim does not."""
    last = node.body[-1] if isinstance(node, ast.If) else node
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        called = last.value.func
        return getattr(called, "attr", getattr(called, "id", "")) in _ENDING or calls_ending(module, last)
    return True
