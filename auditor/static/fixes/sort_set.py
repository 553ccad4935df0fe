"""`kind = "sort-set"`: give a set an order where it is read in one.

Strings are sorted. What cannot be told to have an order of its own is taken in the order of its first occurrence, where
the set is made on the spot; elsewhere sorting is a proposal that a person has to look at.
"""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import node_at
from auditor.static.scanning.fixoptions import WithFixOptions
from auditor.static.unordered.sets import Elements, elements

_READERS = frozenset({"list", "tuple", "enumerate", "iter", "tqdm.tqdm", "tqdm.auto.tqdm", "zip"})


def _read(table: Table) -> None:
    """No options."""


class SortSetFix(WithFixOptions[None]):
    """`sorted(…)` for strings, `dict.fromkeys(…)` or a proposal for the rest."""

    kind = "sort-set"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        node = node_at(target, finding.location, ast.expr) if isinstance(target, ModuleFacts) else None
        if node is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the order is lost in several steps here: sort where the set is read")
        if _holds_text(target, node, finding):
            return _proposal(target, node, "sorted", Applicability.SAFE, "")
        if _is_made_to_be_read(target, node):
            effect = "the elements come in the order of their first occurrence"
            return _proposal(target, node, "dict.fromkeys", Applicability.UNSAFE, effect)
        return _proposal(
            target,
            node,
            "sorted",
            Applicability.DISPLAY,
            "fails where the elements cannot be compared: give a `key` then",
        )


def _proposal(module: ModuleFacts, node: ast.expr, call: str, level: Applicability, effect: str) -> Proposal:
    parent = module.parent(node)
    place, text = module.location(node), f"{call}({{0}})"
    if call == "dict.fromkeys" and isinstance(node, ast.Call):
        place, text = module.location(node.func), call
    elif isinstance(parent, ast.Call) and parent.args == [node] and module.resolve(parent.func) == "list":
        place, text = module.location(parent.func), call
    title = "read the set in sorted order" if call == "sorted" else "keep the first occurrence of each, in order"
    return Proposal(
        title=title, applicability=level, changes=(ReplaceExpression(expression=place, text=text),), effect=effect
    )


def _holds_text(module: ModuleFacts, node: ast.expr, finding: Finding) -> bool:
    """Whether the set is known to hold strings: as it stands there, or where it was made."""
    places = [each.location for each in finding.related if each.location.path == module.path]
    makers = [module.origin(node), *(node_at(module, place, ast.expr) for place in places)]
    return any(_is_text(module, maker) for maker in makers if maker is not None)


def _is_text(module: ModuleFacts, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        # What operators make of two sets holds elements of both, of the left one where some are taken away.
        both = isinstance(node.op, ast.BitOr | ast.BitXor)
        left = _is_text(module, module.origin(node.left))
        return left and (not both or _is_text(module, module.origin(node.right)))
    if isinstance(node, ast.Set | ast.SetComp | ast.Call):
        return elements(module, node) is Elements.TEXT
    return False


def _is_made_to_be_read(module: ModuleFacts, node: ast.expr) -> bool:
    """`set(x)` of something that has an order, right where it is looped over or made a sequence."""
    if not isinstance(node, ast.Call) or module.resolve(node.func) != "set" or len(node.args) != 1 or node.keywords:
        return False
    source = module.origin(node.args[0])
    if isinstance(source, ast.Set | ast.SetComp | ast.Starred) or (
        isinstance(source, ast.Call) and module.resolve(source.func) in ("set", "frozenset")
    ):
        return False
    parent = module.parent(node)
    if isinstance(parent, ast.For | ast.comprehension):
        return parent.iter is node
    return isinstance(parent, ast.Call) and module.resolve(parent.func) in _READERS


FIX = SortSetFix(_read)
