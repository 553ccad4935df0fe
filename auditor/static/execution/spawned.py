"""What holds in a process that is started anew: it inherits nothing of what the program that starts it has seeded."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.static.entrypoints import is_main_guard
from auditor.static.evaluation.rngstate import Level, joined_draws
from auditor.static.resolution.callables import TASKS
from auditor.static.resolution.indirect import is_remote_call
from auditor.static.resolution.values import ClassRef, FunctionRef

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.execution.ledger import Ledger
    from auditor.static.execution.walk import Walk
    from auditor.static.project import Project

_SEEDING_WORKERS = ("local_mode=True", "worker_process_setup_hook", "DebugExecutor", 'cluster="debug"')
"""Settings under which the workers of ray or submitit are the program itself, or are prepared by a function of it."""

_NOTHING: Mapping[str, Level] = {}
_REPLACING = ("load_state_dict", "set_weights")
"""How a network in a worker gets the weights that the program trains."""


class Spawned:
    """The processes that one program starts anew, and how far each is seeded."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._actors: dict[ast.ClassDef, dict[str, Level]] = {}
        """What the constructors and methods of remote classes have seeded, each in the process of its object."""

        self._said: dict[tuple[str, ...], bool] = {}

    @contextmanager
    def importing(self) -> Iterator[None]:
        """In a process that imports the program again, without its main guard."""
        again = _seeded_by_imports(self._walk.ledger, self._walk.project)
        with self._apart({name: level for name, level in self._walk.ledger.state.levels.items() if name in again}):
            yield

    @contextmanager
    def in_pool(self, *, prepares: bool) -> Iterator[None]:
        """In the processes of a pool, which begin with what an initializer has seeded, of whichever pool it is.

        `prepares`: before the first task, by the initializer.
        """
        ledger = self._walk.ledger
        parent = ledger.state
        with self.forked(ledger.prepared):
            yield
            if prepares:
                levels = ledger.state.levels.items()
                ledger.prepared |= {name: level for name, level in levels if level != parent.level(name)}

    @contextmanager
    def forked(self, prepared: Mapping[str, Level] = _NOTHING) -> Iterator[None]:
        """In a process that begins with what is seeded so far, or was `prepared`; what it seeds holds in it alone."""
        walk, ledger = self._walk, self._walk.ledger
        parent = ledger.state
        walk.set_state(replace(parent, levels={**parent.levels, **prepared}, drawn={}, pending=frozenset()))
        yield
        ledger.happen(ledger.state.pending)
        walk.set_state(replace(parent, drawn=joined_draws(parent, ledger.state)))

    def perhaps_in_pool(self, node: ast.Call) -> AbstractContextManager[None]:
        """Where something unknown is handed a function: in a pool, where one is prepared and has such a method."""
        is_task = self._walk.ledger.prepared and isinstance(node.func, ast.Attribute) and node.func.attr in TASKS
        return self.in_pool(prepares=False) if is_task else nullcontext()

    @contextmanager
    def working(self, owner: ClassRef | None = None) -> Iterator[None]:
        """In a worker of ray or submitit, which imports what a function needs and not the program's own file.

        `owner`: the class of the object that lives in this worker.
        """
        walk = self._walk
        if self._says(_SEEDING_WORKERS):
            yield
            return
        again = _seeded_by_imports(walk.ledger, walk.project, but=walk.program)
        levels = {name: level for name, level in walk.ledger.state.levels.items() if name in again}
        kept = self._actors.setdefault(owner.node, {}) if owner is not None else {}
        replaced = self._says(_REPLACING)
        with self._apart(levels | kept):
            walk.ledger.replaced += replaced
            yield
            walk.ledger.replaced -= replaced
            for name, level in walk.ledger.state.levels.items():
                if name not in kept or kept[name].rank < level.rank:
                    kept[name] = level

    def calling(self, value: FunctionRef | ClassRef, node: ast.Call) -> AbstractContextManager[None]:
        """Where `node` calls a function, a class or a method of the project: in a worker for `work.remote(…)`."""
        if not is_remote_call(value, node):
            return nullcontext()
        return self.working(value.owner if isinstance(value, FunctionRef) else value)

    def _says(self, texts: tuple[str, ...]) -> bool:
        """Whether one of the texts stands in the program."""
        if texts not in self._said:
            contain = self._walk.project.texts.contain
            self._said[texts] = any(contain(path, texts) for path in self._walk.within)
        return self._said[texts]

    @contextmanager
    def _apart(self, levels: dict[str, Level]) -> Iterator[None]:
        walk, ledger = self._walk, self._walk.ledger
        parent = ledger.state
        walk.set_state(replace(parent, levels=levels, drawn={}, pending=frozenset()))
        ledger.spawned += 1
        yield
        ledger.finish()
        ledger.spawned -= 1
        walk.set_state(parent)


def _seeded_by_imports(ledger: Ledger, project: Project, but: str | None = None) -> Collection[str]:
    """The libraries that a seed at the top level of a module has seeded so far; `but`: of any other module."""
    return {
        library
        for library, place, _ in ledger.seeds
        if place.function is None and place.path != but and not _is_guarded(place, project)
    }


def _is_guarded(place: Location, project: Project) -> bool:
    module = project.module(place.path)
    if module is None or module.is_notebook:
        return False
    guards = (statement for statement in module.tree.body if is_main_guard(statement))
    return any(guard.lineno <= place.line <= (guard.end_lineno or guard.lineno) for guard in guards)
