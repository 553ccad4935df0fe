"""`kind = "stable-hash"`: a checksum in place of `hash`, which Python salts anew in each process."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written
from auditor.static.scanning.fixoptions import applicability, effect


def _read(table: Table) -> None:
    """No options."""


class StableHashFix(CallFix[None]):
    """`zlib.crc32` of the text: of a string itself, of anything else as `repr` shows it."""

    kind = "stable-hash"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        if call.callee != "hash" or len(call.node.args) != 1:
            return Refusal(reason="the place is no call of `hash`")
        value = call.node.args[0]
        return Proposal(
            title="use a checksum in place of `hash`",
            applicability=applicability(rule) if _is_text(target, value) else Applicability.DISPLAY,
            changes=(
                ReplaceExpression(
                    expression=target.location(call.node), text=f"{{zlib.crc32}}({_as_bytes(target, value)})"
                ),
            ),
            effect=effect(rule),
        )


def _as_bytes(module: ModuleFacts, node: ast.expr) -> str:
    text = written(module, node)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.JoinedStr):
        return f"{text}.encode()" if _is_text(module, node) else f"str({text}).encode()"
    return f"({text}).encode()" if _is_text(module, node) else f"repr({text}).encode()"


def _is_text(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether it is a string for certain: written as one, or put together from one."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod) and _is_text(module, node.left)
    if isinstance(node, ast.Call):
        return module.resolve(node.func) == "str"
    if isinstance(node, ast.Name) and _is_annotated(module, node):
        return True
    value = module.constant(node)
    return isinstance(value, Known) and isinstance(value.value, str)


def _is_annotated(module: ModuleFacts, node: ast.Name) -> bool:
    """Whether it is a parameter that is declared to be a string."""
    function = module.enclosing_function(node)
    arguments = () if function is None else (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return any(
        each.arg == node.id and isinstance(each.annotation, ast.Name) and each.annotation.id == "str"
        for each in arguments
    )


FIX = StableHashFix(_read)
