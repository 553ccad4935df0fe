"""A function or a network that draws from a shared generator is handed to threads or processes.

A matcher cannot say it: the function has to be found from the argument that names it, and its body be read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.execution.incidental import is_incidental
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, Value
from auditor.static.scanning.callprerequisites import call_prerequisites
from auditor.static.scanning.conditions import CallCondition, read_call_condition
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.syntax.elements import call_of
from auditor.static.syntax.nodes import walk

MAX_DEPTH = 8
"""Calls between the function that is handed over and the draw."""

MAX_FUNCTIONS = 200
"""Functions that are looked at for the calls of one file."""

_CALLED = ("forward", "__call__")
"""Methods that run where an object is called."""

_PACKAGES = ("multiprocessing", "torch.multiprocessing")
_CONTEXTS = frozenset(f"{package}.get_context" for package in _PACKAGES)
_SETTING_METHODS = frozenset(f"{package}.set_start_method" for package in _PACKAGES)
_PARALLEL = External("joblib.Parallel")
_INITIALIZERS = {"Pool": 1, "ThreadPool": 1, "ProcessPoolExecutor": 2, "ThreadPoolExecutor": 2}
"""Of pools, by their last names, where a function that prepares each worker stands among the arguments."""

_SETTING_JOBS = frozenset(
    f"{package}.{name}" for package in ("joblib", "joblib.parallel") for name in ("parallel_backend", "parallel_config")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runner:
    """A call that runs the function it is given elsewhere."""

    call: CallCondition
    argument: str
    position: int | None
    inherits: bool
    """It is one process with the state of its parent, where that is how processes are started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    runners: tuple[_Runner, ...]
    classes: frozenset[str]
    """Classes whose `run` is called elsewhere when they are started."""

    libraries: frozenset[str]
    where: str
    """For the message: `in several threads`."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    runners = []
    for entry in table.tables("runners"):
        runner = _Runner(
            call=read_call_condition(entry),
            argument=entry.string("function"),
            position=entry.position("position"),
            inherits=entry.boolean("inherits", False),
        )
        entry.finish()
        runners.append(runner)
    return _Options(
        runners=tuple(runners),
        classes=frozenset(table.strings("classes")),
        libraries=frozenset(table.strings("libraries", required=True)),
        where=table.string("where"),
        program=read_program_condition(table),
    )


class WorkerDrawsDetector(WithOptions[_Options]):
    """`kind = "worker-draws"`."""

    kind = "worker-draws"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        options = self._options.of(rule)
        words = (name.rpartition(".")[2] for name in options.classes)
        return frozenset(word for runner in options.runners for word in runner.call.words).union(words)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        options = self._options.of(rule)
        calls = (each for runner in options.runners for each in call_prerequisites(runner.call))
        return (*calls, *([naming(options.classes)] if options.classes else ()))

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        if _prepares_workers(module):
            return
        search = _Search(project, options.libraries)
        for runner in options.runners:
            for call in runner.call.calls(module):
                methods = _start_methods(module, call.node) if runner.inherits else None
                if methods == {"fork"} or _is_run_here(module, call.node):
                    continue
                given = call.argument(runner.argument, runner.position)
                draw = search.draw_in(_function(module, given)) if given is not None else False
                yield from _told(options, module, call.node, draw, is_open=methods == set())
        for cls in _started(module, options.classes):
            draw = search.draw_in(module.names.attribute(Instance(cls), "run"))
            if search.draw_in(module.names.attribute(Instance(cls), "__init__")) is not True:
                yield from _told(options, module, cls.node, draw, is_open=False)


def _function(module: ModuleFacts, given: ast.expr) -> Value:
    """What a runner is given, of a network what it does when it is called.

    `worker.run` in a loop over workers that the file makes is the method of their class; `model` of
    `model = DataParallel(model)` is what it was before.
    """
    known = module.names.value(given)
    if known is None and isinstance(given, ast.Name):
        bound = [each.value for each in module.lookup.bindings_of(given)]
        others = [value for value in bound if value is not None and module.parent(given) is not value]
        known = module.names.value(others[0]) if len(others) == 1 else None
    if isinstance(known, Instance):
        return _called(module, known)
    if known is not None or not isinstance(given, ast.Attribute) or not isinstance(given.value, ast.Name):
        return known
    bindings = module.lookup.bindings_of(given.value)
    looped = bindings[0].value if len(bindings) == 1 and bindings[0].kind is BindingKind.ELEMENT else None
    if isinstance(looped, ast.Call) and isinstance(looped.func, ast.Attribute) and looped.func.attr == "values":
        looped = looped.func.value
    held = module.origin(looped) if looped is not None else None
    made: ast.expr | None = None
    if isinstance(held, ast.ListComp | ast.DictComp):
        made = held.elt if isinstance(held, ast.ListComp) else held.value
    elif isinstance(held, ast.List | ast.Tuple):
        made = next(iter(held.elts), None)
    owner = module.names.value(made) if made is not None else None
    return module.names.attribute(owner, given.attr) if isinstance(owner, Instance) else None


def _called(module: ModuleFacts, value: Value) -> Value:
    """What runs where something is called: of an object its method."""
    if not isinstance(value, Instance) or not isinstance(value.of, ClassRef):
        return value
    methods = (module.names.attribute(value, name) for name in _CALLED)
    return next((each for each in methods if isinstance(each, FunctionRef)), None)


def _told(
    options: _Options,
    module: ModuleFacts,
    node: ast.Call | ast.ClassDef,
    draw: tuple[ModuleFacts, Call] | bool,
    *,
    is_open: bool,
) -> Iterator[Hit]:
    """`is_open`: the platform says whether it inherits the state of the program."""
    project = module.project
    if isinstance(draw, bool) or options.program.entry_points(module, project) == ():
        return
    place, drawn = draw
    title = project.rng.libraries[_library(drawn, project, options.libraries)].title
    yield Hit(
        location=module.location(node),
        message=f"What runs here {options.where} draws from {title}, which they share or inherit.",
        related=(Related(location=place.location(drawn.node), message=f"draws: {drawn.method}"),),
        confidence=options.program.weakens(module, project) or (Confidence.MEDIUM if is_open else None),
    )


def _started(module: ModuleFacts, bases: frozenset[str]) -> Iterator[ClassRef]:
    """The classes of a file that extend one of these, in order."""
    for node in module.index.functions if bases else ():
        if isinstance(node, ast.ClassDef) and not bases.isdisjoint(module.base_classes(node)):
            yield ClassRef(module, node)


def _start_methods(module: ModuleFacts, node: ast.Call) -> set[object]:
    """How a process is started, by its context or as the file says of all; nothing where the platform decides."""
    context = module.origin(node.func.value) if isinstance(node.func, ast.Attribute) else None
    if isinstance(context, ast.Call) and module.resolve(context.func) in _CONTEXTS:
        calls = [context]
    else:
        calls = [call.node for call in module.calls_to(_SETTING_METHODS)]
    return {part.value for call in calls for part in call.args[:1] if isinstance(part, ast.Constant)}


def _is_run_here(module: ModuleFacts, node: ast.Call) -> bool:
    """Whether a task is one of a `Parallel(n_jobs=1)`: all of them run in the program itself, in order."""
    above = module.parent(node)
    while isinstance(above, ast.expr | ast.comprehension | ast.keyword):
        made = module.names.value(above.func) if isinstance(above, ast.Call) else None
        if isinstance(made, Instance) and made.of == _PARALLEL and made.made_by is not None:
            call = call_of(made.made_by, None)
            jobs = call.argument("n_jobs", 0)
            if jobs is None:
                return not call.opaque and not module.calls_to(_SETTING_JOBS)
            return isinstance(jobs, ast.Constant) and jobs.value in (1, None)
        above = module.parent(above)
    return False


def _prepares_workers(module: ModuleFacts) -> bool:
    """A pool calls a function of the program in each new worker, where seeds are set."""
    return any(_gives_initializer(call) for call, _, _ in module.index.calls)


def _gives_initializer(call: ast.Call) -> bool:
    if any(word.arg == "initializer" for word in call.keywords):
        return True
    place = _INITIALIZERS.get(getattr(call.func, "attr", getattr(call.func, "id", "")))
    return place is not None and isinstance(
        call.args[place] if place < len(call.args) else None, ast.Name | ast.Attribute
    )


class _Search:
    """What functions of the project draw, or that they seed; each is looked at once."""

    def __init__(self, project: Project, libraries: frozenset[str]) -> None:
        self._project = project
        self._libraries = libraries
        self._seen: dict[Function, tuple[ModuleFacts, Call] | bool] = {}

    def draw_in(self, value: Value, depth: int = 0) -> tuple[ModuleFacts, Call] | bool:
        """The first draw in a function, or in those that it calls; True where one of them seeds, False for neither."""
        if not isinstance(value, FunctionRef) or depth > MAX_DEPTH:
            return False
        if value.node not in self._seen and len(self._seen) < MAX_FUNCTIONS:
            self._seen[value.node] = False
            self._seen[value.node] = self._look(value, depth)
        return self._seen.get(value.node, False)

    def _look(self, function: FunctionRef, depth: int) -> tuple[ModuleFacts, Call] | bool:
        found: tuple[ModuleFacts, Call] | bool = False
        for call in _calls_of(function):
            if call.callee in self._project.rng.seed_calls:
                return True
            if not found and _library(call, self._project, self._libraries):
                is_for_nothing = is_incidental(function.module, function.module.statement(call.node))
                found = False if is_for_nothing else (function.module, call)
            elif call.node.func is not function.node:
                called = _called(function.module, function.module.names.value(call.node.func))
                inner = self.draw_in(called, depth + 1)
                if inner is True and not found:
                    return True
                found = found or inner
        return found


def _calls_of(function: FunctionRef) -> Iterator[Call]:
    """The calls that stand in a function's body."""
    inside = {id(node) for node in walk(function.node) if isinstance(node, ast.Call)}
    for call in function.module.calls:
        if id(call.node) in inside:
            yield call


def _library(call: Call, project: Project, libraries: frozenset[str]) -> str:
    """The shared generator that a call always draws from; empty where it does not."""
    if call.callee is None or project.networks.initialises(call.callee):
        return ""
    for candidate in project.rng.candidates(call.callee):
        if candidate.condition is None and candidate.library.id in libraries:
            return candidate.library.id
    return ""


DETECTOR = WorkerDrawsDetector(_read)
