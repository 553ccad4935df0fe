"""The calls of a file by what is written, so that only those are resolved that a rule can be about."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable
from functools import cached_property

from auditor.static.syntax.elements import Call
from auditor.static.syntax.scopes import ScopeIndex

_PASSING = frozenset(
    {"DataParallel", "__import__", "compile", "getattr", "import_module", "partial", "script", "wraps"}
)
"""Last parts of the calls whose result is what they were given."""


MAX_BASES = 8
"""Classes that one class extends and whose constructors its own may call."""


class CallIndex:
    """Calls by the last part of what is called as written.

    A function that goes by another name is known where the file itself gives it that name: by `import … as`, by an
    assignment, or by `partial`. What another file of the project renames is not looked for.
    """

    def __init__(self, index: ScopeIndex, call: Callable[[int], Call]) -> None:
        """`call` makes what is known of a call from its number in the index; nearly none is ever asked for."""
        renamed = _renamed(index)
        self._index = index
        self._call = call
        self._by_written: dict[str, list[int]] = {}
        self._renamed: list[int] = []
        self._by_method: dict[str, list[int]] = {}
        for number, (node, _, _) in enumerate(index.calls):
            called = node.func
            if isinstance(called, ast.Attribute):
                written: str | None = called.attr
                self._by_method.setdefault(called.attr, []).append(number)
            else:
                written = getattr(called, "id", None)
            if written is None or written in renamed:
                self._renamed.append(number)
            else:
                self._by_written.setdefault(written, []).append(number)

    def candidates(
        self,
        callees: Collection[str],
        prefixes: tuple[str, ...],
        methods: Iterable[str],
        fits: Callable[[Call], bool] = lambda call: True,
    ) -> list[Call]:
        """Calls of `callees`, of names directly under `prefixes`, or of methods called so; in source order.

        `fits`: what must be true of a call besides. It is asked first: to know what is called, other files may have
        to be parsed.
        """
        found = set(self._named(callees, fits))
        by_method = (number for name in methods for number in self._by_method.get(name, ()))
        found.update(number for number in by_method if fits(self._call(number)))
        if prefixes:
            for number in (*self._renamed, *(number for numbers in self._by_written.values() for number in numbers)):
                name = (self._call(number).callee or "") if fits(self._call(number)) else ""
                if any(name.startswith(prefix) and "." not in name[len(prefix) :] for prefix in prefixes):
                    found.add(number)
        # The index has the outer one of two calls that begin at one place first.
        return sorted(map(self._call, sorted(found)), key=lambda call: (call.node.lineno, call.node.col_offset))

    def written(self, name: str) -> list[Call]:
        """Calls of what is written so, or ends so; in source order."""
        numbers = sorted((*self._by_written.get(name, ()), *self._renamed))
        found = [call for call in map(self._call, numbers) if call.method == name]
        return sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset))

    def _named(self, callees: Collection[str], fits: Callable[[Call], bool]) -> Iterable[int]:
        if not callees:
            return
        lasts = {name.rpartition(".")[2] for name in callees}
        for numbers in (self._renamed, *(self._by_written.get(last, ()) for last in sorted(lasts))):
            for number in numbers:
                call = self._call(number)
                if fits(call) and call.callee in callees:
                    yield number
        for number in (number for last in sorted(lasts) for number in self._of_bases.get(last, ())):
            call = self._call(number)
            if fits(call) and (call.callee or "").removesuffix(".__init__") in callees:
                yield number

    @cached_property
    def _of_bases(self) -> dict[str, list[int]]:
        """The calls `super().__init__(…)`, by the last parts of the names of the classes that theirs extends."""
        found: dict[str, list[int]] = {}
        for number in self._by_method.get("__init__", ()):
            holder: ast.AST | None = self._index.calls[number][0]
            while holder is not None and not isinstance(holder, ast.ClassDef):
                holder = self._index.parents.get(holder)
            for base in holder.bases[:MAX_BASES] if isinstance(holder, ast.ClassDef) else ():
                found.setdefault(getattr(base, "attr", getattr(base, "id", "")), []).append(number)
        return found


def _renamed(index: ScopeIndex) -> frozenset[str]:
    """Names and attributes that the file gives to what has another name."""
    functions = {name.rpartition(".")[2] for name in index.functions.values()}
    found = set(index.aliases)
    for name, value in index.named:
        if isinstance(value, ast.Call):
            called = getattr(value.func, "attr", getattr(value.func, "id", None))
            if called is not None and called not in _PASSING and called not in functions:
                continue
        found.add(name)
    return frozenset(found)
