"""What records hold: named tuples, copies of data classes with other values, configurations made of their fields."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import WHOLE, by_default, field, lineage
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.mappings import MAX_ENTRIES, entries_of, made, merged
from auditor.static.resolution.seedvalue import GIVEN, Entries, Seen, constant, holding, written
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.syntax.elements import Known
from auditor.static.text.dotted import dotted_text
from auditor.static.text.seednames import may_name_seed

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame

COPYING = frozenset({"attr.evolve", "attrs.evolve", "copy.replace", "dataclasses.replace"})
"""Calls that copy a record, with other values for the fields that are named."""

DUPLICATING = frozenset({"attr.asdict", "attrs.asdict", "copy.copy", "copy.deepcopy", "dataclasses.asdict"})
"""Calls that give a copy of an object, or a dictionary with its attributes."""

_COPYING = frozenset(
    {"__copy__", "__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__", "__setstate__"}
)  # fmt: skip
"""Methods that say what a copy of an object is."""

_VALIDATING = frozenset({"field_validator", "model_validator", "root_validator", "validator"})
"""Decorators of functions that give a field another value."""

STRUCTURED = "omegaconf.OmegaConf.structured"


def copied(evaluator: Evaluator, node: ast.Call, held: Mapping[ClassRef, Mapping[str, Seen]], frame: Frame) -> Seen:
    """`dataclasses.replace(config, seed=None)`; `held`: what constructors that were followed have set."""
    if len(node.args) != 1 or any(word.arg is None for word in node.keywords):
        return GIVEN
    known = evaluator.value(node.args[0], frame)
    if entries_of(known) is None:
        kept = fields_of(evaluator, node.args[0], held, frame)
        if kept is None:
            return GIVEN
        known = kept
    words = {str(word.arg): written(word.value, evaluator.value(word.value, frame), frame) for word in node.keywords}
    return merged(known, holding(GIVEN, entries=Entries(words)))


def duplicated(evaluator: Evaluator, node: ast.Call, frame: Frame) -> Seen | None:
    """`copy.deepcopy(config)`, `asdict(config)`: what the fields of an object of the project are; None of others."""
    if len(node.args) != 1 or node.keywords or entries_of(evaluator.value(node.args[0], frame)) is not None:
        return None
    made = frame.resolve(node.args[0])
    if isinstance(made, Instance) and isinstance(made.of, ClassRef) and _copies_itself(made.of):
        return None
    return part_of(evaluator, node.args[0], frame)


def _copies_itself(cls: ClassRef) -> bool:
    """Whether a class says itself what a copy of its objects is."""
    return any(not _COPYING.isdisjoint(each.module.index.scopes[each.node].bindings) for each in lineage(cls))


def _is_filled_in(cls: ClassRef) -> bool:
    """Whether functions of a class of pydantic may replace what its objects are given: `@field_validator("seed")`."""
    methods = [child for each in lineage(cls) for child in each.node.body if isinstance(child, ast.FunctionDef)]
    marks = (mark.func if isinstance(mark, ast.Call) else mark for method in methods for mark in method.decorator_list)
    return any(getattr(mark, "attr", getattr(mark, "id", "")) in _VALIDATING for mark in marks)


def part_of(evaluator: Evaluator, node: ast.expr, frame: Frame) -> Seen | None:
    """What an object of the project holds that is handed on, where a seed may be among that."""
    found = fields_of(evaluator, node, evaluator.objects, frame)
    entries = entries_of(found) if found is not None else None
    made = frame.resolve(node)
    if entries is None or (isinstance(made, Instance) and isinstance(made.of, ClassRef) and _is_filled_in(made.of)):
        return None
    is_told = any(may_name_seed(name) or value.entries is not None for name, value in entries.known.items())
    return found if is_told else None


def fields_of(
    evaluator: Evaluator, node: ast.expr, held: Mapping[ClassRef, Mapping[str, Seen]], frame: Frame
) -> Seen | None:
    """What an object of the project holds by the names of its attributes; None where it is no such object.

    Attributes that two objects of a class, or two moments, have other values of are given ones.
    """
    record = frame.resolve(node)
    if not isinstance(record, Instance) or not isinstance(record.of, ClassRef):
        return None
    attributes = held.get(record.of, {})
    scopes = [each.module.index.scopes[each.node].bindings for each in lineage(record.of)]
    names = dict.fromkeys(name for scope in scopes for name in scope if name[:1] != "_")
    names |= dict.fromkeys(name for name in attributes if name[:1] not in ("_", WHOLE) and "." not in name)
    fields = {name: _now(evaluator, attributes, record, node, name, frame) for name in list(names)[:MAX_ENTRIES]}
    return holding(GIVEN, entries=Entries(fields, GIVEN))


def _now(
    evaluator: Evaluator, held: Mapping[str, Seen], record: Instance, node: ast.expr, name: str, frame: Frame
) -> Seen:
    """An attribute as the function that is followed has set it, else as the object got it."""
    text = dotted_text(node)
    found = frame.find(f"{text}.{name}") if text is not None else None
    if found is not None or not isinstance(record.of, ClassRef):
        return found if found is not None else GIVEN
    return field(evaluator, held, record, record.of, name, frame)


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
