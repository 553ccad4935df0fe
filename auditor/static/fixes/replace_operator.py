"""`kind = "replace-operator"`: compute the same by operators that have a deterministic kernel.

What takes the place of which call stands in `rules/operators_replaced.toml`. A call that is not listed there gets
deterministic when the program switches the deterministic mode on, and that is what is proposed then.
"""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.patch import Applicability
from auditor.model.rule import Confidence, Rule
from auditor.ruleset import load_replacements
from auditor.ruleset.replacements import Replacement
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import Change, InsertStatement, ReplaceExpression
from auditor.static.fixes.program_switch import NO_PLACE, mode_changes
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.programwide.programstart import program_start
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect
from auditor.static.scanning.operatorcall import NotReplacedError, entry_for, is_method, replaced


def _read(table: Table) -> None:
    """No options."""


class ReplaceOperatorFix(WithFixOptions[None]):
    """The first entry of the table that fits the call, else the deterministic mode."""

    kind = "replace-operator"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        if not isinstance(target, ModuleFacts):
            return Refusal(reason="the place is no Python source")
        call = call_at(target, finding.location)
        entry = entry_for(target, call, project) if call is not None else None
        if call is None or entry is None:
            return _mode(finding, rule, target, project)
        if entry.none:
            return Refusal(reason=entry.none)
        try:
            text = replaced(target, call, entry)
        except NotReplacedError as problem:
            return Refusal(reason=str(problem))
        changes: list[Change] = [_call(target, call, entry, text)]
        changes.extend(_helpers(target, entry.helper) if entry.helper is not None else ())
        mode = mode_changes(finding, target, project) if entry.mode else ()
        if entry.mode and not mode:
            return _mode(finding, rule, target, project)
        changes.extend(mode)
        return Proposal(
            title=f"compute `{call.callee or call.method}` in a fixed order",
            # Where it may be that no gradient is taken, the operator is deterministic as it is.
            applicability=Applicability.DISPLAY if finding.confidence is Confidence.LOW else applicability(rule),
            changes=tuple(changes),
            effect=entry.differs,
        )


def _call(module: ModuleFacts, call: Call, entry: Replacement, text: str) -> Change:
    """Where the arguments stay as they are, only what is called changes: the layout of the call stays."""
    name, sign, rest = entry.to.partition("($arguments)")
    if sign and not rest and not is_method(call):
        return ReplaceExpression(expression=module.location(call.node.func), text=name)
    return ReplaceExpression(expression=module.location(call.node), text=text)


def _mode(finding: Finding, rule: Rule, target: ModuleFacts, project: Project) -> Proposal | Refusal:
    changes = mode_changes(finding, target, project)
    if not changes:
        return Refusal(
            reason=f"`torch.use_deterministic_algorithms(True)` belongs into the programs that lead here: {NO_PLACE}"
        )
    return Proposal(
        title="switch the deterministic mode on",
        applicability=applicability(rule),
        changes=changes,
        effect=effect(rule),
    )


def _helpers(module: ModuleFacts, name: str) -> list[Change]:
    """The functions that the replacement calls, before anything of the file that could use them."""
    defined = {node.name for node in module.tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    start = program_start(module, "torch")
    if start is None:
        return []
    place = module.location(start.statement)
    wanted = [each for each in load_replacements().with_needs(name) if each.name not in defined]
    if not wanted:
        return []
    text = "\n\n\n".join(each.text for each in wanted)
    return [InsertStatement(statement=place, text=text, where=start.where)]


FIX = ReplaceOperatorFix(_read)
