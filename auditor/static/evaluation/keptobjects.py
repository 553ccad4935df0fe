"""Objects of the project that others keep as they were given them: `self.config = config` in a constructor."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import field, lineage
from auditor.static.evaluation.unsetparts import is_named_in_store
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, Instance, Value
from auditor.static.text.seednames import may_name_seed

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame


class KeptObjects:
    """What the constructors of one program have kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[ast.ClassDef, str], Instance | None] = {}
        """By the class and the attribute; None where two objects of the class keep different ones."""

    def remember(self, cls: ClassRef, frame: Frame) -> None:
        """A constructor of `cls`, its own or one above, was executed in `frame`.

        What is stored a second time, in another method or by another class, is not known.
        """
        holder = frame.module.parent(frame.function) if frame.function is not None else None
        if not isinstance(holder, ast.ClassDef):
            return
        above = [each.module.self_attributes(each.node) for each in lineage(cls)]
        for name, stored in frame.module.self_attributes(holder).items():
            if sum(len(each.get(name, ())) for each in above) != 1 or not isinstance(stored[0], ast.Name):
                continue
            if frame.module.enclosing_function(stored[0]) is not frame.function:
                continue
            made = frame.resolve(stored[0])
            is_object = isinstance(made, Instance) and isinstance(made.of, ClassRef) and made.made_by is not None
            found = made if is_object and isinstance(made, Instance) else None
            for key in ((cls.node, name), (holder, name)):
                self._kept[key] = found if self._kept.get(key, found) == found else None

    def names_seed(self, evaluator: Evaluator, made: Value) -> bool:
        """Whether a seed may be among what an object of the project holds."""
        held = (
            evaluator.objects.get(made.of, {}) if isinstance(made, Instance) and isinstance(made.of, ClassRef) else {}
        )
        return any(may_name_seed(name) or value.entries is not None for name, value in held.items())

    def value(self, evaluator: Evaluator, node: ast.Attribute, frame: Frame) -> Seen:
        """`self.config.seed`, where that is None and no file of the program stores anything under the name.

        Of whatever else the object holds nothing is said: other methods may have changed it.
        """
        held = node.value if isinstance(node.value, ast.Attribute) else None
        owner = frame.resolve(held.value) if held is not None and self._kept else None
        if held is None or not isinstance(owner, Instance) or not isinstance(owner.of, ClassRef):
            return GIVEN
        found = (self._kept.get((each.node, held.attr)) for each in lineage(owner.of))
        made = next((each for each in found if each is not None), None)
        if made is None or not isinstance(made.of, ClassRef):
            return GIVEN
        seen = field(evaluator, evaluator.objects.get(made.of, {}), made, made.of, node.attr, frame)
        if seen.kind is not SeedValue.NONE and seen.entries is None:
            return GIVEN
        return GIVEN if is_named_in_store((node.attr, held.attr), frame.module) else seen
