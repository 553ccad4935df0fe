"""Parts of objects that functions are handed, and that are None in all of these: `config.seed` of `main(config)`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.composedfields import is_composed
from auditor.static.evaluation.fields import parameters_of
from auditor.static.evaluation.flow import reads_in, uses
from auditor.static.evaluation.givenbefore import is_given_there, is_put_from_outside
from auditor.static.evaluation.modes import sets_own
from auditor.static.evaluation.unset import (
    MAX_CALLS,
    calls_reaching,
    given_to,
    is_called_as_written,
    is_own,
    kept_parameter,
    looked_into,
)
from auditor.static.files.storednames import is_stored
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import COPYING_METHODS, is_changed_at
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_Path = tuple[str, ...]
"""The attributes between an object and what the part is asked of: `data` of `config.data.seed`."""

_KNOWN: WeakKeyDictionary[Project, Memory[tuple[str, int, str, str, _Path, int], bool]] = WeakKeyDictionary()
"""By the file, the line of the function, its parameter, the part as it is written, what leads to it, the steps left."""

MAX_STEPS = 4
"""Functions that hand an object on."""

MAX_PATH = 4
"""Attributes between an object and what a part of it is asked of."""

_BY_NAME = frozenset({"__dict__", "__setattr__", "setattr", "vars"})
"""What puts things under computed names: which part of an object of objects, nobody follows."""

MAX_PROGRAMS = 50
"""Programs that reach a file; where more do, one of them is taken for one that puts something in."""

MAX_FILES = 200
"""Files of these that say the name of a part."""

MAX_MADE_OF = 100
"""Expressions that one object is made of; of more one is taken for a change."""

MAX_USES = 50
"""Uses of a variable that are looked at; where there are more, one of them is taken for a change."""


def is_part_unset(given: ast.expr, module: ModuleFacts) -> bool:
    """Whether `config.seed`, `config["seed"]` or `config.get("seed")` is None, whoever calls the function.

    The object may be kept by the constructor: `self.config.seed`.
    """
    whole = whole_of(given)
    if whole is None or is_given_there(given, module):
        return False
    if isinstance(given, ast.Attribute) and is_composed(given, Frame(module, module.enclosing_function(given))):
        return False
    whole, path = _outermost(whole)
    return is_none_in(whole, given, module, MAX_STEPS, path) and not is_put_anywhere(given, module, path)


def _outermost(whole: ast.expr) -> tuple[ast.expr, _Path]:
    """`config` and what leads from it to `config.data`; of an object's own attribute that: `self.config`."""
    names: list[str] = []
    inner = whole
    while isinstance(inner, ast.Attribute) and getattr(inner.value, "id", "") != "self" and len(names) < MAX_PATH:
        names.append(inner.attr)
        inner = inner.value
    return (inner, tuple(reversed(names))) if isinstance(inner, ast.Name | ast.Attribute) else (whole, ())


def is_none_in(whole: ast.expr, given: ast.expr, module: ModuleFacts, steps: int, path: _Path = ()) -> bool:
    """Whether the part of `whole` that `given` asks for is None."""
    if any(is_put_from_outside(module, key) for key in (_key(given), *path)):
        return False
    if isinstance(whole, ast.Attribute) and getattr(whole.value, "id", "") == "self":
        holder = module.enclosing_class(whole)
        kept = kept_parameter(whole, holder, module) if holder is not None else None
        return kept is not None and is_none_in(kept, given, module, steps, path)
    if isinstance(whole, ast.Attribute):  # `Data(config.data)`
        whole, more = _outermost(whole)
        path = (*more, *path)
        is_whole = isinstance(whole, ast.Name | ast.Attribute) and bool(more) and len(path) <= MAX_PATH
        return is_whole and is_none_in(whole, given, module, steps, path)
    function = module.enclosing_function(whole)
    names = module.written.signature(function).names if isinstance(function, ast.FunctionDef) else ()
    if isinstance(whole, ast.Name) and isinstance(function, ast.FunctionDef) and whole.id in names:
        return steps > 0 and _is_none_for_all(function, whole, given, module, steps - 1, path)
    used = list(islice(uses(module, whole), MAX_USES + 1))
    if len(used) > MAX_USES or any(is_changed_at(module, each, {}) for each in used):
        return False
    if _is_imported(whole, module) or _is_filled(whole, _key(given), module):
        return False
    inner = _given_field(whole, path[0], module) if path else None
    if inner is not None:
        return is_none_in(inner, given, module, steps, path[1:])
    return _value(_part(whole, given, path), whole, module) is SeedValue.NONE


def _given_field(whole: ast.expr, name: str, module: ModuleFacts) -> ast.expr | None:
    """`DataConfig()` of `config = Config(data=DataConfig())`, of a class without constructor: what it gives a field."""
    made = module.origin(whole)
    cls = module.names.value(made.func) if isinstance(made, ast.Call) else None
    if not isinstance(made, ast.Call) or not isinstance(cls, ClassRef):
        return None
    if isinstance(cls.module.names.attribute(Instance(cls), "__init__"), FunctionRef):
        return None
    fields = parameters_of(cls)
    return call_of(made, None).argument(name, fields.index(name)) if name in fields else None


def _is_imported(whole: ast.expr, module: ModuleFacts) -> bool:
    """Whether a name is a variable of another file, which any file may fill."""
    bindings = module.lookup.bindings_of(whole) if isinstance(whole, ast.Name) else ()
    return any(isinstance(binding.node, ast.Import | ast.ImportFrom) for binding in bindings)


def _is_filled(node: ast.expr, key: str, module: ModuleFacts) -> bool:
    """Whether the part may be put into what an object is made of: `values.update(…)` before `Namespace(**values)`.

    In the functions that make it, too: `vars(args).update(values)`.
    """
    pending = [(module, node)]
    for holder, part in pending:
        if isinstance(part, ast.Name):
            used = list(islice(uses(holder, part), MAX_USES + 1))
            if len(used) > MAX_USES or any(_may_put(holder, each, key) for each in used):
                return True
        pending += _made_of(part, holder)
        if len(pending) > MAX_MADE_OF:
            return True
    return False


def _made_of(node: ast.expr, module: ModuleFacts) -> list[tuple[ModuleFacts, ast.expr]]:
    """What an object has its parts from: `values` of `Namespace(**values)`, what a function of the project returns."""
    if isinstance(node, ast.Name):
        source = module.origin(node)
        return [(module, source)] if source is not node else []
    if isinstance(node, ast.Dict):
        return [(module, value) for key, value in zip(node.keys, node.values, strict=True) if key is None]
    if isinstance(node, ast.BinOp):
        return [(module, node.left), (module, node.right)]
    if not isinstance(node, ast.Call):
        return []
    found = [(module, part) for part in (*node.args, *(word.value for word in node.keywords if word.arg is None))]
    if isinstance(node.func, ast.Attribute) and node.func.attr in COPYING_METHODS:
        found.append((module, node.func.value))
    maker = module.names.value(node.func)
    if isinstance(maker, FunctionRef):
        found += [(maker.module, returned) for returned in maker.module.returns(maker.node)]
    return found


def _may_put(module: ModuleFacts, use: ast.expr, key: str) -> bool:
    """Whether a part is put in where something is used, as far as that is not a store of another one."""
    parent = module.parent(use)
    if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Store) and parent.attr != key:
        return False
    return is_changed_at(module, use, {})


def is_put_anywhere(given: ast.expr, module: ModuleFacts, path: _Path = ()) -> bool:
    """Whether a file of the programs that reach this one stores something under the part's name, in whatever object.

    Under a name that leads to it, too: `config.data = DataConfig(3)`, or under a computed one.
    """
    return is_named_in_store((_key(given), *path), module) or (bool(path) and _is_set_by_name(module))


def is_named_in_store(names: Iterable[str], module: ModuleFacts) -> bool:
    """Whether a file of the programs that reach this one stores something under one of these names."""
    programs = module.project.programs.reaching(module.path)
    return len(programs) > MAX_PROGRAMS or any(_is_put(key, programs, module.project) for key in names)


def is_settled_part(names: Iterable[str], module: ModuleFacts) -> bool:
    """Whether no program that reaches a file stores anything under these names, or under ones that it computes."""
    return not is_named_in_store(names, module) and not _is_set_by_name(module)


def _is_set_by_name(module: ModuleFacts) -> bool:
    project = module.project
    programs = project.programs.reaching(module.path)
    setting = {each for program in programs for each in project.programs.paths_reached(program, _BY_NAME)}
    return len(setting) > MAX_FILES or any(sets_own(each, project) for each in sorted(setting))


def _is_put(key: str, programs: Iterable[str], project: Project) -> bool:
    holding = frozenset({key})
    paths = {path for program in programs for path in project.programs.paths_reached(program, holding)}
    return len(paths) > MAX_FILES or any(is_stored(path, key, project) for path in sorted(paths))


def _is_none_for_all(
    function: ast.FunctionDef, whole: ast.Name, given: ast.expr, module: ModuleFacts, steps: int, path: _Path
) -> bool:
    """Whether that is so in all that a function is handed."""

    def ask() -> bool:
        handed = [
            (caller, each)
            for caller, _, each in handed_to(function, whole, module)
            if each is None or not is_own(each, caller, function, whole.id)
        ]
        return bool(handed) and all(
            each is not None and is_none_in(each, given, caller, steps, path) for caller, each in handed
        )

    known = _KNOWN.setdefault(module.project, {})
    key = module.path, function.lineno, whole.id, f"{type(given).__name__} {_key(given)}", path, steps
    return module.project.trace.once(known, key, ask)


def handed_to(
    function: ast.FunctionDef, whole: ast.Name, module: ModuleFacts
) -> list[tuple[ModuleFacts, ast.Call, ast.expr | None]]:
    """What each call gives a function for a parameter that it leaves as it is; nothing where that is not known."""
    used = reads_in(module, function, whole.id)
    if not is_called_as_written(module, function) or used is None or len(used) > MAX_USES:
        return []
    if any(is_changed_at(module, each, {}) for each in used):
        return []
    calls = calls_reaching(module, function)
    passed = [(caller, call, given_to(call, function, whole.id, skipped)) for caller, call, skipped in calls]
    return passed if len(calls) <= MAX_CALLS else []


def _value(part: ast.expr, whole: ast.expr, module: ModuleFacts) -> SeedValue:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame

    evaluator = Evaluator(module.project)
    source = module.origin(whole)
    maker = module.names.value(source.func) if isinstance(source, ast.Call) else None
    if isinstance(maker, FunctionRef):
        evaluator.options.executes(maker.module)  # `get_config()` of another file, where the options are declared
    try:
        if isinstance(maker, ClassRef) and isinstance(source, ast.Call) and _is_own_part(part, whole):
            from auditor.static.evaluation.keptfields import kept_field

            return kept_field(evaluator, maker, source, _key(part), module).kind
        return evaluator.value(part, Frame(module, module.enclosing_function(whole))).kind
    finally:
        evaluator.close()


def _is_own_part(part: ast.expr, whole: ast.expr) -> bool:
    return isinstance(part, ast.Attribute) and part.value is whole


def whole_of(given: ast.expr) -> ast.expr | None:
    """What a part is taken of."""
    if isinstance(given, ast.Attribute) or (isinstance(given, ast.Subscript) and _key(given)):
        return given.value
    return looked_into(given) if _key(given) else None


def _key(given: ast.expr) -> str:
    """The name of the part; nothing where that is computed."""
    if isinstance(given, ast.Attribute):
        return given.attr
    key = given.slice if isinstance(given, ast.Subscript) else given.args[0] if isinstance(given, ast.Call) else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _part(whole: ast.expr, given: ast.expr, path: _Path) -> ast.expr:
    """The same part of something else."""
    part: ast.expr
    for name in path:
        whole = ast.copy_location(ast.Attribute(value=whole, attr=name, ctx=ast.Load()), whole)
    if isinstance(given, ast.Attribute):
        part = ast.Attribute(value=whole, attr=given.attr, ctx=ast.Load())
    elif isinstance(given, ast.Subscript):
        part = ast.Subscript(value=whole, slice=given.slice, ctx=ast.Load())
    else:
        assert isinstance(given, ast.Call)
        part = ast.Call(func=ast.Attribute(value=whole, attr="get", ctx=ast.Load()), args=given.args, keywords=[])
        ast.copy_location(part.func, whole)
    return ast.copy_location(part, whole)
