"""`kind = "submission-order"`: take the results of tasks in the order in which the tasks were given, not finished."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import Change, ReplaceExpression, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import applicability, effect

_FUTURES = frozenset({"concurrent.futures.as_completed"})


def _read(table: Table) -> None:
    """No options."""


class SubmissionOrderFix(CallFix[None]):
    """`imap` for `imap_unordered`, an ordered generator of joblib, the futures themselves for `as_completed`."""

    kind = "submission-order"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        found = _change(target, call)
        if isinstance(found, Refusal):
            return found
        return Proposal(
            title="take the results in the order of the tasks",
            applicability=applicability(rule),
            changes=(found,),
            effect=effect(rule),
        )


def _change(module: ModuleFacts, call: Call) -> Change | Refusal:
    func = call.node.func
    if call.method == "imap_unordered" and isinstance(func, ast.Attribute):
        return ReplaceExpression(expression=module.location(func), text=f"{written(module, func.value)}.imap")
    if call.callee == "joblib.Parallel":
        return SetArgument(call=module.location(call.node), name="return_as", value='"generator"')
    if call.callee not in _FUTURES:
        return Refusal(
            reason="what is awaited starts as it is asked for: gather the tasks, and take them in their order"
        )
    if len(call.node.args) != 1 or call.node.keywords:
        return Refusal(reason="the call has a time limit, which waiting for one future after the other does not keep")
    futures = module.origin(call.node.args[0])
    text = written(module, call.node.args[0])
    if isinstance(call.node.args[0], ast.GeneratorExp):
        return ReplaceExpression(
            expression=module.location(call.node), text=f"[{text.removeprefix('(').removesuffix(')')}]"
        )
    if isinstance(futures, ast.List | ast.ListComp | ast.Dict | ast.DictComp) or _is_list(module, call.node.args[0]):
        return ReplaceExpression(expression=module.location(call.node), text=text)
    return Refusal(reason="the futures may be in a set, which has no order: keep them in a list, and go through that")


def _is_list(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether something is appended to it, or stored in it under a key."""
    name = ast.unparse(node)
    if any(
        each.method == "append" and each.receiver is not None and ast.unparse(each.receiver) == name
        for each in module.calls
    ):
        return True
    return any(
        isinstance(each.target, ast.Subscript) and ast.unparse(each.target.value) == name for each in module.assignments
    )


FIX = SubmissionOrderFix(_read)
