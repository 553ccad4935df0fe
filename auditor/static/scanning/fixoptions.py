"""The options of a rule's `[fix]`, read once into what a kind of fix works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.model.annotations import Generic, TypeVar
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.scanning.ruleoptions import RuleOptions

T = TypeVar("T")


class FixOptions(RuleOptions[T]):
    """The same for `[fix]`; what means the same for every kind is left aside."""

    section = "fix"
    common = ("summary", "kind", "applicability", "effect")

    def of(self, rule: Rule) -> T:
        """Return the options of a rule's fix."""
        return self.read(rule.fix.options, f"{rule.path}: fix")


class WithFixOptions(Generic[T]):
    """What kinds of fix have in common: options that are read by one function."""

    def __init__(self, read: Callable[[Table], T]) -> None:
        self._options = FixOptions(read)

    def validate(self, options: Mapping[str, object], where: str) -> None:
        """Raise `RuleError`, naming file and key; `where` is `<rule file>: fix`."""
        self._options.validate(options, where)


def applicability(rule: Rule) -> Applicability:
    """What the rule says of its patch; `display` where it says nothing."""
    return Applicability(str(rule.fix.options.get("applicability", "display")))


def effect(rule: Rule) -> str:
    """What else the patch changes, as the rule says."""
    return str(rule.fix.options.get("effect", ""))
