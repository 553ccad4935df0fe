"""`kind = "replace-callee"`: call something else with the same arguments."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at, written
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    functions: Mapping[str, str]
    """Full name of what is called → full name of what is called instead."""

    methods: Mapping[str, str]
    """Name of a method → name of the method that is called instead on the same object."""

    keywords: frozenset[str] | None
    """Keywords that the other function takes too; None: all."""

    positions: int | None
    """Positional arguments that mean the same there; None: all."""

    made: bool
    """The finding may stand where the result is used; its first related place is where it was made."""


def _read(table: Table) -> _Options:
    return _Options(
        functions=table.texts("functions"),
        methods=table.texts("methods"),
        keywords=frozenset(table.strings("keywords")) if "keywords" in table else None,
        positions=table.position("positions"),
        made=table.boolean("made", False),
    )


class ReplaceCalleeFix(WithFixOptions[_Options]):
    """`functions`, `methods`: old → new; `keywords`, `positions`: the arguments that both take."""

    kind = "replace-callee"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        places = [finding.location, *(each.location for each in finding.related if options.made)]
        call = _first_call(target, places, options) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="nothing that gives the same with a fixed result takes the place of this")
        given = {keyword.arg for keyword in call.node.keywords}
        if (options.keywords is not None and not given <= options.keywords) or (
            options.positions is not None and len(call.node.args) > options.positions
        ):
            return Refusal(reason="an argument of the call has no equal in what would be called instead")
        old, new = _other(call, options)
        return Proposal(
            title=f"call `{new.strip('{}')}` instead of `{old}`",
            applicability=applicability(rule),
            changes=(ReplaceExpression(expression=target.location(call.node.func), text=_text(target, call, new)),),
            effect=effect(rule),
        )


def _first_call(module: ModuleFacts, places: list[Location], options: _Options) -> Call | None:
    for place in places:
        call = call_at(module, place) if place.path == module.path else None
        if call is not None and _other(call, options)[1]:
            return call
    return None


def _other(call: Call, options: _Options) -> tuple[str, str]:
    """What is called, and what takes its place: a method's name, a function's full name in braces, or nothing."""
    name = call.callee or ""
    if name in options.functions:
        return name, f"{{{options.functions[name]}}}"
    method = call.method if isinstance(call.node.func, ast.Attribute) else None
    return method or name, options.methods.get(method or "", "")


def _text(module: ModuleFacts, call: Call, new: str) -> str:
    func = call.node.func
    if new.startswith("{") or not isinstance(func, ast.Attribute):
        return new
    return f"{written(module, func.value)}.{new}"


FIX = ReplaceCalleeFix(_read)
