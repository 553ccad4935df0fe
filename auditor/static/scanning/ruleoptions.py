"""The options of a rule's `[match]`, read once into what a matcher works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.model.annotations import Generic, TypeVar
from auditor.model.rule import Rule
from auditor.ruleset.table import Table

T = TypeVar("T")


_MAX_KEPT = 1000
"""Tables that are kept; a long session loads the rules again and again."""


class RuleOptions(Generic[T]):
    """Reads each table of options once, with one function, and keeps the result."""

    section = "match"
    common: tuple[str, ...] = ()
    """Keys that are none of this kind's own business, and allowed."""

    def __init__(self, read: Callable[[Table], T]) -> None:
        self._read = read
        self._kept: dict[int, tuple[Mapping[str, object], T]] = {}
        """By the identity of the table, which stands beside the result so that it is not given to another one."""

    def validate(self, options: Mapping[str, object], where: str) -> None:
        """Raise `RuleError`, naming file and key; `where` is `<rule file>: match`."""
        self.read(options, where)

    def of(self, rule: Rule) -> T:
        """Return the options of a rule."""
        return self.read(rule.match.options, f"{rule.path}: match")

    def read(self, options: Mapping[str, object], where: str) -> T:
        """Return the options that stand in a table; raises like `validate`."""
        kept = self._kept.get(id(options))
        if kept is None or kept[0] is not options:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            kept = self._kept[id(options)] = (options, self._checked(options, where))
        return kept[1]

    def _checked(self, options: Mapping[str, object], where: str) -> T:
        path, _, key = where.partition(": ")
        table = Table(options, path, key or self.section)
        for name in self.common:
            table.value(name)
        result = self._read(table)
        table.finish()
        return result


class WithOptions(Generic[T]):
    """What matchers have in common whose options are read by one function."""

    def __init__(self, read: Callable[[Table], T]) -> None:
        self._options = RuleOptions(read)

    def validate(self, options: Mapping[str, object], where: str) -> None:
        """Raise `RuleError`, naming file and key; `where` is `<rule file>: match`."""
        self._options.validate(options, where)
