"""Which functions can lead to a draw or a seed at all: the others need not be followed.

A graph of who mentions whom, over all modules that the programs import, without regard to order and conditions; it
holds too much rather than too little.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Container, Iterable, Iterator
from functools import partial

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.classmentions import ClassMentions
from auditor.static.evaluation.dispatchtables import called_out_of, picks_by_key
from auditor.static.execution.ofinterest import OF_INTEREST, of_interest
from auditor.static.execution.protocols import is_run_by_others
from auditor.static.facts import ModuleFacts
from auditor.static.files.importgraph import importers
from auditor.static.names import PARTIAL, method_kind
from auditor.static.resolution.callables import OFFERING_OBJECTS, QUIET
from auditor.static.resolution.candidates import Candidates
from auditor.static.resolution.configured import COMMAND_LINES, configured, of_command_line
from auditor.static.resolution.contents import collections_in
from auditor.static.resolution.handed import HANDING, handed
from auditor.static.resolution.handedmodules import are_handed_on
from auditor.static.resolution.hierarchy import Hierarchy
from auditor.static.resolution.importcalls import imported_by, may_import
from auditor.static.resolution.indirect import APPLYING, REMOTE, applied, called_later, dispatched, running
from auditor.static.resolution.instantiated import INSTANTIATING, instantiated
from auditor.static.resolution.looptables import origin_as_written
from auditor.static.resolution.mappings import filling_around
from auditor.static.resolution.members import table_of
from auditor.static.resolution.picked import is_evaluating, looks_up, picked
from auditor.static.resolution.registries import Registries
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import FUNCTIONS, Function, every_argument
from auditor.static.text.commandgroups import REGISTERING, registration

if TYPE_CHECKING:
    from auditor.static.project import Project

_HANDING = frozenset(HANDING)

_CLOCKS = frozenset(
    {
        "ctime", "date", "getpid", "getppid", "getrandom", "gethostname", "hash", "monotonic", "monotonic_ns", "now",
        "perf_counter", "perf_counter_ns", "process_time", "randbits", "strftime", "time", "time_ns", "today",
        "token_bytes", "token_hex", "urandom", "utcnow", "uuid1", "uuid4",
    }
)  # fmt: skip
"""Identifiers of which one stands in a function that reads a clock or asks the system for entropy."""

CONSTRUCTORS = ("__new__", "__init__", "__post_init__")
CALLED = ("__call__", "forward", "call")

Definition = Function | ast.ClassDef
Group = Definition | ast.Call
"""What may hold commands: a function as in click, or what a call makes as in typer."""


class Relevance:
    """Functions and classes that count, of some modules."""

    def __init__(
        self, project: Project, modules: Iterable[ModuleFacts], registries: Registries, mentions: ClassMentions
    ) -> None:
        """`registries`: what these modules register; `mentions`: which of the programs' files name which class."""
        self._project = project
        self._rng = project.rng
        self._modules = tuple(modules)
        self.registries = registries
        self.mentions = mentions
        self._known = {
            node for module in self._modules for node, name in module.index.functions.items() if name != PARTIAL
        }
        self._hierarchy = Hierarchy(self._modules)
        self._users: dict[Group, list[Group]] = {}
        self._relevant: set[Group] = set()
        self._differing: set[Group] = set()
        """Functions that may return something that differs from run to run."""

        self._returning: set[Group] = set()
        """Functions that return anything."""

        self._top_level: dict[str, list[Group]] = {}
        """What the top levels of modules lead to."""

        self._commands: dict[Value, list[tuple[str, FunctionRef | Instance]]] = {}
        """By group: the commands that other files than its own add to it, with their file."""

        self._working: set[str] = set()
        self._asked: dict[ast.expr, tuple[str, bool]] = {}
        """The file that an expression stands in, and whether it may be anything."""

        self._asked_held: dict[ast.expr, tuple[str, bool]] = {}
        """The same of what a collection holds."""

        self.candidates = Candidates(registries)
        self._open: list[tuple[ModuleFacts, ast.Call, Definition | None]] = []
        """Calls of which it is not certain what they call."""

        self._composing: list[tuple[ModuleFacts, ast.Call, Definition | None]] = []
        """Calls of what will call what a list holds: `transforms.Compose(steps)`."""

        self._methods_named = {
            child.name
            for node in self._known
            if isinstance(node, ast.ClassDef)
            for child in node.body
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not child.decorator_list
        }
        """Of the methods that are no properties: a value is read far more often than a method is handed on."""

        self._names = {node.name for node in self._known if not isinstance(node, ast.Lambda)}
        self._hands_modules_on = any(map(are_handed_on, self._modules))
        self._connect()

    def _connect(self) -> None:
        """Find out who uses whom, and what counts therefore."""
        for module in self._modules:
            self._read(module)
        unknown = [each for each in self._open if not self._read_open(*each)]
        for module, call, function in self._composing:
            for part in collections_in(call):
                for value in self.candidates.held(module, part):
                    self._note(module, call, function, value.of if isinstance(value, Instance) else value)
        if self.candidates.take_up():
            for each in unknown:
                self._read_open(*each)
        self._spread(self._relevant)
        self._spread(self._differing, self._returning)

    def is_relevant(self, node: Definition) -> bool:
        """Whether executing a function, or using a class, can lead to a draw or a seed."""
        return node in self._relevant or node not in self._known

    def may_differ(self, node: Definition) -> bool:
        """Whether a function may return something that differs from run to run: a clock's number, a process id."""
        return node in self._differing

    def commands(self, group: FunctionRef | Instance, within: Container[str]) -> list[FunctionRef | Instance]:
        """What other files than its own, of these, add to a group of commands."""
        return [command for path, command in self._commands.get(group, ()) if path in within]

    def may_be(self, module: ModuleFacts, node: ast.expr) -> bool:
        """Whether an expression may be anything in any of the programs."""
        known = self._asked.get(node)
        if known is None:
            known = self._asked[node] = module.path, bool(self.candidates.possible(module, node))
        return known[1]

    def may_hold(self, module: ModuleFacts, node: ast.expr) -> bool:
        """Whether a collection may hold anything in any of the programs."""
        known = self._asked_held.get(node)
        if known is None:
            known = self._asked_held[node] = module.path, bool(self.candidates.held(module, node))
        return known[1]

    def asked(self) -> Iterator[tuple[str, ast.expr, bool, bool]]:
        """What was asked: the file, the expression, whether what it holds was meant, and the answer."""
        for node, (path, answer) in self._asked.items():
            yield path, node, False, answer
        for node, (path, answer) in self._asked_held.items():
            yield path, node, True, answer

    def told(self, module: ModuleFacts) -> tuple[object, ...]:
        """What may be asked of the definitions of a file, as plain values."""
        known = [node for node in module.index.functions if node in self._known]
        return (
            self.is_working(module),
            len(known),
            [number for number, node in enumerate(known) if node in self._relevant],
            [number for number, node in enumerate(known) if node in self._differing],
        )

    def methods_named(self) -> list[str]:
        """Of the methods that are no properties."""
        return sorted(self._methods_named)

    def commands_added(self) -> Iterator[tuple[Value, FunctionRef | Instance]]:
        """Groups of commands, each with a command that another file than its own adds to it."""
        for group, commands in self._commands.items():
            yield from ((group, command) for _, command in commands)

    @property
    def modules(self) -> tuple[ModuleFacts, ...]:
        """Those that it was found out over."""
        return self._modules

    def _spread(self, found: set[Group], among: Container[Group] | None = None) -> None:
        """What uses what was found is found, too."""
        pending = list(found)
        while pending:
            for user in self._users.get(pending.pop(), ()):
                if user not in found and (among is None or user in among):
                    found.add(user)
                    pending.append(user)

    def is_method(self, name: str) -> bool:
        """Whether a method of any class is called so, and is no property."""
        return name in self._methods_named

    def is_working(self, module: ModuleFacts) -> bool:
        """Whether a module's top level, apart from its imports, can lead to a draw or a seed."""
        return module.path in self._working or any(
            node in self._relevant for node in self._top_level.get(module.path, ())
        )

    def close(self) -> None:
        """Let go of everything; what flows where refers to itself, and holds trees that no collector would find."""
        self.candidates.close()
        vars(self).clear()

    # -- the graph ------------------------------------------------------------------------------------------------

    def _read(self, module: ModuleFacts) -> None:
        index = module.index
        for node in list(index.functions):  # resolving a name can add a partial
            outer = _holder(module, node)
            if outer is not None:
                self._users.setdefault(node, []).append(outer)
            if isinstance(node, ast.Lambda) or (isinstance(node, FUNCTIONS) and module.returns(node)):
                self._returning.add(node)
                words = module.identifiers_in(node.body) if isinstance(node, ast.Lambda) else index.words.get(node, ())
                if not _CLOCKS.isdisjoint(words):
                    self._differing.add(node)
        self._relevant.update(of_interest(module))
        self._relevant.update(filling_around(module))
        for statement, function in index.imports:
            if function is not None and self._executes(module, statement):
                self._relevant.add(function)
        seeds: set[str] = set()
        for call, function, _ in index.calls:
            for target in self._targets(module, call):
                self._note(module, call, function, target)
                if isinstance(target, External) and target.name in self._rng.seed_calls:
                    seeds.update(
                        *(module.identifiers_in(each) for each in (*call.args, *(word.value for word in call.keywords)))
                    )
            self._hand_over(module, call, function)
            if (registered := registration(call)) is not None:
                self._hold(module, registered[0], module.names.value(registered[1]))
            is_made = configured(module, call, module.names.value(call.func)) is not None
            if is_made or (may_import(call) and any(map(self._project.matters, imported_by(module, call)))):
                self._relevant.update([function] if function is not None else [])
                self._working.update([module.path] if function is None else [])
        if seeds:
            # `global NUMBER`, of which the seed is made.
            scopes = ((node, index.scopes.get(node)) for node in index.functions)
            self._relevant.update(node for node, scope in scopes if scope and not seeds.isdisjoint(scope.elsewhere))
        for node in list(index.functions):
            for decorator in getattr(node, "decorator_list", ()):
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                self._use(node, module.names.value(called))
                if isinstance(called, ast.Attribute) and called.attr in REGISTERING and isinstance(node, FUNCTIONS):
                    self._hold(module, called.value, FunctionRef(module, node))
            if isinstance(node, ast.FunctionDef) and node.decorator_list and _is_called(module, node):
                self._top_level.setdefault(module.path, []).append(node)

    def _hold(self, module: ModuleFacts, named: ast.expr, command: Value) -> None:
        """Note that who calls a group of commands may call this one."""
        group = module.names.value(named)
        holder, held = _group(group), _group(command)
        if holder is None or held is None:
            return
        self._users.setdefault(held, []).append(holder)
        if not isinstance(group, FunctionRef | Instance) or not isinstance(command, FunctionRef | Instance):
            return
        if group.module is not module:
            self._commands.setdefault(group, []).append((module.path, command))

    def _note(self, module: ModuleFacts, call: ast.Call, user: Definition | None, target: Value | str) -> None:
        if user is not None:
            self._use(user, target)
        else:
            self._use_at_top(module, call, target)

    def _hand_over(self, module: ModuleFacts, call: ast.Call, function: Definition | None) -> None:
        """Note what a call gives the parameters of the project's functions, or that it is not certain what it calls."""
        value = module.names.value(call.func)
        if value is None and self._may_be_ours(module, call.func):
            self._open.append((module, call, function))
        else:
            if isinstance(value, External) and value.name not in QUIET:
                self._hand_over_methods(module, call, function)
            if isinstance(value, External) and value.name.startswith(self._rng.run_in_loaders):
                self._composing.append((module, call, function))
            self._give(module, call, value, certain=True)
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in _HANDING:
            made = handed(module.resolve(call.func), call, partial(origin_as_written, module))
            if made is not None:  # `pool.map(work, [(row, sampler) for row in rows])`
                self._give(module, made, module.names.value(made.func), certain=True)

    def _hand_over_methods(self, module: ModuleFacts, call: ast.Call, function: Definition | None) -> None:
        """`Thread(target=worker.run)`, where it is not certain whose method that is: something outside calls it."""
        for part in (*call.args, *(word.value for word in call.keywords)):
            if isinstance(part, ast.Attribute) and self.is_method(part.attr) and module.names.value(part) is None:
                called = ast.copy_location(ast.Call(func=part, args=[], keywords=[]), part)
                self._open.append((module, called, function))

    def _give(self, module: ModuleFacts, call: ast.Call, value: Value, *, certain: bool) -> None:
        if isinstance(value, FunctionRef):
            skipped = int(value.bound or method_kind(value.node) == "class")
            self.candidates.note(module, call, value, skipped=skipped, certain=certain)
        elif isinstance(value, ClassRef):
            made = value.module.names.attribute(Instance(value), "__init__")
            if isinstance(made, FunctionRef):
                self.candidates.note(module, call, made, skipped=1, certain=certain)
            else:
                self.candidates.note_fields(module, call, value, certain=certain)

    def _may_be_ours(self, module: ModuleFacts, called: ast.expr) -> bool:
        """Whether a name that is not resolved may be of the project: nobody here writes a `.mean()`."""
        if isinstance(called, ast.Attribute) and called.attr == REMOTE:
            called = called.value
        if not isinstance(called, ast.Attribute):
            if isinstance(called, ast.Name) or looks_up(called) or is_evaluating(called):
                return True
            return picks_by_key(module, called)
        is_known = called.attr in self._names or called.attr in self._rng.object_methods
        may_be_module = self._hands_modules_on and not isinstance(called.value, ast.Constant)  # `self.rng.normal()`
        return is_known or isinstance(called.value, ast.Name) or may_be_module

    def _read_open(self, module: ModuleFacts, call: ast.Call, function: Definition | None) -> bool:
        """Note what a call may call, and what it would give that; False where nobody knows of anything."""
        found = self.candidates.possible(module, call.func)
        for value in found:
            self._give(module, call, value, certain=False)
            targets: Iterable[Value | str] = (value,)
            if isinstance(value, ClassRef):
                targets = self._constructed(value)
            elif isinstance(value, Instance):
                targets = self._called(value)
            for target in targets:
                self._note(module, call, function, target)
        return bool(found)

    def _executes(self, module: ModuleFacts, statement: ast.Import | ast.ImportFrom) -> bool:
        paths = self._project.targets_of(statement, module.path)
        return any(self._project.matters(path) for path in paths)

    def _use(self, user: Definition, target: Value | str) -> None:
        """`user` may do what `target` does; a text is the name of something outside."""
        if isinstance(target, str):
            target = target.removesuffix(".__init__")
            if self._rng.is_known(target) or target in self._rng.loaders:
                self._relevant.add(user)
        elif isinstance(target, External):
            self._use(user, target.name)
        elif isinstance(target, FunctionRef) and (inner := target.module.names.wrapped(target)) is not target:
            self._use(user, inner)
        elif (used := _group(target)) is not None:
            self._users.setdefault(used, []).append(user)

    def _use_at_top(self, module: ModuleFacts, call: ast.Call, target: Value | str) -> None:
        if isinstance(target, FunctionRef):
            target = target.module.names.wrapped(target)
        name = target.name if isinstance(target, External) else target
        if not isinstance(name, str) and (used := _group(name)) is not None:
            self._top_level.setdefault(module.path, []).append(used)
        elif isinstance(name, str) and (self._rng.is_known(name) or name in self._rng.loaders):
            self._working.add(module.path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in OF_INTEREST:
            self._working.add(module.path)

    def _targets(self, module: ModuleFacts, call: ast.Call) -> Iterator[Value | str]:
        value = module.names.value(call.func)
        if isinstance(value, ClassRef):
            yield from self._constructed(value)
            if is_run_by_others(value):
                yield value
        else:
            yield value
        if isinstance(call.func, ast.Subscript):
            yield from table_of(module, call.func.value)
        if isinstance(call.func, ast.Subscript | ast.Call):
            yield from called_out_of(module, call.func)
        taken = self.registries.picked(module, call.func, None, None) if value is None else []
        for each in (*picked(module, call), *taken, *self.registries.built(module, call, None, None)):
            yield from self._constructed(each) if isinstance(each, ClassRef) else (each,)
        if isinstance(value, Instance):
            yield from self._called(value)
        if isinstance(value, FunctionRef):
            yield from dispatched(value)
        elif isinstance(value, External) and value.name in APPLYING:
            yield from applied(module, call)
        if isinstance(value, External) and value.name in INSTANTIATING:
            for made in (each.value for each in instantiated(module, call)):
                yield from self._constructed(made) if isinstance(made, ClassRef) else (made,)
                if isinstance(made, ClassRef) and is_run_by_others(made):
                    yield made
        parts = of_command_line(module, call) if _makes_parts(value) else ()
        for made in (*(configured(module, call, value) or ()), *(cls for part in parts for cls in part)):
            yield from self._constructed(made) if isinstance(made, ClassRef) else (made,)
            if isinstance(made, ClassRef) and is_run_by_others(made):
                yield made
        if isinstance(call.func, ast.Attribute):
            if self._rng.by_method(call.func.attr):
                yield from (library.seed_calls[0].call for library in self._rng.by_method(call.func.attr))
            yield from self._overrides(module, call.func, value)
        for part in (*call.args, *(word.value for word in call.keywords)):
            if not isinstance(part, ast.Constant):
                yield from self._passed(module, part)
            if isinstance(part, ast.Dict) and isinstance(value, External) and value.name in OFFERING_OBJECTS:
                for command in part.values:
                    yield from self._passed(module, command)

    def _passed(self, module: ModuleFacts, part: ast.expr) -> Iterator[Value]:
        for leaf in part.elts if isinstance(part, ast.List | ast.Tuple) else (part,):
            if isinstance(leaf, ast.Name | ast.Attribute | ast.Call | ast.Lambda):
                value = module.names.value(leaf)
                yield value.of if isinstance(value, Instance) else value

    def _constructed(self, cls: ClassRef) -> Iterator[Value | str]:
        made = Instance(cls)
        for name in CONSTRUCTORS:
            method = cls.module.names.attribute(made, name)
            yield method.name.removesuffix(f".{name}") if isinstance(method, External) else method

    def _called(self, made: Instance) -> Iterator[Value]:
        if isinstance(made.of, ClassRef):
            for name in CALLED:
                yield made.of.module.names.attribute(made, name)
                yield from (
                    FunctionRef(made.of.module, node) for node in self._hierarchy.methods_below(made.of.node, name)
                )

    def _overrides(self, module: ModuleFacts, called: ast.Attribute, value: Value) -> Iterator[Value]:
        """`self.step()` may be any subclass's; `super().step()` that of a class which one extends besides."""
        owner: ast.ClassDef | None = None
        if isinstance(called.value, ast.Call) and getattr(called.value.func, "id", "") == "super":
            mixin = module.enclosing_class(called)
            beside = self._hierarchy.methods_beside(mixin, called.attr) if mixin is not None else []
            yield from (FunctionRef(module, node) for node in beside)
        if isinstance(value, FunctionRef) and value.owner is not None:
            owner = value.owner.node
        elif isinstance(called.value, ast.Name):
            function = module.enclosing_function(called)
            holder = module.parent(function) if function is not None else None
            first = every_argument(function.args)[:1] if function is not None else []
            if isinstance(holder, ast.ClassDef) and first and first[0].arg == called.value.id:
                owner = holder
        if owner is not None:
            yield from (FunctionRef(module, node) for node in self._hierarchy.methods_below(owner, called.attr))


def _is_called(module: ModuleFacts, node: ast.FunctionDef) -> bool:
    """Whether a decorator calls the function below it, at once or later."""
    return running(module, node) is not None or called_later(module, node) is not None


def _makes_parts(value: Value) -> bool:
    """Whether what is called makes what documents name: `LightningCLI()`, or a class of the project that extends it."""
    if isinstance(value, ClassRef):
        return not COMMAND_LINES.isdisjoint(value.module.base_classes(value.node))
    return isinstance(value, External) and value.name in COMMAND_LINES


def _group(value: Value) -> Group | None:
    """The definition of a function or class, or the call that made an object."""
    if isinstance(value, FunctionRef | ClassRef):
        return value.node
    return value.made_by if isinstance(value, Instance) else None


def _holder(module: ModuleFacts, node: Definition) -> Definition | None:
    """The function or class that a definition stands in."""
    return next((each for each in module.around(node) if isinstance(each, (*FUNCTIONS, ast.ClassDef))), None)


def relevance_of(project: Project, paths: Collection[str]) -> Relevance:
    """Of those of some files that count, and of those that take something out of the tables in which they register."""
    counting = {path for path in paths if project.matters(path)}
    modules = _parsed(project, counting)
    registries = Registries(modules)
    homes = registries.homes().intersection(paths)
    users = importers(((path, project.graph.imports(path)) for path in paths), homes) - counting if homes else None
    if users:
        modules = _parsed(project, counting | users)
    return Relevance(project, modules, registries, ClassMentions(project, paths))


def _parsed(project: Project, paths: Iterable[str]) -> list[ModuleFacts]:
    return [module for path in sorted(paths) if (module := project.module(path)) is not None]
