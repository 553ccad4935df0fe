"""`kind = "wrap-argument"`: give a call something made of an argument in its place."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    name: str
    position: int | None
    text: str
    """`{0}` is the argument that was there."""

    callees: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    title: str
    arguments: tuple[_Argument, ...]
    otherwise: str
    """Why nothing is done for other calls."""


def _read(table: Table) -> _Options:
    arguments = []
    for entry in table.tables("arguments"):
        argument = _Argument(
            name=entry.string("name"),
            position=entry.position("position"),
            text=entry.string("text"),
            callees=frozenset(entry.strings("callee", required=True)),
        )
        if "{0}" not in argument.text:
            raise entry.complain("text", "expected `{0}`, the argument that was there, somewhere in it")
        entry.finish()
        arguments.append(argument)
    return _Options(title=table.string("title"), arguments=tuple(arguments), otherwise=table.string("otherwise"))


class WrapArgumentFix(CallFix[_Options]):
    """`arguments`: `name`, `position` and `text` for callees; `otherwise`: why there is none for others."""

    kind = "wrap-argument"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        for argument in options.arguments:
            given = call.argument(argument.name, argument.position) if call.callee in argument.callees else None
            if given is not None:
                is_primary = isinstance(given, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
                text = argument.text if is_primary else argument.text.replace("{0}", "({0})")
                change = ReplaceExpression(expression=target.location(given), text=text)
                return Proposal(
                    title=options.title, applicability=applicability(rule), changes=(change,), effect=effect(rule)
                )
        return Refusal(reason=options.otherwise)


FIX = WrapArgumentFix(_read)
