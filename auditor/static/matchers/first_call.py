"""The first of some calls in each program: for what is true of the program as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.model.rule import Rule
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.matchers.call import CallMatcher
from auditor.static.project import Project


class FirstCallMatcher:
    """`kind = "first-call"`: the options of `call`, one finding a program."""

    kind = "first-call"
    scope: Scope = "entry-point"

    def __init__(self) -> None:
        self._calls = CallMatcher()

    def validate(self, options: Mapping[str, object], where: str) -> None:
        self._calls.validate(options, where)

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return None

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        for reached in project.modules_reached(module):
            for hit in self._calls.find(rule, reached, project):
                if hit.entry_points is None or module.path in hit.entry_points:
                    yield Hit(location=hit.location, confidence=hit.confidence, entry_points=(module.path,))
                    return


MATCHER = FirstCallMatcher()
