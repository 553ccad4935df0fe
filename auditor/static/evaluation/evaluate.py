"""What an expression is worth as a seed, at a point of a program.

Follows names, options, configuration classes and calls as far as the frame knows them; whatever it cannot follow is
GIVEN, which counts as the same in every run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.static.evaluation.callvalues import CallValues
from auditor.static.evaluation.commandline import (
    declared_default,
    typer_default,
)
from auditor.static.evaluation.composedfields import is_composed
from auditor.static.evaluation.fields import WHOLE, Fields, field
from auditor.static.evaluation.keptobjects import KeptObjects
from auditor.static.evaluation.nestedcalls import NestedCalls
from auditor.static.evaluation.optionvalues import OptionValues
from auditor.static.evaluation.plainrun import joined_arms, without_arguments
from auditor.static.evaluation.takenarms import taken
from auditor.static.evaluation.textvalues import is_text
from auditor.static.resolution import constants, mappings
from auditor.static.resolution.copiedentries import copied_entries
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.puts import is_written_to
from auditor.static.resolution.seedvalue import (
    GIVEN,
    IS_NONE,
    MAX_PARTS,
    Seen,
    Shape,
    constant,
    either,
    holding,
    mixed,
)
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, ModuleRef
from auditor.static.syntax.bindings import Function, every_argument
from auditor.static.syntax.elements import Known, Unknown
from auditor.static.text.dotted import ENVIRONMENT, dotted_text, global_key

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

_SAME = (ast.NamedExpr, ast.Await, ast.Starred)
"""What is worth as much as what it is made of."""

_HASHING = frozenset({"hash"})
MAX_DEPTH = 12
OPTION_NAMES = frozenset(
    {
        "args", "arg", "opt", "opts", "option", "options", "flags", "FLAGS", "parsed", "cli_args", "parsed_args",
        "hparams", "ns", "namespace",
    }
)  # fmt: skip


class Evaluator:
    """Reads expressions; `is_seeded` says whether a library is seeded at this point (None: not known)."""

    def __init__(self, project: Project, is_seeded: Callable[[str], bool | None] | None = None) -> None:
        self.options = OptionValues(self, project)
        self.calls = CallValues(self, project, is_seeded or (lambda library: None))
        self.stored: Mapping[str, Seen] = {}
        """What the program itself has stored in its options (`args.seed = 7`) and in names of modules."""

        self.objects: dict[ClassRef, dict[str, Seen]] = {}
        """Attributes that the constructors of classes have set, their own and those that fields stand for."""

        self.fields: dict[ClassRef, Fields] = {}
        """What the constructors of classes take that have none of their own."""

        self.made: dict[ClassRef, Seen] = {}
        """Objects of classes whose constructors are given nothing."""

        self.kept = KeptObjects()

        self.attributes: set[str] = set()
        """Names of these attributes, of all classes."""

        self._at_top: dict[str, Seen | None] = {}
        """What names of modules hold (`global_key`)."""

        self.differing: set[str] = set()
        """Names that anywhere were bound to something that differs from run to run."""

        self.rebound: set[str] = set()
        """Names of functions (`global_key`) that functions inside of them bound, not known for which call."""

        self.taken: dict[ast.Name, Seen] | None = None
        """What names have of several values in a plain run, where no program is followed, which would tell."""

        self._put: dict[tuple[str, str], bool] = {}
        """Whether a program that reaches a file stores anything under a name."""

        self.nested = NestedCalls(project)
        self.depth = 0

    def close(self) -> None:
        """Let go of everything; its parts refer to it."""
        vars(self).clear()

    def remember_object(self, cls: ClassRef, frame: Frame) -> None:
        """The constructor of `cls` was executed in `frame`; attributes on which two objects differ are given up."""
        first = frame.function and every_argument(frame.function.args)[:1]
        prefix = f"{first[0].arg}." if first else "self."
        own = ((text, value) for text, value in frame.values.items() if text.startswith(prefix))
        self.remember_attributes(cls, {text.removeprefix(prefix): value for text, value in own})
        self.kept.remember(cls, frame)

    def remember_attributes(self, cls: ClassRef, attributes: Mapping[str, Seen]) -> None:
        """An object of `cls` was made with these attributes; those on which two objects differ are given up."""
        known = self.objects.setdefault(cls, {})
        for name, value in attributes.items():
            known[name] = either(known.get(name, value), value)
        self.attributes.update(attributes)

    def store_attribute(self, cls: ClassRef, name: str, value: Seen) -> None:
        """An object of `cls` that was made gets another value of an attribute."""
        known = self.objects.setdefault(cls, {})
        known[name] = either(known[name], value) if name in known else GIVEN

    def open_attributes(self, cls: ClassRef) -> None:
        """An object of `cls` gets attributes of which neither name nor value is known: what was None may be given."""
        known = self.objects.setdefault(cls, {})
        unset = (name for name, value in known.items() if value.kind is SeedValue.NONE)
        known.update(dict.fromkeys((*unset, WHOLE), GIVEN))

    def value(self, node: ast.expr, frame: Frame) -> Seen:
        """The value of `node`; never raises, never gives up without an answer."""
        if self.depth > MAX_DEPTH:
            return GIVEN
        self.depth += 1
        try:
            return self._value(node, frame)
        finally:
            self.depth -= 1

    def given(self, node: ast.expr, frame: Frame, module: ModuleFacts) -> Seen:
        """What a call gives a function of `module`; whether it is text where texts may be hashed there."""
        return self.nested.within(lambda: self._given(node, frame, module))

    def _given(self, node: ast.expr, frame: Frame, module: ModuleFacts) -> Seen:
        seen = self.value(node, frame)
        if seen.is_constant or seen.shape is not Shape.PLAIN or seen.kind is SeedValue.ENTROPY:
            return seen
        if not module.project.texts.hold(module.path, _HASHING) or not is_text(self, node, frame):
            return seen
        return replace(seen, shape=Shape.TEXT)

    def _value(self, node: ast.expr, frame: Frame) -> Seen:
        if isinstance(node, ast.Constant):
            return constant(node.value)
        if isinstance(node, ast.Name):
            return self._name(node, frame)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, frame)
        if isinstance(node, ast.Call):
            return self.calls.value(node, frame)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, frame)
        if isinstance(node, ast.IfExp):
            chosen = self.truth(node.test, frame)
            if chosen is not None:
                return self.value(node.body if chosen else node.orelse, frame)
            arms = self.value(node.body, frame), self.value(node.orelse, frame)
            return joined_arms(*arms, holds=without_arguments(node.test, frame, self.stored))
        if isinstance(node, ast.BoolOp):
            return self._choice(node, frame)
        if isinstance(node, _SAME):
            return self.value(node.value, frame)
        if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            holds = self.truth(node, frame)
            return GIVEN if holds is None else constant(holds)
        known = constants.constant(frame.module, node)
        if isinstance(node, ast.Dict):
            held = mappings.displayed(self, node, frame)
            return holding(constant(known.value), entries=held.entries) if isinstance(known, Known) else held
        if isinstance(known, Known):
            return constant(known.value)
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= MAX_PARTS:
            parts = tuple(self.value(part, frame) for part in node.elts)
            starred = any(isinstance(part, ast.Starred) for part in node.elts)
            return mixed(parts) if starred else holding(mixed(parts), parts=parts)
        if isinstance(node, ast.DictComp) and (copied := copied_entries(self, node, frame)) is not None:
            return copied
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return mappings.merged(self.value(node.left, frame), self.value(node.right, frame))
        return mixed(self.value(child, frame) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    # -- names ----------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name, frame: Frame) -> Seen:
        found = frame.find(node.id)
        if self.stored and node.id not in frame.values:
            found = self.stored.get(global_key(frame.module.path, node.id), found)
        if found is not None:
            return GIVEN if global_key(frame.module.path, node.id) in self.rebound else found
        if frame.function is not None and node.id in frame.module.written.signature(frame.function).names:
            return self.parameter(frame, frame.function, node.id)
        return self._assigned(node, frame)

    def _assigned(self, node: ast.Name | ast.Attribute, frame: Frame) -> Seen:
        """The one expression that the name is bound to, read where it stands."""
        found = constants.assigned(frame.module, node)
        if found is None and self.taken is not None and isinstance(node, ast.Name):
            if node not in self.taken:
                self.taken[node] = GIVEN  # where it leads back to itself
                self.taken[node] = taken(self, node, frame)
                self.nested.forget()
            return self.taken[node]
        if found is None:
            return GIVEN
        module, value = found
        if module is frame.module:
            function = module.enclosing_function(value)
            return self.value(value, self.nested.frame(module, function, frame.parent or frame, like=frame))
        return self.value(value, self.nested.frame(module, None))

    def parameter(self, frame: Frame, function: Function, name: str) -> Seen:
        """A parameter that the call did not give."""
        default = frame.module.written.signature(function).defaults.get(name)
        if default is None and not getattr(function, "decorator_list", ()):
            return GIVEN
        outer = Frame(frame.module, None, frame.parent)
        declared = declared_default(frame.module, function, name, lambda node: self.value(node, outer))
        if declared is not None:
            return declared
        if default is None:
            return GIVEN
        seen = self.value(typer_default(frame.module, default) or default, outer)
        return constant(None, "None by default") if seen == IS_NONE else seen

    def _attribute(self, node: ast.Attribute, frame: Frame) -> Seen:
        text = dotted_text(node)
        found = frame.find(text) if text else None
        if found is not None:
            return found
        base = self.value(node.value, frame)
        if node.attr == "__dict__":
            return base
        if base.entries is not None:
            held = mappings.looked_up(self, base.entries, node.attr, frame)
            if held is not None:
                is_filled = held.kind is SeedValue.NONE and is_composed(node, frame)
                return GIVEN if is_filled else self._as_put(held, node.value, node.attr, frame)
        if base.kind is SeedValue.ENTROPY:
            return base
        if base.shape is Shape.OPTIONS:
            return self.options.value(node.attr, frame)
        value = frame.resolve(node.value)
        if isinstance(value, Instance) and isinstance(value.of, ClassRef):
            seen = field(self, self.objects.get(value.of, {}), value, value.of, node.attr, frame)
            return GIVEN if seen.kind is SeedValue.NONE and is_composed(node, frame) else seen
        if isinstance(value, ClassRef):
            return field(self, self.objects.get(value, {}), None, value, node.attr, frame)
        if isinstance(node.value, ast.Name) and node.value.id in OPTION_NAMES:
            return self.options.value(node.attr, frame)
        if isinstance(value, ModuleRef) and (stored := self.stored.get(global_key(value.path, node.attr))):
            return stored
        found = self._assigned(node, frame)
        return self.kept.value(self, node, frame) if found == GIVEN and value is None else found

    def _as_put(self, held: Seen, node: ast.expr, name: str, frame: Frame) -> Seen:
        """What stands under a name of something that is not followed here itself: None only if no file puts that in."""
        if held.kind is not SeedValue.NONE or (isinstance(node, ast.Name) and frame.find(node.id) is not None):
            return held
        from auditor.static.evaluation.unsetparts import is_named_in_store  # which rests on this module

        key = frame.module.path, name
        if key not in self._put:
            self._put[key] = is_named_in_store((name,), frame.module)
        return GIVEN if self._put[key] else held

    # -- calls ----------------------------------------------------------------------------------------------------

    def _subscript(self, node: ast.Subscript, frame: Frame) -> Seen:
        base = self.value(node.value, frame)
        key = self.known(node.slice, frame)
        found = self._item(node.value, base, key, frame)
        if found is not None:
            return found
        if base.parts and _is_tuple(node.value, frame) and isinstance(key, Known) and isinstance(key.value, int):
            return base.parts[key.value] if -len(base.parts) <= key.value < len(base.parts) else GIVEN
        if isinstance(key, Known) and frame.module.resolve(node.value) == ENVIRONMENT:
            return self.calls.variable(key.value)
        if isinstance(base.constant, dict) and isinstance(key, Known) and not isinstance(key.value, str):
            return constant(base.constant[key.value]) if _is_in(key.value, base.constant) else GIVEN
        return base if base.kind is SeedValue.ENTROPY else GIVEN

    def got(self, node: ast.Call, called: ast.Attribute, frame: Frame) -> Seen | None:
        """`config.get("seed")`, `config.pop("seed")`, `config.copy()`, where it is known what the dictionary holds."""
        if called.attr in mappings.COPYING_METHODS and not node.args:
            copied = self._filled(called.value, frame) or self.value(called.value, frame)
            if mappings.entries_of(copied) is None:
                return self._duplicated(node, called, frame)
            return mappings.merged(copied, mappings.made(self, node, frame)) if node.keywords else replace(copied)
        if called.attr not in ("get", "pop") or not node.args:
            return None
        key = self.known(node.args[0], frame)
        if not isinstance(key, Known) or not isinstance(key.value, str):
            return None
        base = self.value(called.value, frame)
        entries = mappings.entries_of(base) if base.shape is not Shape.OPTIONS else None
        if entries is not None and self.is_settled(called.value, key.value, frame):
            return mappings.got(self, node, entries, key.value, frame)
        return self._item(called.value, base, key, frame)

    def _duplicated(self, node: ast.Call, called: ast.Attribute, frame: Frame) -> Seen | None:
        """`config.model_dump()`: the fields of an object, where that is no method of the project."""
        if node.keywords or isinstance(frame.resolve(called), FunctionRef):
            return None
        from auditor.static.resolution.records import part_of

        return part_of(self, called.value, frame)

    def _filled(self, node: ast.expr, frame: Frame) -> Seen | None:
        """What a module's name holds once all that stands at its top level is put in; None of anything else.

        Only for what is copied: the original may be filled from elsewhere.
        """
        if not isinstance(node, ast.Name) or frame.find(node.id) is not None:
            return None
        key = global_key(frame.module.path, node.id)
        if key not in self._at_top:
            self._at_top[key] = mappings.filled_at_top(self, frame.module, node.id)
        return self._at_top[key]

    def known(self, node: ast.expr, frame: Frame) -> Known | Unknown:
        """The value of an expression where the text says it, or what a followed name was bound to."""
        read = constants.constant(frame.module, node)
        if isinstance(read, Known) or not isinstance(node, ast.Name):
            return read
        seen = frame.find(node.id)
        return Known(seen.constant) if seen is not None and seen.is_constant else read

    def is_settled(self, node: ast.expr, key: str, frame: Frame) -> bool:
        """Whether all that puts something under a key of what an expression stands for was followed, up to here."""
        text = dotted_text(node)
        if text is None or frame.find(text) is not None:
            return True
        if is_written_to(frame.module, node, key):
            return False
        assigned = constants.assigned(frame.module, node) if isinstance(node, ast.Name | ast.Attribute) else None
        if assigned is None or assigned[0] is frame.module:
            return True
        return not is_written_to(assigned[0], ast.Name(text.rpartition(".")[2]), key)

    def _item(self, node: ast.expr, base: Seen, key: Known | Unknown, frame: Frame) -> Seen | None:
        """What `node` holds under a key: an option, or what the dictionary says that it stands for."""
        if not isinstance(key, Known) or not isinstance(key.value, str):
            return None
        if base.shape is Shape.OPTIONS:
            return self.options.value(key.value, frame)
        entries = mappings.entries_of(base)
        if entries is None or not self.is_settled(node, key.value, frame):
            return None
        held = mappings.looked_up(self, entries, key.value, frame)
        return held and self._as_put(held, node, key.value, frame)

    def _choice(self, node: ast.BoolOp, frame: Frame) -> Seen:
        """`a or b` is the first that is true, `a and b` the last where all before are."""
        values = [self.value(value, frame) for value in node.values]
        if isinstance(node.op, ast.And):
            return values[-1] if values[0].kind is not SeedValue.NONE else values[0]
        for value in values[:-1]:
            false = value.kind is SeedValue.NONE or (value.is_constant and not value.constant)
            if not false:
                return value
        return values[-1]

    # -- conditions -----------------------------------------------------------------------------------------------

    def truth(self, node: ast.expr, frame: Frame) -> bool | None:
        """Whether a condition holds when nobody gives an option; None where that cannot be told."""
        from auditor.static.evaluation.truth import truth

        return truth(self, node, frame)


def _is_in(key: object, known: dict[object, object]) -> bool:
    try:
        return key in known
    except TypeError:
        return False  # a dictionary as a key, which fails where the program runs too


def _is_tuple(node: ast.expr, frame: Frame) -> bool:
    """Whether what holds several values cannot be changed: what a call gives, `*args`."""
    further = frame.function.args.vararg if frame.function is not None else None
    return isinstance(node, ast.Call) or (further is not None and getattr(node, "id", "") == further.arg)
