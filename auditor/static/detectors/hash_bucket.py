"""`hash(text) % n`: a bucket that is another one in each run.

A matcher cannot say it: only the remainder makes a hash a decision, and what is hashed has to be looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import islice

from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.evaluation.evaluate import Evaluator
from auditor.static.evaluation.flow import MAX_READS, uses
from auditor.static.evaluation.textvalues import is_text
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.targets import only_target
from auditor.static.scanning.ruleoptions import WithOptions

_MIXING = (ast.Add, ast.BitXor, ast.Mult, ast.Sub)
"""Operators of which the result changes with the right side as with the left."""


def _read(table: Table) -> frozenset[str]:
    """`generators`: what is called with a seed, beside what seeds a library."""
    return frozenset(table.strings("generators"))


class HashBucketDetector(WithOptions[frozenset[str]]):
    """`kind = "hash-bucket"`."""

    kind = "hash-bucket"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset({"hash"})

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        for call in module.calls_to({"hash"}):
            if getattr(call.function, "name", "") == "__hash__" or not _is_bucketed(module, call.node):
                continue
            if _is_seed(module, call.node, self._options.of(rule) | project.rng.seed_calls.keys()):
                continue
            hashes_text = _hashes_text(module, call.node)
            if hashes_text is not False:
                yield Hit(
                    location=module.location(call.node),
                    confidence=Confidence.HIGH if hashes_text else Confidence.LOW,
                )


def _is_bucketed(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a remainder is taken of it, also after `abs`, a bit mask, or where it is added to a number."""
    parent = module.parent(node)
    if isinstance(parent, ast.Call) and module.resolve(parent.func) in ("abs", "int", "str"):
        return _is_bucketed(module, parent)
    if not isinstance(parent, ast.BinOp):
        return False
    if parent.left is not node:
        return isinstance(parent.op, _MIXING) and _is_bucketed(module, parent)
    return isinstance(parent.op, ast.Mod) or _is_bucketed(module, parent)


def _is_seed(module: ModuleFacts, node: ast.AST, seeding: frozenset[str]) -> bool:
    """`random.seed(hash(name) % n)`, also by a name that nothing else reads: the seeding rules speak about it."""
    if _becomes_seed(module, node, seeding):
        return True
    target = only_target(module.statement(node))
    is_global = module.enclosing_function(node) is None
    if not isinstance(target, ast.Name) or (is_global and module.project.is_imported(module.path)):
        return False
    reads = list(islice(uses(module, target), MAX_READS))
    return bool(reads) and all(_becomes_seed(module, each, seeding) for each in reads)


def _becomes_seed(module: ModuleFacts, node: ast.AST, seeding: frozenset[str]) -> bool:
    for holder in module.around(node):
        if not isinstance(holder, ast.expr | ast.keyword):
            break
        if isinstance(holder, ast.Call) and module.resolve(holder.func) in seeding:
            return module.seed_value(holder.args[0] if holder.args else holder) is SeedValue.ENTROPY
    return False


def _hashes_text(module: ModuleFacts, node: ast.Call) -> bool | None:
    """True or False where it is known whether text is hashed; None where it is not."""
    if len(node.args) != 1:
        return None
    evaluator = Evaluator(module.project)
    try:
        return is_text(evaluator, node.args[0], Frame(module, module.enclosing_function(node)))
    finally:
        evaluator.close()


DETECTOR = HashBucketDetector(_read)
