"""The calls of a file by what is written, so that only those are resolved that a rule can be about."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence

from auditor.static.elements import Call
from auditor.static.scopes import ScopeIndex

_PASSING = frozenset(
    {"DataParallel", "__import__", "compile", "getattr", "import_module", "partial", "script", "wraps"}
)
"""Last parts of the calls whose result is what they were given."""


class CallIndex:
    """Calls by the last part of what is called as written.

    A function that goes by another name is known where the file itself gives it that name: by `import … as`, by an
    assignment, or by `partial`. What another file of the project renames is not looked for.
    """

    def __init__(self, calls: Sequence[Call], index: ScopeIndex) -> None:
        renamed = _renamed(index)
        self._order = {id(call): number for number, call in enumerate(calls)}
        self._by_written: dict[str, list[Call]] = {}
        self._renamed: list[Call] = []
        self._by_method: dict[str, list[Call]] = {}
        for call in calls:
            if call.method is None or call.method in renamed:
                self._renamed.append(call)
            else:
                self._by_written.setdefault(call.method, []).append(call)
            if call.method is not None and call.receiver is not None:
                self._by_method.setdefault(call.method, []).append(call)

    def candidates(self, callees: Collection[str], prefixes: tuple[str, ...], methods: Iterable[str]) -> list[Call]:
        """Calls of `callees`, of names directly under `prefixes`, or of methods called so; in source order."""
        found = {id(call): call for call in self._named(callees)}
        found |= {id(call): call for name in methods for call in self._by_method.get(name, ())}
        if prefixes:
            for call in (*self._renamed, *(call for calls in self._by_written.values() for call in calls)):
                name = call.callee or ""
                if any(name.startswith(prefix) and "." not in name[len(prefix) :] for prefix in prefixes):
                    found[id(call)] = call
        return sorted(found.values(), key=lambda call: self._order[id(call)])

    def _named(self, callees: Collection[str]) -> Iterable[Call]:
        if not callees:
            return
        for call in self._renamed:
            if call.callee in callees:
                yield call
        for last in {name.rpartition(".")[2] for name in callees}:
            for call in self._by_written.get(last, ()):
                if call.callee in callees:
                    yield call


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
