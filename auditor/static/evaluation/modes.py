"""Whether a condition asks if a network is being trained: `self.training and p > 0`, `not training or p == 0`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from posixpath import basename
from weakref import WeakKeyDictionary

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.resolution.baseorder import MAX_BASES
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.project import Project
    from auditor.static.resolution.frame import Frame

_TRAINING = lazy_pattern(
    r"(?:(?:self\.)?(?:opt\.)?(?:is_?train|isTrain|train)(?:ing)?|(?:layer|mod(?:el|ule)?|net(?:work)?)\.training)$"
)
_BY_ANY_NAME = ("setattr(", "__setattr__(", ".__dict__", "vars(", "exec(", "namespace=")
"""What may give an object attributes whose names do not stand in the text."""

_OWN = ("setattr(self,", "self.__dict__", "vars(self)")
_OWN_AT_ALL = (*_OWN, "__setattr__(self,")
_OPEN = lazy_pattern(
    rb"""\b(?:__)?setattr(?:__)?\(\s*(?!self\b)(?:[\w.\[\]]|\([^()\n]*\))+\s*,(?!\s*["'])|(?<![\w.])exec\(|\bnamespace=|"""
    rb"""(?:(?<!\bself)\.__dict__|\bvars\((?!self\b)[^()\n]*\))\s*(?:\.update|(?:\[[^\]\n]*\]\s*)?=(?!=))"""
)
"""The same, for other objects than a method's own."""

_OPEN_OWN = lazy_pattern(
    rb"""setattr(?:__)?\(\s*self\s*,(?!\s*["'])|"""
    rb"""(?:\bself\.__dict__|\bvars\(self\))\s*(?:\.update|(?:\[[^\]\n]*\]\s*)?=(?!=))"""
)
"""The same, for a method's own object."""

_CALLED = lazy_pattern(rb"setattr(?:__)?\(")
_SPELLED = lazy_pattern(rb"""\s*(?:[\w.\[\]]|\([^()\n]*\))+\s*,\s*(["'])(\w+)\1\s*,""")
"""What follows where the name stands in the text."""

_UNCALLED = lazy_pattern(rb"setattr(?:__)?\b(?!\()")
"""Where it is handed on or renamed, and called there."""

_RESTORING = lazy_pattern(rb"def __setstate__\(self, (\w+)\)[^:\n]*:\s*self\.__dict__(?:\.update\(\1\)| *= *\1\b)")
"""Gives an object back what it had when it was stored."""

_NAME = rb"[\w\x80-\xff]+"
_BOUND = rb"[\w.\[\]\x80-\xff]+"
"""What an assignment may bind."""

_OFF = rb"\s*False[ \t]*(?:[#;\r\n)]|$|,[ \t]*(?:[#\r\n]|$|\w+=(?!=)))"
_ALONE = lazy_pattern(
    rb"(?m)(?:(?<!\bself)(\.)|\.|^[ \t]+)(%b)(?=(?:\s|\\\n)*(?::[^=\n]{0,200})?[-+|&^]?=(?!=|%b))" % (_NAME, _OFF)
)
_AMONG = lazy_pattern(rb"(?m)^[ \t]*\(?(%b(?:[ \t]*,[ \t]*%b)+)\)?[ \t]*=(?!=)" % (_BOUND, _BOUND))
_IN_LOOP = lazy_pattern(rb"\b(?:for|as)\s+(?=((?:%b\s*,\s*)*%b))" % (_BOUND, _BOUND))
_BEFORE_OTHERS = lazy_pattern(rb"\.(%b)(?=[ \t]*,)" % _NAME)
_ANY = lazy_pattern(rb"\.(%b)" % _NAME)

_SETTING: WeakKeyDictionary[Project, dict[str, bool]] = WeakKeyDictionary()
"""Whether files do that, asked once for all switches."""

_ON: WeakKeyDictionary[Project, dict[str, tuple[frozenset[bytes], frozenset[bytes]]]] = WeakKeyDictionary()
"""What files put into attributes, asked once for all names."""

_BY_TEXT = ("import_module", "sys.modules")
"""What gives a module of which the name may be anything."""

_HANDED = (
    r"(?m)^(?![ \t]*(?:import|from)[ \t])[^\n]*?[(=,\[][ \t]*(?:\w+\.){0,5}(?:%s)[ \t]*(?:[,)\]]|\r?$)"
    r"|\b(?:%s)\.__dict__"
)
_ALIAS = r"\b%s[ \t]+as[ \t]+(\w+)"
MAX_ALIASES = 10

BRANCHING = frozenset({"tensorflow.cond", "tensorflow.compat.v1.cond"})
"""Calls that call their second argument where the first one holds, else the third."""


def is_mode(name: str) -> bool:
    """`is_training`, `train`: what parameters are called that say whether something is trained."""
    return _TRAINING.match(name) is not None


def in_training(test: ast.expr, is_false: Callable[[ast.expr], bool]) -> bool | None:
    """True where a condition holds in training only, False where it fails in training only; None of all others.

    `is_false`: whether a part of it is known not to hold.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = in_training(test.operand, is_false)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        parts = [in_training(part, is_false) for part in test.values]
        deciding = isinstance(test.op, ast.And)
        if deciding in parts:
            return deciding
        left = [
            part
            for part, value in zip(parts, test.values, strict=True)
            if part is not None or deciding or not is_false(value)
        ]
        return (not deciding) if left and all(part is not deciding and part is not None for part in left) else None
    text = dotted_text(test)
    return True if text is not None and _TRAINING.match(text) else None


def starts_false(node: ast.expr, frame: Frame, paths: Iterable[str]) -> bool:
    """Whether an expression is an attribute that a constructor sets to False, and nothing outside to another value.

    `paths`: the files of the program.
    """
    if not isinstance(node, ast.Attribute):
        return False
    made = frame.resolve(node.value)
    if not isinstance(made, Instance) or not isinstance(made.of, ClassRef):
        return False
    module = made.of.module
    values = module.self_attributes(made.of.node).get(node.attr, [])
    first = (each for each in values if getattr(module.enclosing_function(each), "name", "") == "__init__")
    if [getattr(each, "value", None) for each in first] != [False]:
        return False
    later = {getattr(module.enclosing_function(each), "name", "") for each in values if not _is_false(each)}
    methods = tuple(f".{name}(" for name in sorted(later))
    contain = module.project.texts.contain
    return not any(contain(path, methods) or puts_on(path, node.attr, module.project) for path in paths)


def stays_false(cls: ClassRef, attribute: str, paths: Iterable[str]) -> bool:
    """Whether a constructor sets an attribute to False, and nothing in the files of the program to another value."""
    module = cls.module
    values = module.self_attributes(cls.node).get(attribute, [])
    if not values or not all(map(_is_false, values)):
        return False
    is_first = getattr(module.enclosing_function(values[0]), "name", "") == "__init__"
    if not is_first or any(module.project.texts.contain(path, _OWN) for path in _paths_above(cls)):
        return False
    project = module.project
    return not any(puts_on(path, attribute, project, itself=True) or sets_any(path, project) for path in paths)


def _paths_above(cls: ClassRef) -> list[str]:
    """The files of a class and of those of the project that it extends."""
    pending = [cls]
    for each in pending:
        above = (base for base in bases(each) if isinstance(base, ClassRef) and base not in pending)
        pending += list(above)[: MAX_BASES - len(pending)] if len(pending) < MAX_BASES else []
    return [each.module.path for each in pending]


def sets_any(path: str, project: Project) -> bool:
    """Whether a file gives objects attributes by names that do not stand in the text."""
    known = _SETTING.setdefault(project, {})
    if path not in known:
        known[path] = project.texts.contain(path, _BY_ANY_NAME) and _holds(path, _OPEN, project)
    return known[path]


def sets_own(path: str, project: Project) -> bool:
    """The same, also where a method gives them to its own object: `setattr(self, name, value)`."""
    return project.texts.contain(path, _OWN_AT_ALL) or sets_any(path, project)


def sets_switches(cls: ClassRef, holding: Iterable[str]) -> bool:
    """Whether objects of a class are given attributes by any names: by its methods, or in files that name the class."""
    project = cls.module.project
    own = _paths_above(cls)
    return any(project.texts.contain(path, _OWN_AT_ALL) and _holds(path, _OPEN_OWN, project) for path in own) or any(
        sets_any(path, project) for path in sorted({*own, *holding})
    )


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def sets_by_name(path: str, attribute: str, project: Project) -> bool:
    """Whether `setattr(model, "always", True)` may stand in a file, or one by any name beside that text."""
    texts = project.texts
    if not (texts.hold(path, frozenset({"setattr"})) and texts.contain(path, (f'"{attribute}"', f"'{attribute}'"))):
        return False
    code = _code(path, project)
    if _UNCALLED.search(code) is not None:
        return True
    named = (_SPELLED.match(code, each.end()) for each in _CALLED.finditer(code))
    return any(each is None or each[2].decode() == attribute for each in named)


def _code(path: str, project: Project) -> bytes:
    """Nothing where a file cannot be read, which is told as not analysed."""
    try:
        return project.source(path).code()
    except ProjectError:
        return b""
    finally:
        project.unread(path)


def is_given_any(module: str, paths: Collection[str], project: Project) -> bool:
    """Whether one of these files may give names of the module at `module` values by names that are not spelled.

    `for name, value in options.items(): setattr(settings, name, value)`.
    """
    name = basename(module.removesuffix("/__init__.py")).removesuffix(".py")
    return any(sets_any(path, project) for path in paths) and any(_hands_out(path, name, project) for path in paths)


def _hands_out(path: str, module: str, project: Project) -> bool:
    """Whether a file may give something else a whole module of that name: `update(settings)`, `settings.__dict__`."""
    if project.texts.contain(path, _BY_TEXT):
        return True
    if not project.texts.contain(path, (module,)):
        return False
    code = _code(path, project)
    aliases = islice(re.finditer((_ALIAS % re.escape(module)).encode(), code), MAX_ALIASES)
    names = {module, *(each[1].decode() for each in aliases)}
    either = "|".join(map(re.escape, sorted(names)))
    return re.search((_HANDED % (either, either)).encode(), code) is not None


def puts_on(path: str, attribute: str, project: Project, *, itself: bool = False) -> bool:
    """Whether `model.always = True` stands in a file, with anything but False, and any name but `self`.

    `itself`: also with that name, and as `always = True` in the body of a class.
    """
    if sets_by_name(path, attribute, project):
        return True
    if not project.texts.hold(path, frozenset({attribute})):
        return False
    known = _ON.setdefault(project, {})
    if path not in known:
        known[path] = _put_on(path, project)
    others, all_of_them = known[path]
    return attribute.encode() in (all_of_them if itself else others)


def _put_on(path: str, project: Project) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """The names that something is put into in a file: of other objects than `self`, and of all with what classes hold.

    All at once: a program may ask for hundreds of names of one file.
    """
    try:
        code = project.source(path).code()
    except ProjectError:
        return frozenset(), frozenset()  # told as not analysed
    finally:
        project.unread(path)
    alone = [(each[1] is not None, each[2]) for each in _ALONE.finditer(code)]
    beside = {name for each in _AMONG.finditer(code) for name in _BEFORE_OTHERS.findall(each[1])}
    beside |= {name for each in _IN_LOOP.finditer(code) for name in _ANY.findall(each[1])}
    others = {name for is_other, name in alone if is_other}
    return frozenset(beside | others), frozenset(beside | {name for _, name in alone})


def _holds(path: str, pattern: re.Pattern[bytes], project: Project) -> bool:
    try:
        return pattern.search(_RESTORING.sub(b"", project.source(path).code())) is not None
    except ProjectError:
        return False  # told as not analysed
    finally:
        project.unread(path)


def leaves(statement: ast.stmt) -> bool:
    """Whether what stands behind an `if` without `else` is only reached where it does not hold."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and isinstance(statement.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
    )
