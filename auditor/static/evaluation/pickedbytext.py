"""Programs that get at classes by names that are made up when they run: `getattr(models, args.model)()`."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ModuleRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_TEXTS = (
    *("__subclasses__", "sys.modules", "__dict__", "_target_", "class_path", "get_obj_from_str"),
    *("__class__(", "type(self)("),
)
"""What may stand where a class is got at by a text or by an object of it, whatever is called there."""

_CALLS = (
    *("__import__", "eval", "exec", "getattr", "getmembers", "globals", "import_module", "import_string"),
    *("instantiate", "locals", "locate", "vars"),
)
"""Functions that do so."""

_METHODS = frozenset({"eval"})
"""Of these what is also a method of networks, and then something else."""

_NAMED = 2
"""Arguments of `getattr` that say a name."""

_PICKING: WeakKeyDictionary[Project, Memory[str, bool]] = WeakKeyDictionary()
"""By program."""


def picks_by_text(project: Project, program: str) -> bool:
    """Whether a program may make an object of a class that it does not name."""

    def ask() -> bool:
        return any(_picks(project, path) for path in sorted(project.programs.followed(program)))

    return project.trace.once(_PICKING.setdefault(project, {}), program, ask)


def _picks(project: Project, path: str) -> bool:
    if project.texts.contain(path, _TEXTS):
        return True
    module = project.module(path) if project.texts.contain(path, _CALLS) else None
    return module is not None and any(
        _is_open(module, name, call.node) for name in _CALLS for call in module.call_index.written(name)
    )


def _is_open(module: ModuleFacts, name: str, call: ast.Call) -> bool:
    """`getattr(models, "Net")`, and of something of which it is not known what it is; not `model.eval()`."""
    if name in _METHODS and isinstance(call.func, ast.Attribute):
        return False
    if name != "getattr":
        return True
    value = module.names.value(call.args[0]) if call.args else None
    is_written = len(call.args) >= _NAMED and isinstance(call.args[1], ast.Constant)
    return isinstance(value, ModuleRef) or (value is None and not is_written)
