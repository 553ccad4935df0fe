"""`kind = "begin-function"`: let a function that is handed to a call begin with a statement."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import InsertStatement
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.resolution.values import FunctionRef
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    callees: frozenset[str]
    argument: str
    position: int | None
    statement: str


def _read(table: Table) -> _Options:
    return _Options(
        callees=frozenset(table.strings("callee", required=True)),
        argument=table.string("argument"),
        position=table.position("position"),
        statement=table.string("statement"),
    )


class BeginFunctionFix(WithFixOptions[_Options]):
    """`argument`, `position`: where the function is handed to `callee`; `statement`: what it begins with then."""

    kind = "begin-function"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        options = self._options.of(rule)
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts) or call.callee not in options.callees:
            return Refusal(reason="no statement does it for this library")
        handed = call.argument(options.argument, options.position)
        function = target.names.value(handed) if handed is not None else None
        if not isinstance(function, FunctionRef) or isinstance(function.node, ast.Lambda):
            return Refusal(reason="the function that is handed over is not found: let it begin with the seed yourself")
        first = _first_statement(function.node)
        if first is None or first.lineno == function.node.lineno:
            return Refusal(reason="the function has no line of its own to begin with")
        place = function.module.location(first)
        shown = options.statement.replace("{", "").replace("}", "")
        return Proposal(
            title=f"begin `{function.node.name}` with `{shown}`",
            applicability=applicability(rule),
            changes=(InsertStatement(statement=place, text=options.statement, where="before"),),
            effect=effect(rule),
        )


def _first_statement(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt | None:
    """The first that is no docstring."""
    first = function.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1] if is_text and len(function.body) > 1 else None if is_text else first


FIX = BeginFunctionFix(_read)
