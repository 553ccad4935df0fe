"""What records hold: named tuples, copies of data classes with other values, configurations made of their fields."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import by_default, field
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.mappings import MAX_ENTRIES, entries_of, made, merged
from auditor.static.resolution.seedvalue import GIVEN, Entries, Seen, constant, holding, written
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.syntax.elements import Known

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame

COPYING = frozenset({"attr.evolve", "attrs.evolve", "copy.replace", "dataclasses.replace"})
"""Calls that copy a record, with other values for the fields that are named."""

STRUCTURED = "omegaconf.OmegaConf.structured"


def copied(evaluator: Evaluator, node: ast.Call, held: Mapping[ClassRef, Mapping[str, Seen]], frame: Frame) -> Seen:
    """`dataclasses.replace(config, seed=None)`; `held`: what constructors that were followed have set."""
    if len(node.args) != 1 or any(word.arg is None for word in node.keywords):
        return GIVEN
    known = evaluator.value(node.args[0], frame)
    if entries_of(known) is None:
        record = frame.resolve(node.args[0])
        if not isinstance(record, Instance) or not isinstance(record.of, ClassRef):
            return GIVEN
        names = [name for name in record.of.module.index.scopes[record.of.node].bindings if name[:1] != "_"]
        attributes = held.get(record.of, {})
        fields = {name: field(evaluator, attributes, record, record.of, name, frame) for name in names[:MAX_ENTRIES]}
        known = holding(GIVEN, entries=Entries(fields, GIVEN))
    words = {str(word.arg): written(word.value, evaluator.value(word.value, frame), frame) for word in node.keywords}
    return merged(known, holding(GIVEN, entries=Entries(words)))


def structured(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Seen:
    """`OmegaConf.structured(Config)`."""
    given = frame.resolve(node.args[0]) if node.args else None
    if isinstance(given, ClassRef):
        return by_default(evaluator, given)
    return made(evaluator, node, frame)


def named_tuple(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Seen | None:
    """`Config(0.1)` where `Config = namedtuple("Config", "rate seed", defaults=[None])`; None of anything else."""
    found = assigned(frame.module, node.func) if isinstance(node.func, ast.Name) else None
    module, declared = found if found is not None else (frame.module, None)
    if not isinstance(declared, ast.Call):
        return None
    if module.resolve(declared.func) != "collections.namedtuple" or len(declared.args) != 2:
        return None
    names = module.constant(declared.args[1])
    listed = names.value if isinstance(names, Known) else None
    fields = listed.replace(",", " ").split() if isinstance(listed, str) else list(listed or ())  # type: ignore[call-overload]
    opaque = any(isinstance(part, ast.Starred) for part in node.args) or any(word.arg is None for word in node.keywords)
    if opaque or not all(isinstance(name, str) for name in fields) or len(fields) > MAX_ENTRIES:
        return GIVEN
    words = {word.arg: word.value for word in declared.keywords}
    defaults = module.constant(words["defaults"]) if "defaults" in words else Known(())
    values = defaults.value if isinstance(defaults, Known) and isinstance(defaults.value, tuple) else ()
    known = {
        name: constant(value, "None by default" if value is None else "")
        for name, value in zip(reversed(fields), reversed(values), strict=False)
    }
    known |= {name: evaluator.value(value, frame) for name, value in zip(fields, node.args, strict=False)}
    known |= {str(word.arg): evaluator.value(word.value, frame) for word in node.keywords}
    return holding(GIVEN, entries=Entries(known, GIVEN))
