"""`kind = "set-argument"`: give the call that a rule found an argument, or another value for one that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import Change, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixoptions import FixOptions, applicability, effect
from auditor.static.nodeplace import call_at
from auditor.static.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    name: str
    value: str
    position: int | None
    callees: frozenset[str]
    """Full names of what is called, or names of methods; empty: whatever the rule found."""

    when_given: bool
    """Only where the call has the argument."""

    def is_for(self, call: Call) -> bool:
        if self.when_given and call.argument(self.name, self.position) is None:
            return False
        return not self.callees or call.callee in self.callees or (call.callee is None and call.method in self.callees)


def _read(table: Table) -> tuple[_Argument, ...]:
    if "arguments" not in table:
        return (_read_one(table, "argument"),)
    found = []
    for entry in table.tables("arguments"):
        found.append(_read_one(entry, "name"))
        entry.finish()
    return tuple(found)


def _read_one(table: Table, key: str) -> _Argument:
    return _Argument(
        name=table.string(key),
        value=table.string("value"),
        position=table.position("position"),
        callees=frozenset(table.strings("callee")),
        when_given=table.boolean("when_given", False),
    )


class SetArgumentFix:
    """One `argument` with its `value` and `position`, or several `arguments`, each for some callees."""

    kind = "set-argument"

    def __init__(self) -> None:
        self._options = FixOptions(_read)

    def validate(self, options: Mapping[str, object], where: str) -> None:
        self._options.validate(options, where)

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no call that could be given an argument")
        wanted = [argument for argument in self._options.of(rule) if argument.is_for(call)]
        if not wanted:
            return Refusal(reason=f"no argument of `{call.callee or call.method}` makes it reproducible")
        for argument in wanted:
            if call.opaque and call.argument(argument.name, argument.position) is None:
                return Refusal(
                    reason=f"the call takes `*args` or `**kwargs`, which may hold `{argument.name}`: change it there"
                )
        place = target.location(call.node)
        changes: tuple[Change, ...] = tuple(
            SetArgument(call=place, name=argument.name, value=argument.value, position=argument.position)
            for argument in wanted
        )
        return Proposal(title=_title(wanted), applicability=applicability(rule), changes=changes, effect=effect(rule))


def _title(wanted: list[_Argument]) -> str:
    given = ", ".join(f"{each.name}={each.value.replace('{', '').replace('}', '')}" for each in wanted)
    return f"pass `{given}`"


FIX = SetArgumentFix()
