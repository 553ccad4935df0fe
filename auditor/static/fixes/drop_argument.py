"""`kind = "drop-argument"`: call the same without one of its arguments."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixoptions import WithFixOptions, applicability, effect
from auditor.static.nodeplace import call_at, written
from auditor.static.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    argument: str
    """Given by its name; one that is given by its position stays."""


def _read(table: Table) -> _Options:
    return _Options(argument=table.string("argument"))


class DropArgumentFix(WithFixOptions[_Options]):
    """`argument`: the keyword that goes."""

    kind = "drop-argument"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        name = self._options.of(rule).argument
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no call")
        if all(keyword.arg != name for keyword in call.node.keywords):
            return Refusal(reason=f"`{name}` is not given by its name")
        return Proposal(
            title=f"leave out `{name}`",
            applicability=applicability(rule),
            changes=(ReplaceExpression(expression=target.location(call.node), text=_without(target, call.node, name)),),
            effect=effect(rule),
        )


def _without(module: ModuleFacts, call: ast.Call, name: str) -> str:
    given = [written(module, each) for each in call.args]
    for keyword in call.keywords:
        value = written(module, keyword.value)
        if keyword.arg != name:
            given.append(f"{keyword.arg}={value}" if keyword.arg else f"**{value}")
    return f"{written(module, call.func)}({', '.join(given)})"


FIX = DropArgumentFix(_read)
