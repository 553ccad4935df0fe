"""`kind = "set-argument"`: give the call that a rule found an argument, or another value for one that it has."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import Change, ReplaceExpression, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    name: str
    value: str
    position: int | None
    callees: frozenset[str]
    """Full names of what is called, or names of methods; empty: whatever the rule found."""

    when_given: bool
    """Only where the call has the argument."""

    key: str
    """The key of which `value` is the value, where the argument is a dictionary; what else is in there stays."""

    def is_for(self, call: Call) -> bool:
        if self.when_given and call.argument(self.name, self.position) is None:
            return False
        return not self.callees or call.callee in self.callees or (call.callee is None and call.method in self.callees)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    arguments: tuple[_Argument, ...]
    otherwise: str
    """Why nothing is done for other calls; empty: that no argument helps."""


def _read(table: Table) -> _Options:
    otherwise = table.string("otherwise") if "otherwise" in table else ""
    if "arguments" not in table:
        return _Options(arguments=(_read_one(table, "argument"),), otherwise=otherwise)
    found = []
    for entry in table.tables("arguments"):
        found.append(_read_one(entry, "name"))
        entry.finish()
    return _Options(arguments=tuple(found), otherwise=otherwise)


def _read_one(table: Table, key: str) -> _Argument:
    return _Argument(
        name=table.string(key),
        value=table.string("value"),
        position=table.position("position"),
        callees=frozenset(table.strings("callee")),
        when_given=table.boolean("when_given", False),
        key=table.string("key") if "key" in table else "",
    )


class SetArgumentFix(CallFix[_Options]):
    """One `argument` with its `value` and `position`, or several `arguments`, each for some callees."""

    kind = "set-argument"
    refusal = "the place is no call that could be given an argument"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        wanted = [each for each in options.arguments if each.is_for(call) and not _is_set(target, call, each)]
        if not wanted:
            return Refusal(
                reason=options.otherwise or f"no argument of `{call.callee or call.method}` makes it reproducible"
            )
        changes: list[Change] = []
        for argument in wanted:
            change = _change(target, call, argument)
            if isinstance(change, Refusal):
                return change
            changes.append(change)
        return Proposal(
            title=_title(wanted), applicability=applicability(rule), changes=tuple(changes), effect=effect(rule)
        )


def _is_set(module: ModuleFacts, call: Call, argument: _Argument) -> bool:
    given = call.argument(argument.name, argument.position)
    return given is not None and module.text(given) == argument.value


def _change(module: ModuleFacts, call: Call, argument: _Argument) -> Change | Refusal:
    given = call.argument(argument.name, argument.position)
    if call.opaque and given is None:
        return Refusal(
            reason=f"the call takes `*args` or `**kwargs`, which may hold `{argument.name}`: change it there"
        )
    if not argument.key or given is None:
        place = module.location(call.node)
        return SetArgument(call=place, name=argument.name, value=argument.value, position=argument.position)
    # `dict(seed=0)` → what stands at `seed` in there.
    inner = ast.parse(argument.value, mode="eval").body
    value = next(
        (ast.unparse(each.value) for each in getattr(inner, "keywords", ()) if each.arg == argument.key), "None"
    )
    if isinstance(given, ast.Call) and module.resolve(given.func) == "dict":
        return SetArgument(call=module.location(given), name=argument.key, value=value)
    for key, old in zip(given.keys, given.values, strict=True) if isinstance(given, ast.Dict) else ():
        if isinstance(key, ast.Constant) and key.value == argument.key:
            return ReplaceExpression(expression=module.location(old), text=value)
    return Refusal(reason=f"`{argument.name}` is made elsewhere: put `{argument.key}` into it there")


def _title(wanted: list[_Argument]) -> str:
    given = ", ".join(f"{each.name}={each.value.replace('{', '').replace('}', '')}" for each in wanted)
    return f"pass `{given}`"


FIX = SetArgumentFix(_read)
