"""Whether two conditions of one text have the same answer: nothing that they ask for is changed in between."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.givenattributes import SETTING
from auditor.static.evaluation.modes import puts_on
from auditor.static.resolution.values import External, FunctionRef, Instance
from auditor.static.syntax.bindings import Binding, BindingKind
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

_PLAIN = (ast.Name, ast.Attribute, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp)
_LASTING = (BindingKind.VALUE, BindingKind.PARAMETER)
"""Names that are one thing from one condition to the other; what a loop binds is another one in each round."""

_UNCHANGING = (ast.Attribute, ast.Compare, ast.Constant, ast.JoinedStr, ast.UnaryOp)
"""Values that no function which is given them changes; an attribute is taken for an option."""

_NUMBERS_AND_TEXTS = frozenset({"all", "any", "bool", "float", "int", "isinstance", "len", "str"})


def asks_the_same(one: ast.expr, other: ast.expr, frame: Frame, within: Collection[str]) -> bool:
    """Whether two conditions of one text ask for the same things, which nothing changes in between.

    `within`: the files of the program.
    """
    module = frame.module
    parts = [part for part in walk(one) if isinstance(part, ast.expr)]
    if not all(isinstance(part, _PLAIN) for part in parts):
        return False
    attributes = [part for part in parts if isinstance(part, ast.Attribute)]
    if attributes and (
        _may_be_stored(attributes, module, within) or any(_is_computed(each, frame) for each in attributes)
    ):
        return False
    if any(_may_be_filled(part, module) for part in parts if isinstance(part, ast.Name | ast.Attribute)):
        return False
    names = zip(
        (part for part in parts if isinstance(part, ast.Name)),
        (part for part in walk(other) if isinstance(part, ast.Name)),
        strict=False,
    )
    return all(_is_same(mine, its, module) for mine, its in names)


def _may_be_stored(attributes: Sequence[ast.Attribute], module: ModuleFacts, within: Collection[str]) -> bool:
    """Whether the file stores something in an attribute of one of these names, or another one does for it."""
    names = {each.attr for each in attributes}
    targets = (target for _, target, _, _ in module.index.assignments)
    if any(isinstance(target, ast.Attribute) and target.attr in names for target in targets):
        return True
    if any(getattr(call.func, "id", "") in SETTING for call, _, _ in module.index.calls):
        return True
    others = [path for path in within if path != module.path]
    return any(puts_on(path, name, module.project) for name in sorted(names) for path in others)


def _is_computed(node: ast.Attribute, frame: Frame) -> bool:
    """Whether a method says what an attribute is: a property may say something else each time."""
    made = frame.resolve(node.value)
    return isinstance(made, Instance) and isinstance(frame.module.names.attribute(made, node.attr), FunctionRef)


def _may_be_filled(node: ast.Name | ast.Attribute, module: ModuleFacts) -> bool:
    """Whether it may be a list or a dictionary that the file puts something into: `names.append(1)`, `fill(names)`."""
    if _is_told_from_constant(node, module):
        return False
    name = _name(node)
    for call, _, _ in module.index.calls:
        if isinstance(call.func, ast.Attribute) and _name(call.func.value) == name:
            return True
        given = (*call.args, *(word.value for word in call.keywords))
        if any(getattr(each, "id", "") == name for each in given) and _may_fill(call, node, module):
            return True
    stored = (target.value for _, target, _, _ in module.index.assignments if isinstance(target, ast.Subscript))
    return any(_name(each) == name for each in stored)


def _is_told_from_constant(node: ast.expr, module: ModuleFacts) -> bool:
    """`mode == "train"`, `seed is not None`: no list is either."""
    around = module.parent(node)
    if not isinstance(around, ast.Compare) or any(isinstance(each, ast.In | ast.NotIn) for each in around.ops):
        return False
    return all(side is node or isinstance(side, ast.Constant) for side in (around.left, *around.comparators))


def _may_fill(call: ast.Call, node: ast.Name | ast.Attribute, module: ModuleFacts) -> bool:
    if not isinstance(node, ast.Name) or isinstance(module.names.value(call.func), External):
        return False
    return not all(_is_unchanging(each, node.id, module) for each in module.lookup.bindings_of(node))


def _is_unchanging(binding: Binding, name: str, module: ModuleFacts) -> bool:
    """Whether a name is bound to a number or a text."""
    if binding.kind is not BindingKind.PARAMETER:
        value = binding.value
        if isinstance(value, ast.Call):
            return module.resolve(value.func) in _NUMBERS_AND_TEXTS
        return isinstance(value, _UNCHANGING)
    if getattr(getattr(binding.node, "annotation", None), "id", "") in _NUMBERS_AND_TEXTS:
        return True
    function = module.enclosing_function(binding.node)
    default = default_of(function, name) if isinstance(function, ast.FunctionDef) else None
    return isinstance(default, ast.Constant) and default.value is not None


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _is_same(one: ast.Name, other: ast.Name, module: ModuleFacts) -> bool:
    bindings = module.lookup.in_force(one)
    if len(bindings) != 1 or bindings[0].kind not in _LASTING or list(module.lookup.in_force(other)) != list(bindings):
        return False
    is_own = module.enclosing_function(bindings[0].node) is module.enclosing_function(one)
    return is_own or len(module.lookup.bindings_of(one)) == 1  # `global DEBUG` in a function binds it, too
