"""The calls of a file by what is called, so that a rule looks only at those that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from auditor.static.facts import Call, ModuleFacts


class CallIndex:
    """Calls by fully qualified name and by the last part of what is called as written."""

    def __init__(self, module: ModuleFacts) -> None:
        self._by_callee: dict[str, list[Call]] = {}
        self._by_method: dict[str, list[Call]] = {}
        for call in module.calls:
            if call.callee is not None:
                self._by_callee.setdefault(call.callee, []).append(call)
            if call.method is not None and call.receiver is not None:
                self._by_method.setdefault(call.method, []).append(call)

    def candidates(self, callees: Iterable[str], prefixes: tuple[str, ...], methods: Iterable[str]) -> list[Call]:
        """Calls of `callees`, of names directly under `prefixes`, or of methods called so; in source order."""
        found = {id(call): call for name in callees for call in self._by_callee.get(name, ())}
        found |= {id(call): call for name in methods for call in self._by_method.get(name, ())}
        if prefixes:
            for name, calls in self._by_callee.items():
                if any(name.startswith(prefix) and "." not in name[len(prefix) :] for prefix in prefixes):
                    found |= {id(call): call for call in calls}
        return sorted(found.values(), key=lambda call: (call.node.lineno, call.node.col_offset))


_KEPT: WeakKeyDictionary[ModuleFacts, CallIndex] = WeakKeyDictionary()


def call_index(module: ModuleFacts) -> CallIndex:
    """The index of a file, made at the first question."""
    found = _KEPT.get(module)
    if found is None:
        found = _KEPT[module] = CallIndex(module)
    return found
