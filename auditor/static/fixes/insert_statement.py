"""`kind = "insert-statement"`: put a statement beside the one in which a call stands.

In the text `$name` is what the found call's result is called, `$stem` the file that the call at the place is given,
without its extension, `$owner` what the found call is a method or a function of, and `$seed` the seed that the script
has there; names in braces are written as the file imports them.
"""

from __future__ import annotations

import ast
import posixpath
from string import Template
from typing import Literal

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import InsertStatement
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.source import seed_in_scope
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    title: str
    text: str
    where: Literal["before", "after"]
    callees: frozenset[str]
    """For which calls that a rule found; empty: for all."""

    beside: frozenset[str]
    """Beside the only call of one of these in the same function; empty: beside the call that was found."""

    once: bool
    """Only where the place is executed once: at the top level of the file."""


def _read(table: Table) -> tuple[_Statement, ...]:
    found = []
    for entry in table.tables("statements"):
        statement = _Statement(
            title=entry.string("title"),
            text=entry.string("text"),
            where="after" if entry.choice("where", ("before", "after")) == "after" else "before",
            callees=frozenset(entry.strings("callee")),
            beside=frozenset(entry.strings("beside")),
            once=entry.boolean("once", False),
        )
        entry.finish()
        found.append(statement)
    return tuple(found)


class InsertStatementFix(CallFix[tuple[_Statement, ...]]):
    """`statements`, of which the first for the call that was found is taken."""

    kind = "insert-statement"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        wanted = next(
            (each for each in self._options.of(rule) if not each.callees or call.callee in each.callees), None
        )
        if wanted is None:
            return Refusal(reason=f"where the statement belongs is not known for `{target.text(call.node.func)}`")
        place = _place(target, call, wanted)
        if isinstance(place, Refusal):
            return place
        statement = target.statement(place.node)
        if wanted.once and (place.function is not None or place.in_loop):
            return Refusal(reason="the call may be executed any number of times, and the statement belongs before all")
        words = _words(target, call, place, statement)
        try:
            text = Template(wanted.text).substitute(words)
        except KeyError as error:
            return Refusal(reason=_MISSING[error.args[0]])
        change = InsertStatement(statement=target.location(statement), text=text, where=wanted.where)
        return Proposal(
            title=Template(wanted.title).safe_substitute(words),
            applicability=applicability(rule),
            changes=(change,),
            effect=effect(rule),
        )


_MISSING = {
    "name": "what the call returns has no name of its own",
    "owner": "the function is called by a name of its own: call the other one beside it",
    "stem": "the name of the file is not written down as text",
}


def _place(module: ModuleFacts, call: Call, wanted: _Statement) -> Call | Refusal:
    if not wanted.beside:
        return call
    found = [each for each in module.calls_to(wanted.beside) if each.function is call.function]
    if len(found) == 1:
        return found[0]
    return Refusal(reason="the function calls it in no place, or in several, where the statement could belong")


def _words(module: ModuleFacts, call: Call, place: Call, statement: ast.stmt) -> dict[str, str]:
    words = {"seed": seed_in_scope(module, statement)}
    if isinstance(call.node.func, ast.Attribute):
        words["owner"] = written(module, call.node.func.value)
    made = module.parent(call.node)
    if isinstance(made, ast.Assign) and len(made.targets) == 1 and isinstance(made.targets[0], ast.Name):
        words["name"] = made.targets[0].id
    given = place.argument("path", 0)
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        stem = posixpath.splitext(given.value)[0]
        words["stem"] = repr(stem)[1:-1].replace('"', '\\"').replace("{", "{{").replace("}", "}}")
    return words


FIX = InsertStatementFix(_read)
