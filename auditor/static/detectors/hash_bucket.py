"""`hash(text) % n`: a bucket that is another one in each run.

A matcher cannot say it: only the remainder makes a hash a decision, and what is hashed has to be looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.library_verdict import SeedValue
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.ruleoptions import WithOptions

_NUMBERS = frozenset({"int", "float", "bool", "id", "len", "ord", "os.getpid", "os.getppid", "os.getuid", "round"})


def _read(table: Table) -> None:
    """No options."""


class HashBucketDetector(WithOptions[None]):
    """`kind = "hash-bucket"`."""

    kind = "hash-bucket"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset({"hash"})

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        for call in module.calls_to({"hash"}):
            if getattr(call.function, "name", "") == "__hash__" or not _is_bucketed(module, call.node):
                continue
            if _is_seed(module, call.node):
                continue
            is_text = _is_text(module, call)
            if is_text is not False:
                yield Hit(
                    location=module.location(call.node),
                    confidence=Confidence.HIGH if is_text else Confidence.LOW,
                )


def _is_bucketed(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a remainder is taken of it, also after `abs` or a bit mask."""
    parent = module.parent(node)
    if isinstance(parent, ast.Call) and module.resolve(parent.func) in ("abs", "int", "str"):
        return _is_bucketed(module, parent)
    if not isinstance(parent, ast.BinOp) or parent.left is not node:
        return False
    return isinstance(parent.op, ast.Mod) or _is_bucketed(module, parent)


def _is_seed(module: ModuleFacts, node: ast.AST) -> bool:
    """`random.seed(hash(name) % n)`: the seeding rules speak about it."""
    for holder in module.around(node):
        if not isinstance(holder, ast.expr | ast.keyword):
            break
        if isinstance(holder, ast.Call) and module.resolve(holder.func) in module.project.rng.seed_calls:
            return module.seed_value(holder.args[0] if holder.args else holder) is SeedValue.ENTROPY
    return False


def _is_text(module: ModuleFacts, call: Call) -> bool | None:
    """True or False where it is known whether text is hashed; None where it is not."""
    return _holds(module, call, call.node.args[0]) if len(call.node.args) == 1 else None


def _holds(module: ModuleFacts, call: Call, hashed: ast.expr) -> bool | None:
    argument = module.origin(hashed)
    if isinstance(argument, ast.IfExp):
        arms = [_holds(module, call, argument.body), _holds(module, call, argument.orelse)]
        return arms[0] if arms[0] is arms[1] else None
    value = module.constant(argument)
    if isinstance(value, Known):
        return _holds_text(value.value)
    if isinstance(argument, ast.Tuple):
        # (seed, epoch, index) is the usual tuple: numbers, unless one of them is known to be text.
        return any(_is_known_text(module, each) for each in argument.elts)
    if isinstance(argument, ast.JoinedStr):
        return True
    if isinstance(argument, ast.BinOp):
        sides = [module.constant(argument.left), module.constant(argument.right)]
        return True if any(isinstance(each, Known) and isinstance(each.value, str) for each in sides) else None
    if isinstance(argument, ast.Call):
        name = module.resolve(argument.func)
        return True if name == "str" else False if name in _NUMBERS else None
    annotation = _annotation(call, argument)
    if isinstance(annotation, ast.Name):
        return True if annotation.id in ("str", "bytes") else False if annotation.id in _NUMBERS else None
    return None


def _is_known_text(module: ModuleFacts, node: ast.expr) -> bool:
    value = module.constant(node)
    return isinstance(node, ast.JoinedStr) or (isinstance(value, Known) and _holds_text(value.value))


def _holds_text(value: object) -> bool:
    if isinstance(value, tuple):
        return any(_holds_text(each) for each in value)
    return isinstance(value, str | bytes)


def _annotation(call: Call, argument: ast.expr) -> ast.expr | None:
    """The annotation of the parameter that is hashed."""
    if not isinstance(argument, ast.Name) or call.function is None:
        return None
    arguments = call.function.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.arg == argument.id:
            return each.annotation
    return None


DETECTOR = HashBucketDetector(_read)
