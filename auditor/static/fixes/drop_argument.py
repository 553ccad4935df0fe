"""`kind = "drop-argument"`: call the same without some of its arguments."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    arguments: tuple[str, ...]
    """Given by their names; one that is given by its position stays."""

    instead: Mapping[str, str]
    """What takes the place of some: `max_time` → `max_steps=...`."""


def _read(table: Table) -> _Options:
    instead = {}
    for entry in table.tables("instead"):
        instead[entry.string("of")] = entry.string("argument")
        entry.finish()
    return _Options(arguments=table.strings("arguments", required=True), instead=instead)


class DropArgumentFix(CallFix[_Options]):
    """`arguments`: the keywords that go; `instead`: what takes the place `of` one."""

    kind = "drop-argument"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        dropped = [keyword.arg for keyword in call.node.keywords if keyword.arg in options.arguments]
        if not dropped:
            names = " or ".join(f"`{name}`" for name in options.arguments)
            return Refusal(reason=f"no {names} is given by its name")
        text = _without(target, call.node, options)
        return Proposal(
            title=" and ".join(_title(name, options.instead.get(name)) for name in dropped if name),
            applicability=applicability(rule),
            changes=(ReplaceExpression(expression=target.location(call.node), text=text),),
            effect=effect(rule),
        )


def _title(name: str, instead: str | None) -> str:
    return f"leave out `{name}`" if instead is None else f"pass `{instead}` in place of `{name}`"


def _without(module: ModuleFacts, call: ast.Call, options: _Options) -> str:
    given = [written(module, each) for each in call.args]
    for keyword in call.keywords:
        value = written(module, keyword.value)
        if keyword.arg not in options.arguments:
            given.append(f"{keyword.arg}={value}" if keyword.arg else f"**{value}")
        elif keyword.arg in options.instead:
            given.append(options.instead[keyword.arg])
    return f"{written(module, call.func)}({', '.join(given)})"


FIX = DropArgumentFix(_read)
