"""Attributes of configuration objects: as their constructor got them, else as their class declares them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.evaluation.filledfields import filled_by_class
from auditor.static.evaluation.furtherarguments import leaves_out
from auditor.static.resolution.baseorder import MAX_BASES
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import entries_of, looked_up
from auditor.static.resolution.members import bases
from auditor.static.resolution.seedvalue import GIVEN, IS_NONE, Entries, Seen, constant, holding
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, Value
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts

WHOLE = "*"
"""In place of the name of an attribute: all that `self.__dict__.update(values)` sets."""

FILLING_METHODS = frozenset({"parse_args_and_config", "parse_args_into_dataclasses"})
"""Methods that make objects of the classes that their parser was made with, from the command line."""

_FILLING_PARSERS = (External("transformers.HfArgumentParser"), External("trl.TrlParser"))
_SELF_PARSING = "tap.Tap"
_PROPERTIES = frozenset({"cached_property", "property"})
_RECORDS = frozenset({"NamedTuple", "Struct", "attrs", "attributes", "dataclass", "define", "frozen", "mutable"})
"""Last parts of the names of decorators and bases that make a constructor of the annotated names."""

MAX_FIELDS = 200
"""Fields of a class; what a call gives more of them is not remembered."""

_DECLARING = frozenset({"Field", "attrib", "field", "ib"})
"""Last parts of the names of calls that declare a field."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The annotated names of a class and its bases that its constructor takes, in the order of the parameters."""

    defaults: Mapping[str, Seen]
    assigned: frozenset[str]
    """Those, and other attributes, that methods assign."""

    is_record: bool
    """Positional arguments fill them in their order: `@dataclass`, `@attrs.define`, `NamedTuple`."""


def recorded(evaluator: Evaluator, made: Instance, frame: Frame) -> Mapping[str, Seen]:
    """What a call that makes an object of a class without constructor gives its fields, or leaves them.

    A field that methods assign is left out.
    """
    node, cls = made.made_by, made.of
    if node is None or not isinstance(cls, ClassRef):
        return {}
    fields = evaluator.fields.get(cls)
    if fields is None:
        fields = evaluator.fields[cls] = _fields(evaluator, cls)
    if any(isinstance(part, ast.Starred) for part in node.args) or (node.args and not fields.is_record):
        return dict.fromkeys(fields.defaults, GIVEN)
    written = dict(zip(fields.defaults, node.args, strict=False))
    written |= {word.arg: word.value for word in node.keywords if word.arg is not None}
    found = dict(fields.defaults)
    if any(word.arg is None for word in node.keywords):
        spread = ((name, _given(evaluator, node, frame.module, name, frame)) for name in found)
        found |= {name: seen for name, seen in spread if seen is not None}
    found |= {name: _handed(evaluator, name, part, frame) for name, part in written.items() if name in found}
    return {name: seen for name, seen in found.items() if name not in fields.assigned}


def _fields(evaluator: Evaluator, cls: ClassRef) -> Fields:
    found: dict[str, Seen] = {}
    above = lineage(cls)
    for each in reversed(above):
        for child in each.node.body:
            if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name) and _is_parameter(child):
                default = _declared(evaluator, child.value, each.module) if child.value is not None else GIVEN
                found[child.target.id] = default
    if len(found) > MAX_FIELDS:
        found = {}
    assigned = frozenset(name for each in above for name in each.module.self_attributes(each.node))
    return Fields(found, assigned, _is_record(cls))


def parameters_of(cls: ClassRef) -> list[str]:
    """The fields of a class without constructor that a call may give, in the order in which it gives them."""
    bodies = [child for each in reversed(lineage(cls)) for child in each.node.body]
    annotated = [each for each in bodies if isinstance(each, ast.AnnAssign) and _is_parameter(each)]
    return list(dict.fromkeys(each.target.id for each in annotated if isinstance(each.target, ast.Name)))


def _is_parameter(field: ast.AnnAssign) -> bool:
    """Whether a constructor takes a field: not `field(init=False)`, `ClassVar` or what marks the keywords."""
    words = field.value.keywords if isinstance(field.value, ast.Call) else ()
    kind = field.annotation.value if isinstance(field.annotation, ast.Subscript) else field.annotation
    if getattr(kind, "attr", getattr(kind, "id", "")) in ("ClassVar", "KW_ONLY"):
        return False
    return not any(word.arg == "init" and getattr(word.value, "value", True) is False for word in words)


def lineage(cls: ClassRef) -> list[ClassRef]:
    """A class and the classes of the project that it extends, the nearest first."""
    found = [cls]
    for each in found:
        above = [base for base in bases(each) if isinstance(base, ClassRef) and base not in found]
        found.extend(above[: MAX_BASES - len(found)])
    return found


def _is_record(cls: ClassRef) -> bool:
    """Whether positional arguments fill the fields in their order: `@dataclass`, `@attrs.define`, `NamedTuple`."""
    outside = {name.rpartition(".")[2] for name in cls.module.base_classes(cls.node)}
    above = [each.func if isinstance(each, ast.Call) else each for each in cls.node.decorator_list]
    return not _RECORDS.isdisjoint(outside | {getattr(each, "attr", getattr(each, "id", "")) for each in above})


def field(
    evaluator: Evaluator, held: Mapping[str, Seen], made: Instance | None, cls: ClassRef, name: str, frame: Frame
) -> Seen:
    """An attribute of an object, or of the class; `held`: what constructors that were followed have set."""
    known = held.get(name)
    if known is not None:
        is_other = (
            known.kind is SeedValue.NONE and made is not None and _is_given_there(evaluator, made, cls, name, frame)
        )
        return GIVEN if is_other else known
    if made is not None and made.made_by is not None and made.module is not None:
        given = _given(evaluator, made.made_by, made.module, name, frame)
        if given is not None:
            return given
    entries = entries_of(held[WHOLE]) if WHOLE in held else None
    found = looked_up(evaluator, entries, name, frame) if entries is not None else None
    if found is not None:
        return found
    is_open = WHOLE in held and entries is None
    if is_open or (made is not None and made.made_by is not None and made.made_by.args):
        return GIVEN
    for each in lineage(cls):
        if name in each.module.self_attributes(each.node):
            return filled_by_class(evaluator, lineage(cls), name) or GIVEN
        bindings = each.module.index.scopes[each.node].bindings.get(name, [])
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.FunctionDef):
            return _computed(evaluator, each, bindings[0].node)
        if bindings:
            declared = bindings[0].value if len(bindings) == 1 else None
            return _declared(evaluator, declared, each.module) if declared is not None else GIVEN
    return GIVEN


def filled(evaluator: Evaluator, parser: Value, frame: Frame) -> Seen:
    """One object for each class that a parser was made with, its fields as they are when nobody gives them."""
    if not isinstance(parser, Instance) or parser.of not in _FILLING_PARSERS or parser.module is None:
        return GIVEN
    classes = call_of(parser.made_by, None).argument("dataclass_types", 0) if parser.made_by is not None else None
    if classes is None:
        return GIVEN
    module = parser.module
    shown = classes.elts if isinstance(classes, ast.Tuple | ast.List) else [classes]
    parts = tuple(by_default(evaluator, module.names.value(each)) for each in shown)
    return holding(GIVEN, parts=parts)


def parsed(evaluator: Evaluator, parser: Value) -> Seen | None:
    """`Options().parse_args()`, where the class is its own parser; None of any other."""
    cls = parser.of if isinstance(parser, Instance) else None
    if not isinstance(cls, ClassRef) or _SELF_PARSING not in cls.module.base_classes(cls.node):
        return None
    return by_default(evaluator, cls)


def grouped(evaluator: Evaluator, module: ModuleFacts) -> dict[str, Seen]:
    """What the options of a file hold where `parser.add_arguments(Config, dest="config")` adds those of a class."""
    found: dict[str, Seen] = {}
    for call in module.calls:
        if call.method != "add_arguments" or call.receiver is None:
            continue
        given = call_of(call.node, None)
        cls, destination = given.argument("dataclass", 0), given.argument("dest", 1)
        value = module.names.value(cls) if cls is not None else None
        if isinstance(value, ClassRef) and isinstance(destination, ast.Constant):
            found[str(destination.value)] = by_default(evaluator, value)
    return found


def by_default(evaluator: Evaluator, cls: Value) -> Seen:
    """An object of a class of the project whose constructor is given nothing."""
    if not isinstance(cls, ClassRef):
        return GIVEN
    if cls not in evaluator.made:
        evaluator.made[cls] = GIVEN  # a field may be an object of the same class
        known: dict[str, Seen] = {}
        above = lineage(cls)
        assigned = {name for each in above for name in each.module.self_attributes(each.node)}
        for each in reversed(above):
            for name, bindings in each.module.index.scopes[each.node].bindings.items():
                node = bindings[0].value if len(bindings) == 1 and name not in assigned else None
                known[name] = _declared(evaluator, node, each.module) if node is not None else GIVEN
        known |= {name: seen for name in assigned if (seen := filled_by_class(evaluator, above, name)) is not None}
        evaluator.made[cls] = holding(GIVEN, entries=Entries(known, GIVEN))
        evaluator.nested.forget()
    return evaluator.made[cls]


def _computed(evaluator: Evaluator, cls: ClassRef, method: ast.FunctionDef) -> Seen:
    """A property that reads a clock; what any other gives counts as given."""
    is_property = any(getattr(each, "id", getattr(each, "attr", "")) in _PROPERTIES for each in method.decorator_list)
    returns = cls.module.returns(method)
    if not is_property or len(returns) != 1:
        return GIVEN
    seen = evaluator.value(returns[0], Frame(cls.module, method))
    return seen if seen.kind is SeedValue.ENTROPY else GIVEN


def _given(evaluator: Evaluator, made_by: ast.Call, module: ModuleFacts, name: str, frame: Frame) -> Seen | None:
    """What `Config(seed=3)` and `Config(**values)` give a field; None where they give none."""
    inside = Frame(module, module.enclosing_function(made_by), frame)
    for word in made_by.keywords:
        if word.arg == name:
            return _handed(evaluator, name, word.value, inside)
        if word.arg is None:
            entries = entries_of(evaluator.value(word.value, inside))
            if entries is not None and leaves_out(evaluator, entries, name, frame) and name not in entries.known:
                continue
            return GIVEN if entries is None else looked_up(evaluator, entries, name, frame)
    return None


def _is_given_there(evaluator: Evaluator, made: Instance, cls: ClassRef, name: str, frame: Frame) -> bool:
    """Whether the call that made this object gives a field that others go without, in a function not followed."""
    if made.made_by is None or made.module is None:
        return False
    if any(word.arg is None for word in made.made_by.keywords):
        return False  # what stars give is known where the call was followed
    given = _given(evaluator, made.made_by, made.module, name, frame)
    if given is None and made.made_by.args and name in (fields := parameters_of(cls)):
        part = call_of(made.made_by, None).argument(name, fields.index(name))
        given = evaluator.value(part, Frame(made.module)) if part is not None else None
    return given is not None and given.kind is not SeedValue.NONE


def _handed(evaluator: Evaluator, name: str, node: ast.expr, frame: Frame) -> Seen:
    """What a call gives a field; `Config(data=DataConfig())` gives what the part holds, which nothing else fills."""
    seen = evaluator.value(node, frame)
    if seen != GIVEN or not isinstance(node, ast.Call | ast.Name):
        return seen
    from auditor.static.evaluation.unsetparts import is_settled_part  # these rest on this module
    from auditor.static.resolution.records import part_of

    part = part_of(evaluator, node, frame)
    if part is None or part.entries is None:
        return seen
    unset = [each for each, value in part.entries.known.items() if value.kind is SeedValue.NONE]
    return part if is_settled_part((name, *unset), frame.module) else seen


def _declared(evaluator: Evaluator, node: ast.expr, module: ModuleFacts) -> Seen:
    """`seed: int = 3`, `seed: int = field(default=None)`."""
    frame = Frame(module)
    if not isinstance(node, ast.Call):
        seen = evaluator.value(node, frame)
        return constant(None, "None by default") if seen == IS_NONE else seen
    if (module.resolve(node.func) or "").rpartition(".")[2] not in _DECLARING:
        made = _made(evaluator, module, node.func) if not (node.args or node.keywords) else None
        return made or evaluator.value(node, frame)
    words = {word.arg: word.value for word in node.keywords}
    factory = words.get("default_factory", words.get("factory"))
    if isinstance(factory, ast.Lambda):
        return evaluator.value(factory.body, Frame(module, factory))
    if factory is not None and (made := _made(evaluator, module, factory)) is not None:
        return made
    if factory is not None:
        return evaluator.value(ast.copy_location(ast.Call(func=factory, args=[], keywords=[]), factory), frame)
    given = words.get("default") or (node.args[0] if node.args else None)
    return evaluator.value(given, frame) if given is not None else GIVEN


def _made(evaluator: Evaluator, module: ModuleFacts, called: ast.expr) -> Seen | None:
    """`Config()` as a field has it, of a class without constructor; None of anything else."""
    cls = module.names.value(called)
    if not isinstance(cls, ClassRef) or isinstance(cls.module.names.attribute(Instance(cls), "__init__"), FunctionRef):
        return None
    return by_default(evaluator, cls)
