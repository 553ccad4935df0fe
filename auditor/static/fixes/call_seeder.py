"""`kind = "call-seeder"`: call a function that seeds or switches determinism on and is only named."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import InsertStatement, RemoveStatement, ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.place import statement_at
from auditor.static.fixes.seeding.source import seed_in_scope
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

SWITCHES = {
    "torch.use_deterministic_algorithms": "True",
    "tensorflow.config.experimental.enable_op_determinism": "",
}
"""Functions that take no seed, with what they are called with."""

STRICT = "operators without a deterministic kernel are slower, or raise"


def _read(table: Table) -> None:
    """No options."""


class CallSeederFix(WithFixOptions[None]):
    """`torch.manual_seed` → `torch.manual_seed(0)`; `torch.manual_seed = 42` → `torch.manual_seed(42)`."""

    kind = "call-seeder"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        statement = statement_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if not isinstance(target, ModuleFacts) or not isinstance(statement, ast.Expr | ast.Assign):
            return Refusal(reason="the name is part of something else: what was meant cannot be told")
        named = statement.value if isinstance(statement, ast.Expr) else statement.targets[0]
        name = target.resolve(named) or ""
        switch = SWITCHES.get(name)
        text = written(target, named)
        proposal = Proposal(
            title=f"call `{target.text(named)}`",
            applicability=applicability(rule),
            changes=(),
            effect=effect(rule),
        )
        if switch is not None:
            proposal = replace(proposal, applicability=Applicability.UNSAFE, effect=STRICT)
        if isinstance(statement, ast.Assign):
            place = target.location(statement)
            given = written(target, statement.value)
            call = InsertStatement(statement=place, text=f"{text}({given})", where="before")
            return replace(proposal, changes=(call, RemoveStatement(statement=place)))
        given = seed_in_scope(target, statement) if switch is None else switch
        change = ReplaceExpression(expression=target.location(named), text=f"{{0}}({given})")
        return replace(proposal, changes=(change,))


FIX = CallSeederFix(_read)
