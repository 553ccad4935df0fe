"""`kind = "set-epoch"`: tell a sampler the epoch where the loop over epochs begins."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import InsertStatement
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.resolution.targets import only_target
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect


def _read(table: Table) -> None:
    """No options."""


class SetEpochFix(WithFixOptions[None]):
    """`sampler.set_epoch(epoch)` as the first statement of the loop, where sampler and loop stand in one function."""

    kind = "set-epoch"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the sampler is not made by a call here")
        statement = target.statement(call.node)
        name = _name(statement)
        if name is None:
            return Refusal(
                reason="the sampler has no name: give it one, and call its `set_epoch` in the loop over epochs"
            )
        loop = next(_epochs(target, statement), None)
        if loop is None:
            return Refusal(reason="the loop over epochs does not stand in the function that makes the sampler")
        epoch = target.text(loop.target)
        text = f"{name}.set_epoch({epoch})"
        if not _is_certain(target, statement, call.node, name):
            text = f"if {name} is not None:\n    {text}"
        change = InsertStatement(statement=target.location(loop.body[0]), text=text, where="before")
        return Proposal(
            title=f"call `{name}.set_epoch({epoch})` at the start of every epoch",
            applicability=applicability(rule),
            changes=(change,),
            effect=effect(rule),
        )


def _name(statement: ast.stmt) -> str | None:
    target = only_target(statement)
    return target.id if isinstance(target, ast.Name) else None


def _epochs(module: ModuleFacts, statement: ast.stmt) -> Iterator[ast.For]:
    """Loops over epochs behind a statement, in the same function."""
    function = module.enclosing_function(statement)
    for loop in module.loops:
        node = loop.node
        if (
            isinstance(node, ast.For)
            and loop.function is function
            and node.lineno > statement.lineno
            and isinstance(node.target, ast.Name)
            and "epoch" in node.target.id.lower()
        ):
            yield node


def _is_certain(module: ModuleFacts, statement: ast.stmt, call: ast.Call, name: str) -> bool:
    """Whether the name surely is the sampler, on every way to the loop."""
    plain = isinstance(statement, ast.Assign) and statement.value is call
    function = module.enclosing_function(statement)
    holder = module.tree if function is None else function
    bound = [
        node
        for node in ast.walk(holder)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    return plain and len(bound) == 1 and not isinstance(module.parent(statement), ast.If)


FIX = SetEpochFix(_read)
