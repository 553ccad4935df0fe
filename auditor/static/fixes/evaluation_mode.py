"""`kind = "evaluation-mode"`: put the model into evaluation mode around a block that evaluates it."""

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
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

MODELS = frozenset({"model", "net", "network", "classifier", "encoder", "module", "self.model", "self.net"})
"""What a model is called."""


def _read(table: Table) -> None:
    """No options."""


class EvaluationModeFix(WithFixOptions[None]):
    """`model.eval()` before the block and `model.train()` behind it, where the block runs to its end."""

    kind = "evaluation-mode"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        block = target.statement(call.node) if call is not None and isinstance(target, ModuleFacts) else None
        if not isinstance(block, ast.With) or not isinstance(target, ModuleFacts):
            return Refusal(reason="the evaluation is no block here: where the model goes back to training is not told")
        if any(isinstance(node, ast.Return | ast.Yield | ast.Raise) for node in ast.walk(block)):
            return Refusal(reason="the block is left in its middle, before the model could go back to training")
        models = set(_models(target, block))
        if len(models) != 1:
            return Refusal(reason="which model is evaluated cannot be told from the block")
        (model,) = models
        place = target.location(block)
        return Proposal(
            title=f"call `{model}.eval()` before the evaluation and `{model}.train()` after it",
            applicability=applicability(rule),
            changes=(
                InsertStatement(statement=place, text=f"{model}.eval()", where="before"),
                InsertStatement(statement=place, text=f"{model}.train()", where="after"),
            ),
            effect=effect(rule),
        )


def _models(module: ModuleFacts, block: ast.With) -> Iterator[str]:
    """What is called in the block like a model."""
    for node in ast.walk(block):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            text = module.text(node.func)
            if text in MODELS:
                yield text


FIX = EvaluationModeFix(_read)
