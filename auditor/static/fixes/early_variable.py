"""`kind = "early-variable"`: set an environment variable before the first import that reads it."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import Change, InsertAtStart, RemoveStatement
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.place import statement_at
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect
from auditor.static.syntax.elements import Known

_SETTERS = frozenset({"os.putenv", "os.environ.setdefault", "os.environ.__setitem__"})


def _read(table: Table) -> str:
    return table.string("launcher") if "launcher" in table else ""


class EarlyVariableFix(WithFixOptions[str]):
    """`launcher`: the variable that the interpreter itself reads, so that no place in a program is early enough."""

    kind = "early-variable"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        if not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no Python source")
        statement = statement_at(target, finding.location)
        launcher = self._options.of(rule)
        if launcher:
            command = f"{launcher}=0 python {next(iter(finding.entry_points), target.path)}"
            return Refusal(reason=f"Python has read {launcher} before the program begins: start it as `{command}`")
        name, value = _setting(target, statement)
        if name is None or value is None or statement is None:
            return Refusal(reason="the value is made where it is set: set the variable where the program is started")
        known = target.constant(value)
        if not isinstance(known, Known) or not isinstance(value, ast.Constant):
            return Refusal(reason="the value is known only later: set the variable where the program is started")
        if target.enclosing_function(statement) is not None or not isinstance(target.parent(statement), ast.Module):
            return Refusal(
                reason="the variable is set in a function or under a condition: set it where the program starts"
            )
        if finding.entry_points not in ((), (target.path,)):
            return Refusal(
                reason="other programs import this file, after the libraries: set the variable in each of them"
            )
        text = f'{{os.environ}}["{name}"] = {written(target, value)}'
        changes: tuple[Change, ...] = (
            InsertAtStart(path=target.path, text=text),
            RemoveStatement(statement=target.location(statement)),
        )
        return Proposal(
            title=f"set {name} before the libraries that read it are imported",
            applicability=applicability(rule),
            changes=changes,
            effect=effect(rule),
        )


def _setting(module: ModuleFacts, statement: ast.stmt | None) -> tuple[str | None, ast.expr | None]:
    """Name and value of the variable that a statement sets."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        key = module.constant(statement.targets[0].slice)
        return (key.value, statement.value) if isinstance(key, Known) and isinstance(key.value, str) else (None, None)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and module.resolve(call.func) in _SETTERS and len(call.args) == 2:
        key = module.constant(call.args[0])
        return (key.value, call.args[1]) if isinstance(key, Known) and isinstance(key.value, str) else (None, None)
    return None, None


FIX = EarlyVariableFix(_read)
