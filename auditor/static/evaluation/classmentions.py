"""Where classes are named and attributes are assigned, found out once for all programs that are followed together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import MAX_READS, uses
from auditor.static.evaluation.leftalone import MAX_FILES, looks_up_in
from auditor.static.resolution.members import bases
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.bindings import Function, every_argument
from auditor.static.syntax.nodeindex import names_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

_BY_TEXT = (
    "instantiate", "import_module", "locate(", "get_obj_from_str", "__getattribute__(", "__subclasses__", "attrgetter(",
    "exec(", "getmembers(",
)  # fmt: skip
"""What makes objects of classes that a text names, or finds classes without one."""

_UNPICKLING = frozenset({"cloudpickle.load", "dill.load", "joblib.load", "pickle.load", "pickle.loads", "torch.load"})
_OF_DATA = frozenset({"copy", "get", "items", "keys", "pop", "update", "values"})
"""Methods of dictionaries, which hold the state of a network."""

_BEFORE_EVAL = (" ", "(", "=", "[", ",", "\t", "\n")
"""Before a call of the builtin, and not of a method: `net.eval()`."""

MAX_NAMING = 50
"""Classes that name each other, and nothing else does."""

Calls = Sequence[tuple["ModuleFacts", ast.Call]]


class ClassMentions:
    """What stands in some files; a program asks only those that are followed for it."""

    def __init__(self, project: Project, paths: Iterable[str]) -> None:
        self.project = project
        self._paths = tuple(paths)
        self._holding: dict[str, frozenset[str]] = {}
        self._calls: dict[tuple[ast.AST, str], Calls | None] = {}
        self._named: dict[tuple[ast.ClassDef, str], bool] = {}
        self._looked_up: dict[tuple[str, frozenset[str]], bool] = {}
        """Whether one of some files may look up a name of a module by a text."""

        self._assigned: dict[str, frozenset[str]] = {}

    def holding(self, text: str, within: AbstractSet[str]) -> list[str]:
        """Of the files `within` those that hold a text, sorted."""
        found = self._holding.get(text)
        if found is None:
            hold, texts = self.project.texts.hold, frozenset({text})
            found = self._holding[text] = frozenset(path for path in self._paths if hold(path, texts))
        return sorted(found & within)

    def calls(self, cls: ClassRef | FunctionRef, path: str) -> Calls | None:
        """The calls of a class or function in a file; None where it is used there in any other way."""
        key, module = (cls.node, path), self.project.module(path)  # each program rests on the file
        if key not in self._calls:
            self._calls[key] = _calls_in(module, cls) if module is not None else ()
        return self._calls[key]

    def is_named(self, cls: ClassRef, within: AbstractSet[str]) -> bool:
        """Whether anything but import statements, and classes of which that is not so, may name a class.

        Of one that nothing names no object is made.
        """
        if len(within) > MAX_FILES:
            return True
        pending = [cls]
        for current in pending:
            if len(pending) > MAX_NAMING or self._is_open(current, within):
                return True
            for name in names_of(current.module).get(current.node.name, ()):
                holder = current.module.enclosing_class(name)
                if holder is None:
                    return True
                if all(each.node is not holder for each in pending):
                    pending.append(ClassRef(current.module, holder))
        key = cls.module.path, frozenset(within)
        if key not in self._looked_up:
            self._looked_up[key] = any(self._picks(path, cls.module.path) for path in sorted(within))
        return self._looked_up[key]

    def _picks(self, path: str, made: str) -> bool:
        """Whether a file may get at what a module defines by a text, of a configuration for example."""
        if self.project.texts.contain(path, _BY_TEXT) or looks_up_in(self.project, path, made):
            return True
        if self.project.texts.contain(path, ("load",)) and self._uses_stored_object(path):
            return True
        if self.project.texts.contain(path, ("globals(",)) and self.project.texts.contain(path, ("import *",)):
            return True
        stem = made.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
        if path != made and not self.project.texts.contain(path, (stem,)):
            return False
        return self.project.texts.contain(path, tuple(f"{before}eval(" for before in _BEFORE_EVAL))

    def _uses_stored_object(self, path: str) -> bool:
        """Whether a file calls what it takes out of a file, or a method of it: `torch.load("net.pt").eval()`."""
        module = self.project.module(path)
        return module is not None and uses_stored_object(module)

    def _is_open(self, cls: ClassRef, within: AbstractSet[str]) -> bool:
        """Whether a class may be made by what its own file does not say."""
        is_simple = not (cls.node.decorator_list or cls.node.keywords)
        if not is_simple or any(isinstance(base, ClassRef) for base in bases(cls)):
            return True
        if self.project.texts.contain(cls.module.path, (f'"{cls.node.name}"', f"'{cls.node.name}'")):
            return True
        return any(self._names(cls, path) for path in self.holding(cls.node.name, within) if path != cls.module.path)

    def _names(self, cls: ClassRef, path: str) -> bool:
        """Whether a line of another file names it, and is no import, or one that gives it another name."""
        if not self.project.texts.contain(path, (cls.node.name,)):
            return False
        key = cls.node, path
        if key not in self._named:
            name = re.escape(cls.node.name)
            others = rf"(?m)^(?![ \t]*(?:from|import)[ \t]).*\b{name}\b|\b{name}[ \t]+as\b|;.*\b{name}\b"
            try:
                self._named[key] = re.search(others.encode(), self.project.source(path).code()) is not None
            except ProjectError:
                self._named[key] = True
            finally:
                self.project.unread(path)
        return self._named[key]

    def assigned(self, path: str) -> frozenset[str]:
        """The attributes that a file assigns to other objects than a method's own."""
        found, module = self._assigned.get(path), self.project.module(path)
        if found is None:
            found = self._assigned[path] = frozenset(_assigned_to_others(module) if module is not None else ())
        return found


def _assigned_to_others(module: ModuleFacts) -> Iterator[str]:
    for _, target, _, function in module.index.assignments:
        if isinstance(target, ast.Attribute) and not _is_own(module, target, function):
            yield target.attr


def uses_stored_object(module: ModuleFacts, *, parts: bool = False) -> bool:
    """Whether a file calls what it takes out of a file: its class need not be named.

    `parts`: also an entry of it, `torch.load("net.pt")["model"].float()`, which may as well be a number.
    """
    for each in module.calls_to(_UNPICKLING):
        places = _places(module, each.node)
        if any(_is_called(module, place) for place in places):
            return True
        entries = (module.parent(place) for place in places) if parts else ()
        for entry in entries:
            if isinstance(entry, ast.Subscript) and any(_is_called(module, each) for each in _places(module, entry)):
                return True
    return False


def _places(module: ModuleFacts, made: ast.expr) -> list[ast.expr]:
    """Where something is read that is kept under a name; else where it is made."""
    statement = module.statement(made)
    target = only_target(statement)
    is_kept = target is not None and getattr(statement, "value", None) is made
    return list(islice(uses(module, target), MAX_READS)) if is_kept and target is not None else [made]


def _is_called(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether something is called, or a method of it that dictionaries have not."""
    parent = module.parent(node)
    if isinstance(parent, ast.Attribute):
        above = module.parent(parent)
        return parent.attr not in _OF_DATA and isinstance(above, ast.Call) and above.func is parent
    return isinstance(parent, ast.Call) and parent.func is node


def _calls_in(module: ModuleFacts, cls: ClassRef | FunctionRef) -> Calls | None:
    found: list[tuple[ModuleFacts, ast.Call]] = []
    if isinstance(cls.node, ast.Lambda):
        return None
    for name in _named(module, cls.node.name):
        call = module.parent(name)
        if isinstance(call, ast.Attribute):
            continue  # a method of the class itself
        if not isinstance(name.ctx, ast.Load) or module.names.value(name) != cls or _is_asked(module, name):
            continue
        if not isinstance(call, ast.Call) or call.func is not name:
            return None
        found.append((module, call))
    written = [each.node for each in module.call_index.written(cls.node.name)]
    qualified = (each for each in written if isinstance(each.func, ast.Attribute))
    found += [(module, each) for each in qualified if module.names.value(each.func) == cls]
    return found


def _named(module: ModuleFacts, name: str) -> list[ast.Name]:
    """The places that name a class, also as `import … as` does."""
    aliases = (alias for node, _ in module.index.imports for alias in node.names if alias.asname)
    others = {alias.asname or "" for alias in aliases if alias.name == name}
    return [node for each in (name, *sorted(others)) for node in names_of(module).get(each, ())]


def _is_own(module: ModuleFacts, target: ast.Attribute, function: Function | None) -> bool:
    """`self.augment = True` in a method; not `data.augment = True` in a function that is handed the object."""
    is_method = function is not None and isinstance(module.parent(function), ast.ClassDef)
    first = every_argument(function.args)[:1] if is_method and function is not None else []
    return bool(first) and isinstance(target.value, ast.Name) and target.value.id == first[0].arg


def _is_asked(module: ModuleFacts, name: ast.Name) -> bool:
    """`isinstance(data, Data)`, `super(Data, self)`, `data: Data`, `class Other(Data)`."""
    above: ast.AST | None = module.parent(name)
    if isinstance(above, ast.Tuple):
        above = module.parent(above)
    if isinstance(above, ast.Call):
        return isinstance(above.func, ast.Name) and above.func.id in ("isinstance", "issubclass", "super")
    if isinstance(above, ast.arg | ast.ClassDef | ast.Subscript):
        return True
    if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
        return above.returns is name
    return isinstance(above, ast.AnnAssign) and above.annotation is name
