"""The options of a rule's `[fix]`, read once into what a kind of fix works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table

T = TypeVar("T")

_COMMON = ("summary", "kind", "applicability", "effect")
"""Keys that mean the same for every kind."""

_MAX_KEPT = 1000


class FixOptions(Generic[T]):
    """Reads the options of each rule's fix with one function and keeps the result."""

    def __init__(self, read: Callable[[Table], T]) -> None:
        self._read = read
        self._kept: dict[int, tuple[Rule, T]] = {}

    def validate(self, options: Mapping[str, object], where: str) -> None:
        """Raise `RuleError`, naming file and key; `where` is `<rule file>: fix`."""
        self._checked(options, where)

    def of(self, rule: Rule) -> T:
        """Return the options of a rule's fix."""
        kept = self._kept.get(id(rule))
        if kept is None or kept[0] is not rule:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            kept = self._kept[id(rule)] = (rule, self._checked(rule.fix.options, f"{rule.path}: fix"))
        return kept[1]

    def _checked(self, options: Mapping[str, object], where: str) -> T:
        path, _, key = where.partition(": ")
        table = Table(options, path, key or "fix")
        for name in _COMMON:
            table.value(name)
        result = self._read(table)
        table.finish()
        return result


def applicability(rule: Rule) -> Applicability:
    """What the rule says of its patch; `display` where it says nothing."""
    return Applicability(str(rule.fix.options.get("applicability", "display")))


def effect(rule: Rule) -> str:
    """What else the patch changes, as the rule says."""
    return str(rule.fix.options.get("effect", ""))
