"""`kind = "set-value"`: assign another value to the attribute that a rule found."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, ReplaceExpression, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixoptions import WithFixOptions, applicability, effect
from auditor.static.nodeplace import call_at, node_at, written
from auditor.static.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    value: str
    argument: str | None
    """The parameter that does the same where a call was found instead of an assignment."""

    position: int | None
    argument_value: str
    callees: frozenset[str]
    """Which calls have it; empty: all that the rule finds."""


def _read(table: Table) -> _Options:
    return _Options(
        value=table.string("value"),
        argument=table.string("argument") if "argument" in table else None,
        position=table.position("position"),
        argument_value=table.string("argument_value", table.string("value")),
        callees=frozenset(table.strings("callee")),
    )


class SetValueFix(WithFixOptions[_Options]):
    """`value`: what is assigned instead; `argument`, `position`, `argument_value`: for calls (`callee`)."""

    kind = "set-value"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        if not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no Python source")
        options = self._options.of(rule)
        found = _change(target, finding, options)
        if isinstance(found, Refusal):
            return found
        name, value, change = found
        return Proposal(
            title=f"set `{name}` to {value}",
            applicability=applicability(rule),
            changes=(change,),
            effect=effect(rule),
        )


def _change(module: ModuleFacts, finding: Finding, options: _Options) -> tuple[str, str, Change] | Refusal:
    call = call_at(module, finding.location)
    if call is not None:
        if options.argument is None or (options.callees and call.callee not in options.callees):
            return Refusal(reason=f"`{written(module, call.node.func)}` is a call that no argument makes reproducible")
        place = module.location(call.node)
        change = SetArgument(call=place, name=options.argument, value=options.argument_value, position=options.position)
        return options.argument, options.argument_value, change
    node = node_at(module, finding.location, ast.stmt)
    if isinstance(node, ast.Assign) and len(node.targets) > 1:
        return Refusal(reason="the value is assigned to several names at once: split the statement first")
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return Refusal(reason="the place is no assignment")
    name = module.text(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return name, options.value, ReplaceExpression(expression=module.location(node.value), text=options.value)


FIX = SetValueFix(_read)
