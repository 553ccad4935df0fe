"""Classes of the project that extend a dictionary and only make its keys attributes: `class Config(dict)`."""

from __future__ import annotations

import ast

from auditor.static.resolution.baseorder import MAX_BASES
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.nodes import walk

_MAPPINGS = frozenset({"collections.OrderedDict", "dict", "easydict.EasyDict", "munch.Munch"})

_CHANGING = frozenset(
    {
        "__class_getitem__", "__contains__", "__getattribute__", "__getitem__", "__init_subclass__", "__iter__",
        "__missing__", "__new__", "__post_init__", "__setitem__", "get", "items", "keys", "pop", "setdefault", "update",
        "values",
    }
)  # fmt: skip
"""Methods with which a class may hold something else than it is given, or give something else for a key."""

_OWN_AND_NAME = ("self", "name")

_LOOKING_UP = frozenset({"dict.__getitem__", "dict.get"})


def holds_entries(cls: ClassRef) -> bool:
    """Whether an object holds what it is made with, as a dictionary does, and its attributes are its keys."""
    lineage = [cls]
    for each in lineage[:MAX_BASES]:
        lineage += [base for base in bases(each) if isinstance(base, ClassRef) and base not in lineage]
    outside = {name for each in lineage for name in each.module.base_classes(each.node) if not name.startswith(".")}
    is_mapping = bool(outside & _MAPPINGS) and outside <= _MAPPINGS | {"object"}
    return is_mapping and len(lineage) <= MAX_BASES and all(_is_plain(each) for each in lineage)


def _is_plain(cls: ClassRef) -> bool:
    if cls.node.decorator_list or cls.node.keywords:
        return False
    if set(cls.module.self_attributes(cls.node)) - {"__dict__"}:
        return False
    return all(_leaves_entries(cls, statement) for statement in cls.node.body)


def _leaves_entries(cls: ClassRef, statement: ast.stmt) -> bool:
    """Whether a statement in the body of the class changes nothing about what its objects hold."""
    if isinstance(statement, ast.FunctionDef):
        if statement.name == "__init__":
            return _only_hands_on(statement)
        if statement.name == "__getattr__":
            return _looks_up(statement)
        return statement.name not in _CHANGING and not statement.decorator_list
    if isinstance(statement, ast.Assign):
        names = [getattr(target, "id", "") for target in statement.targets]
        if names == ["__getattr__"]:
            return ast.unparse(statement.value) in _LOOKING_UP
        return all(name in ("__delattr__", "__setattr__", "__slots__") for name in names)
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _only_hands_on(constructor: ast.FunctionDef) -> bool:
    """`super().__init__(*args, **kwargs)` and `self.__dict__ = self`, and nothing else."""
    further = constructor.args.vararg, constructor.args.kwarg
    if len(constructor.args.args) > 1 or constructor.args.kwonlyargs or None in further:
        return False
    given = [f"*{further[0].arg}", f"**{further[1].arg}"] if further[0] and further[1] else []
    for statement in constructor.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.Assign) and ast.unparse(statement) == "self.__dict__ = self":
            continue
        called = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(called, ast.Call) or getattr(called.func, "attr", "") != "__init__":
            return False
        parts = [*map(ast.unparse, called.args), *(f"**{ast.unparse(word.value)}" for word in called.keywords)]
        if [part for part in parts if part != "self"] != given:
            return False
    return True


def _looks_up(method: ast.FunctionDef) -> bool:
    """Whether `__getattr__` gives what stands under the name: `return self[name]`, `return self.get(name)`."""
    names = [each.arg for each in method.args.args]
    if len(names) != len(_OWN_AND_NAME):
        return False
    own, name = names
    looked_up = {f"{own}[{name}]", f"{own}.get({name})", f"{own}.get({name}, None)"}
    given = [part.value for part in walk(method) if isinstance(part, ast.Return)]
    return bool(given) and all(value is not None and ast.unparse(value) in looked_up for value in given)
