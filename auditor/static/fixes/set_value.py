"""`kind = "set-value"`: assign another value to the attribute that a rule found."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import Change, ReplaceExpression, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at, node_at, written
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    """The parameter that does the same where a call was found instead of an assignment."""

    name: str
    position: int | None
    value: str
    callees: frozenset[str]
    """Which calls have it; empty: all that the rule finds."""

    def is_for(self, call: Call) -> bool:
        return not self.callees or call.callee in self.callees


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    value: str
    arguments: tuple[_Argument, ...]


def _read(table: Table) -> _Options:
    value = table.string("value")
    arguments = []
    for entry in table.tables("arguments"):
        arguments.append(
            _Argument(
                name=entry.string("name"),
                position=entry.position("position"),
                value=entry.string("value", value),
                callees=frozenset(entry.strings("callee")),
            )
        )
        entry.finish()
    return _Options(value=value, arguments=tuple(arguments))


class SetValueFix(WithFixOptions[_Options]):
    """`value`: what is assigned instead; `arguments`: `name`, `position` and `value` for calls (`callee`)."""

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
    if call is not None and call.callee == "setattr" and len(call.node.args) == 3:
        holder, attribute, given = call.node.args
        replaced = ReplaceExpression(expression=module.location(given), text=options.value)
        return f"{module.text(holder)}.{getattr(attribute, 'value', '')}", options.value, replaced
    if call is not None:
        argument = next((each for each in options.arguments if each.is_for(call)), None)
        if argument is None:
            return Refusal(reason=f"`{written(module, call.node.func)}` is a call that no argument makes reproducible")
        place = module.location(call.node)
        change = SetArgument(call=place, name=argument.name, value=argument.value, position=argument.position)
        return argument.name, argument.value, change
    node = node_at(module, finding.location, ast.stmt)
    if isinstance(node, ast.Assign) and len(node.targets) > 1:
        return Refusal(reason="the value is assigned to several names at once: split the statement first")
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List):
        return Refusal(reason="several values are assigned at once: split the statement first")
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return Refusal(reason="the place is no assignment")
    name = module.text(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return name, options.value, ReplaceExpression(expression=module.location(node.value), text=options.value)


FIX = SetValueFix(_read)
