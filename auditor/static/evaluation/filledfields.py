"""Fields that a data class fills where nobody gave them: `if self.seed is None: self.seed = int(time.time())`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import Seen
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.elements import is_none

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator

_FILLING = "__post_init__"


def filled_by_class(evaluator: Evaluator, lineage: Sequence[ClassRef], name: str) -> Seen | None:
    """What a field is worth that is None by default, where the class puts another number there in each run.

    None where it does not, or anything else of its methods stores something there.
    """
    stored = [(each, value) for each in lineage for value in each.module.self_attributes(each.node).get(name, ())]
    declared = [each.module.index.scopes[each.node].bindings[name] for each in lineage if _declares(each, name)]
    if len(stored) != 1 or not declared or len(declared[0]) != 1:
        return None
    default = declared[0][0].value
    (cls, value), method = stored[0], stored[0][0].module.enclosing_function(stored[0][1])
    if default is None or not is_none(default) or getattr(method, "name", "") != _FILLING or method is None:
        return None
    condition = cls.module.parent(cls.module.statement(value))
    if not isinstance(condition, ast.If) or cls.module.parent(condition) is not method:
        return None
    if cls.module.statement(value) not in condition.body or not _asks_for_none(condition.test, name):
        return None
    seen = evaluator.value(value, Frame(cls.module, method))
    return seen if seen.kind is SeedValue.ENTROPY else None


def _declares(cls: ClassRef, name: str) -> bool:
    return name in cls.module.index.scopes[cls.node].bindings


def _asks_for_none(test: ast.expr, name: str) -> bool:
    """`self.seed is None`."""
    if not isinstance(test, ast.Compare) or len(test.ops) > 1 or not isinstance(test.ops[0], ast.Is | ast.Eq):
        return False
    return getattr(test.left, "attr", "") == name and is_none(test.comparators[0])
