"""What is looked up by a name that is put together, in a module, a class or an object: `getattr(self, "run_" + x)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.evaluation.commandline import option_call
from auditor.static.evaluation.flow import uses
from auditor.static.resolution.baseorder import MAX_BASES
from auditor.static.resolution.configured import read_at
from auditor.static.resolution.exposed import offered_methods
from auditor.static.resolution.importcalls import ANY, Text
from auditor.static.resolution.members import bases, defined_in
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, ModuleRef, Value
from auditor.static.reuse.trace import Memory
from auditor.static.syntax.elements import call_of
from auditor.static.text.configurednames import TARGETS

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

MAX_METHODS = 200
"""Methods of one class among which one is looked up."""

MAX_CALLS = 12
"""Calls of one function that are asked whether they give it a name of the command line."""

MAX_USES = 50
"""Uses of what was looked up among which a call is sought."""

MAX_FILES = 200
"""Files of the programs that are searched for names that are written as texts."""

_WRITTEN = lazy_pattern(rb"""["']([A-Za-z_]\w{0,80})["']""")
_WORDS: WeakKeyDictionary[Project, dict[str, frozenset[str]]] = WeakKeyDictionary()
"""By file the texts in it that may be names."""

_OFFERED: WeakKeyDictionary[ModuleFacts, Memory[ast.ClassDef, Sequence[FunctionRef]]] = WeakKeyDictionary()


def looked_up(module: ModuleFacts, base: Value, texts: Sequence[Text], at: ast.expr) -> Iterator[Value]:
    """What `getattr(base, name)` may be, of a name that is one of some texts and a base of the project.

    Of an object nothing, where nothing is known of the name: what configurations name is mostly not called at once.
    Where the command line gives it, a method is one that people may ask for.
    `at`: where it stands; a method that looks others up is none of them.
    """
    for text in texts:
        if text.end is None:
            yield module.names.attribute(base, text.begin)
    open_ = [text for text in texts if text.end is not None]
    if open_ and isinstance(base, ModuleRef):
        defined = (each for each in defined_in(module, base) or () if isinstance(each, FunctionRef | ClassRef))
        found = [each for each in defined if any(text.fits(getattr(each.node, "name", "")) for text in open_)]
        yield from (described(module, at, found) if ANY in open_ else ()) or found
    cls = base.of if isinstance(base, Instance) else base
    partly = [text for text in open_ if text.begin or text.end]
    if partly and isinstance(cls, ClassRef):
        around = module.enclosing_function(at)
        for method in _methods(cls):
            if any(text.fits(method) for text in partly) and method != getattr(around, "name", None):
                yield module.names.attribute(base, method)
    if ANY in open_ and isinstance(base, Instance) and isinstance(cls, ClassRef) and _is_typed(module, at):
        yield from _offered(cls)


def _offered(cls: ClassRef) -> Sequence[FunctionRef]:
    """The methods of a class that people may ask for; a thousand lookups may be made in the same one."""
    memory = _OFFERED.setdefault(cls.module, {})
    return cls.module.project.trace.once(memory, cls.node, lambda: tuple(islice(offered_methods(cls), MAX_METHODS)))


def _is_typed(module: ModuleFacts, at: ast.expr) -> bool:
    """Whether the command line gives the name in `getattr(trainer, args.mode)()`, `getattr(trainer, sys.argv[1])()`."""
    if not isinstance(at, ast.Call) or not _is_from_command_line(module, at.args[1]):
        return False
    parent = module.parent(at)
    target = only_target(parent) if isinstance(parent, ast.Assign) else None
    if isinstance(target, ast.Attribute):  # `self.run = getattr(self, args.mode)`
        from auditor.static.resolution.callers import calls_named  # it needs parsed files, which need this

        return any(isinstance(call.func, ast.Attribute) for _, call in calls_named(module, target.attr))
    places = [at] if target is None else islice(uses(module, target), MAX_USES)
    return any(getattr(module.parent(place), "func", None) is place for place in places)


def _is_from_command_line(module: ModuleFacts, name: ast.expr, *, is_given: bool = False) -> bool:
    """Whether it is an option, or something else of the command line; `is_given`: to a parameter that was asked about.

    A parameter is one where the first calls of its function, or of the class that it makes, give it one.
    """
    name = module.origin(name)
    if isinstance(name, ast.Subscript):
        return module.resolve(name.value) == "sys.argv"
    if isinstance(name, ast.Attribute):
        return option_call(module, name.attr) is not None
    function = module.enclosing_function(name)
    if is_given or not isinstance(name, ast.Name) or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if name.id not in names:
        return False
    from auditor.static.resolution.callers import calls_named  # as above

    owner = module.enclosing_class(function)
    called = owner.name if owner is not None and function.name == "__init__" else function.name
    place = names.index(name.id) - int(owner is not None)
    for caller, call in islice(calls_named(module, called), MAX_CALLS):
        given = call_of(call, None).argument(name.id, place)
        module.project.trace.note("content", caller.path)
        if isinstance(given, ast.expr) and _is_from_command_line(caller, given, is_given=True):
            return True
    return False


def described(module: ModuleFacts, at: ast.expr, values: Sequence[Value]) -> Sequence[Value]:
    """Those of some values that the documents of the project name, where these tell: `config["arch"]["type"]`.

    `at`: what looks one of them up, by a name of which nothing is known.
    """
    key = at.slice if isinstance(at, ast.Subscript) else None
    if isinstance(at, ast.Call) and at.args:
        key = at.args[min(len(at.args) - 1, 1)]
    part = module.origin(key) if key is not None else at
    word, holder = read_at(part)
    is_option = isinstance(part, ast.Attribute) and isinstance(holder, ast.Name)
    if (
        word not in TARGETS
        or is_option
        or option_call(module, word) is not None
        or not module.project.graph.is_picking(module.path)
    ):
        return ()
    module.project.trace.note("content", module.path)
    chosen = module.project.graph.configured_names.chosen
    defined = [each for each in values if isinstance(each, FunctionRef | ClassRef)]
    named = [each for each in defined if getattr(each.node, "name", "") in chosen]
    if not named or len(named) == len(defined):
        return named
    left = [each for each in defined if each not in named]
    written = _written_in(module, {each.module.path for each in left})
    return [each for each in defined if each in named or getattr(each.node, "name", "") in written]


def _written_in(module: ModuleFacts, beside: Set[str]) -> Set[str]:
    """What the programs that reach a file write as texts: `config["arch"]["type"] = "Deep"`, `{"type": "Deep"}`.

    `beside`: files that define what is picked; they, and packages, list what they offer.
    """
    project = module.project
    paths = project.programs.paths_around(module.path)
    asked = sorted(path for path in paths - beside if not path.endswith("__init__.py"))[:MAX_FILES]
    memory = _WORDS.setdefault(project, {})
    for path in asked:
        if path not in memory:
            memory[path] = _words_in(path, project)
    return {word for path in asked for word in memory[path]}


def _words_in(path: str, project: Project) -> frozenset[str]:
    try:
        return frozenset(word.decode() for word in _WRITTEN.findall(project.source(path).code()))
    except ProjectError:
        return frozenset()  # told as not analysed
    finally:
        project.unread(path)


def _methods(cls: ClassRef) -> list[str]:
    """Names of the methods of a class and of those of the project that it extends."""
    found: dict[str, None] = {}
    pending, seen = [cls], {cls}
    for each in pending:
        functions = (child for child in each.node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
        found.update(dict.fromkeys(child.name for child in functions))
        above = [base for base in bases(each) if isinstance(base, ClassRef) and base not in seen]
        seen.update(above)
        pending += above[: MAX_BASES - len(pending)] if len(pending) < MAX_BASES else []
    return list(found)[:MAX_METHODS]
