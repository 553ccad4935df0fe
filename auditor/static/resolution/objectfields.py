"""What attributes of the project's objects may be: what methods assign, what the class writes, what its calls give."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import lineage, parameters_of
from auditor.static.resolution.members import bases, declarations
from auditor.static.resolution.picked import looks_up
from auditor.static.resolution.subclasscalls import classes_below
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.elements import call_of, is_none
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


def handed_on(cls: ClassRef) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """`self.net` of `def __getattr__(self, name): return getattr(self.net, name)`: whose attributes are its own too."""
    method = cls.module.names.attribute(Instance(cls), "__getattr__")
    if isinstance(method, FunctionRef):
        for each in method.module.returns(method.node):
            if looks_up(each) and isinstance(each, ast.Call):
                yield method.module, each.args[0]


def stored(cls: ClassRef, name: str) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """What a class, or those that it extends, say an attribute is: in their bodies, or by `self.name = …`."""
    pending, seen = [cls], {cls}
    while pending:
        current = pending.pop()
        for value in current.module.self_attributes(current.node).get(name, ()):
            yield current.module, value
        for binding in current.module.index.scopes[current.node].bindings.get(name, ()):
            if binding.kind is BindingKind.VALUE and binding.value is not None:
                yield current.module, binding.value
        above = [base for base in bases(current) if isinstance(base, ClassRef) and base not in seen]
        seen.update(above)
        pending.extend(above)


def declared(cls: ClassRef, name: str) -> tuple[ClassRef, ast.AnnAssign] | None:
    """`buffer: Buffer` in the body of a class or of one that it extends, the nearest, and which of them that is."""
    for each in lineage(cls):
        if (found := declarations(each).get(name)) is not None:
            return each, found
    return None


def filled(cls: ClassRef, call: ast.Call) -> Iterator[tuple[ast.ClassDef, str, ast.expr]]:
    """What a call of a class without constructor gives its fields, or leaves them, by the class that declares them.

    Of what `**options` gives nothing is known.
    """
    given = call_of(call, None)
    for position, name in enumerate(parameters_of(cls)):
        found = declared(cls, name)
        value = given.argument(name, position)
        if value is None and found is not None and not given.opaque:
            value = default_of_field(found[1])
        if value is not None and found is not None:
            yield found[0].node, name, value


def default_of_field(field: ast.AnnAssign) -> ast.expr | None:
    """What a field is where a call leaves it out; it stands in the file of the class, whoever calls that."""
    return made_by_default(field) or field.value


def made_by_default(field: ast.AnnAssign) -> ast.expr | None:
    """`Buffer` of `buffer: Buffer = field(default_factory=Buffer)`; of a lambda what it returns."""
    words = field.value.keywords if isinstance(field.value, ast.Call) else ()
    made = next((word.value for word in words if word.arg in ("default_factory", "factory")), None)
    return made.body if isinstance(made, ast.Lambda) else made


def as_made(field: ast.AnnAssign, given: ast.expr, value: Value) -> Value:
    """What becomes of `value` in a field: an object of the class that is its default's factory."""
    if given is not made_by_default(field) or not isinstance(value, ClassRef | FunctionRef):
        return value
    return Instance(value) if isinstance(value, ClassRef) else None


def may_be_none(field: ast.AnnAssign, given: Sequence[tuple[ModuleFacts, ast.expr]]) -> bool:
    """Whether a field is None as far as calls are known: by default, and no call gives it anything else."""
    written = [value for _, value in given]
    default = [field.value] if field.value is not None else []
    values = written or default
    return bool(values) and all(map(_is_none, values))


def counts_as_annotated(cls: ClassRef, said: Value) -> bool:
    """Whether a field may be taken for an object of the class that its annotation says.

    Not where others of the programs extend that, nor of a class that nothing makes a constructor for: whoever has an
    object of that puts something into it.
    """
    if not isinstance(said, Instance) or not isinstance(said.of, ClassRef):
        return False
    is_made = cls.node.decorator_list or any(not name.startswith(".") for name in cls.module.base_classes(cls.node))
    return bool(is_made) and classes_below(said.of) == []


def _is_none(value: ast.expr) -> bool:
    """`None`, `field(default=None)`."""
    words = value.keywords if isinstance(value, ast.Call) else ()
    return is_none(value) or any(word.arg == "default" and is_none(word.value) for word in words)


def is_replaced(cls: ClassRef, name: str) -> bool:
    """Whether `__post_init__` puts something in the place of what the constructor was given."""
    made = cls.module.names.attribute(Instance(cls), "__post_init__")
    parts = walk(made.node) if isinstance(made, FunctionRef) else ()
    return any(
        isinstance(each, ast.Attribute) and each.attr == name and isinstance(each.ctx, ast.Store) for each in parts
    )
