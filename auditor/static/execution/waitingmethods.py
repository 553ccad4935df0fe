"""Methods of a class that nothing calls but who names them: those that libraries call of what they are given are none.

`cross_val_score(Estimator(), x, y)` calls `fit`, `PPO("MlpPolicy", Maze())` calls `reset`, whatever these extend.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.protocols import extends_only, is_run_by_others, outside_bases
from auditor.static.resolution.subclasscalls import classes_below
from auditor.static.resolution.values import ClassRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_NETWORK = "torch.nn.Module"
"""The base that calls none of the methods that a class adds but those of every network."""

Holds = Callable[["ModuleFacts", ast.AST], bool]
"""Whether what is looked for stands in a statement of a module."""


def waiting_methods(
    module: ModuleFacts, holder: ast.stmt, holds: Holds, *, by_libraries: bool
) -> list[ast.FunctionDef]:
    """The methods of a class that hold something, if nothing else of it does and nobody outside calls them.

    `by_libraries`: what a library may call of an object of any class (`fit`) counts as called. A training that is seen
    where none is means false alarms about weights, so for these it does not.
    """
    if not isinstance(holder, ast.ClassDef):
        return []
    parts = [part for part in holder.body if holds(module, part)]
    methods = [part for part in parts if isinstance(part, ast.FunctionDef) and not part.decorator_list]
    if len(methods) < len(parts) or any(method.name.startswith("__") for method in methods):
        return []
    cls = ClassRef(module, holder)
    if not _is_closed(cls):
        return []
    below = classes_below(cls)
    if below is None or not all(map(_is_closed, below)):
        return []
    if _is_layer(cls):
        own = module.project.networks.own_methods
        return [] if any(method.name in own for method in methods) else methods
    calls_back = module.project.reflection.calls_back
    return [] if by_libraries and any(map(calls_back, (method.name for method in methods))) else methods


def registers_itself(module: ModuleFacts, holder: ast.stmt) -> bool:
    """Whether a class may be known without being named: by a base that is computed, or by a metaclass of the project's.

    A base of a library that runs what extends it, as `luigi.Task` does, is looked up there by its name.
    """
    if not isinstance(holder, ast.ClassDef):
        return False
    bases = module.base_classes(holder)
    return any(isinstance(base, ast.Call) for base in holder.bases) or any(map(module.project.reflection.finds, bases))


def _is_layer(cls: ClassRef) -> bool:
    return _NETWORK in outside_bases(cls) and extends_only(cls, (_NETWORK,))


def _is_closed(cls: ClassRef) -> bool:
    """Whether no base of a class calls what it adds."""
    if any(isinstance(base, ast.Call) for base in cls.node.bases):
        return False
    return _is_layer(cls) or not is_run_by_others(cls)
