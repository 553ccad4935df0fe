"""Calls that leave the project: what a library does with the functions and objects that it is given."""

from __future__ import annotations

import ast
from contextlib import nullcontext
from functools import partial

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.modes import BRANCHING
from auditor.static.execution.madeobjects import is_plain
from auditor.static.execution.protocols import CONSUMING, ENTERING, ITERATING, STACKING, iterated_parts
from auditor.static.resolution.callables import (
    CALLING_BUILTINS,
    HOLDING,
    OFFERING_CLASSES,
    OFFERING_OBJECTS,
    QUIET,
    QUIET_MODULES,
    RUNNERS,
    RUNNING_MAIN,
    SPAWNERS,
    makes_pool,
    makes_process,
    runs_in_processes,
)
from auditor.static.resolution.exposed import offered_functions, offered_methods
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.handed import handed
from auditor.static.resolution.importcalls import IMPORTING, imported_by, is_repeated
from auditor.static.resolution.indirect import APPLYING, LAUNCHING, applied, launched
from auditor.static.resolution.instantiated import INSTANTIATING, instantiated
from auditor.static.resolution.looptables import origin_as_written
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.syntax.elements import call_of, passed

if TYPE_CHECKING:
    from auditor.static.execution.callwalk import CallWalk
    from auditor.static.execution.walk import Walk


class OutsideCalls:
    """The calls of one program that leave the project."""

    def __init__(self, walk: Walk, calls: CallWalk) -> None:
        self._walk = walk
        self._calls = calls
        self._ledger = walk.ledger
        self._rng = walk.project.rng

    def call(self, name: str, node: ast.Call, frame: Frame) -> None:
        """Follow the call of something outside, whose name is known."""
        # `super().__init__()` builds what the class of the same name builds.
        name = name.removesuffix(".__init__")
        seed = self._rng.seed_calls.get(name)
        if seed is not None:
            self._calls.random.seed(seed, name, node, frame)
        self._calls.random.draw(name, node, frame)
        if name in IMPORTING:
            self._import(node, frame)
        if name in INSTANTIATING:
            self._instantiate(node, frame)
        if name in CONSUMING:
            for iterated in (part for given in node.args for part in iterated_parts(given, frame)):
                self._calls.objects.protocol(iterated, ITERATING, frame)
        if name in APPLYING:
            with self._calls.choices.later():
                for method in applied(frame.module, node):
                    self._calls.functions.enter(method, None, frame, at=node, defaults=False)
        if name in LAUNCHING and (call := launched(node)) is not None:
            function = frame.resolve(call.func)
            if isinstance(function, FunctionRef):
                self._calls.functions.enter(function, call, frame, at=call.func)
        elif name in self._rng.loaders:
            self._calls.loaders.make(node, frame)
        elif name in STACKING and node.args:
            self._calls.objects.protocol(node.args[0], ENTERING, frame)
        elif name == "os.environ.setdefault" and len(node.args) > 1:
            self._walk.changes.set_by_default(node, frame)
        elif name in SPAWNERS and not _forks(node):
            self._spawn(name, node, frame)
        elif name in RUNNING_MAIN and call_of(node, name).argument("main", 0) is None:
            self._calls.call_by_name("main", frame)
        elif name in OFFERING_OBJECTS:
            self._offer(node, frame)
        elif name in OFFERING_CLASSES and not node.args:
            self._offer_classes(name.partition(".")[0], node, frame)
        elif name in BRANCHING:
            self._branch(name, node, frame)
        elif name in CALLING_BUILTINS:
            self._called_by_builtin(name, node, frame)
        elif name.startswith(self._rng.run_in_loaders):
            self._calls.loaders.held(name, node, frame)
        elif runs_in_processes(name):
            with (
                self._calls.spawned.forked()
                if makes_process(name)
                else self._calls.spawned.in_pool(prepares=makes_pool(name))
            ):
                self.callbacks(name, node, frame)
        elif name not in QUIET and not name.startswith(QUIET_MODULES):
            self.callbacks(name, node, frame)

    def _import(self, node: ast.Call, frame: Frame) -> None:
        """A module is imported by its name: one of several, or each of them in a loop."""
        paths = [path for path in imported_by(frame.module, node) if not self._walk.was_executed(path)]
        if is_repeated(frame.module, node):
            for path in paths:
                self._walk.run_imported(path, frame.module.location(node))
        else:
            for path in self._calls.choices.one_of(paths):
                self._walk.run_imported(path, frame.module.location(node))

    def _instantiate(self, node: ast.Call, frame: Frame) -> None:
        """`instantiate(cfg.model)`: what the program's configuration names is made, what it is given first."""
        for made in instantiated(frame.module, node):
            self._ledger.is_named = True
            if isinstance(made.value, External) and not made.is_partial:
                self.call(made.value.name, made.call, frame)
            elif isinstance(made.value, ClassRef) and not made.is_partial:
                self._calls.objects.construct(made.value, made.call, frame, at=node)
            elif isinstance(made.value, FunctionRef) and not made.is_partial:
                self._calls.functions.enter(made.value, made.call, frame, at=node)

    def _spawn(self, name: str, node: ast.Call, frame: Frame) -> None:
        """Nothing that the program seeded holds in a new process, but for what imports seed there again."""
        function = call_of(node, None).argument(SPAWNERS[name], 0)
        value = frame.resolve(function) if function is not None else None
        is_sent = name.startswith(("ray.", "submitit."))
        with self._calls.spawned.working() if is_sent else self._calls.spawned.importing():
            call = handed(name, node, partial(origin_as_written, frame.module))
            if isinstance(value, FunctionRef):
                self._calls.functions.enter(value, call, frame, at=function, defaults=call is not None)
            elif is_sent:
                self.callbacks(name, node, frame)

    def _offer(self, node: ast.Call, frame: Frame) -> None:
        """`fire.Fire(Commands)`: one of the functions or methods is called, as the command line says."""
        offered: list[tuple[FunctionRef, ast.expr]] = []
        for part in passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                offered.append((value, part))
            elif isinstance(value, ClassRef):
                self._calls.objects.construct(value, None, frame, at=part, defaults=True)
                offered.extend((method, part) for method in offered_methods(value))
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                offered.extend((method, part) for method in offered_methods(value.of))
        if not node.args and all(word.arg != "component" and word.arg != "components" for word in node.keywords):
            offered.extend((function, node) for function in offered_functions(frame.module))
        for function, at in self._calls.choices.one_of(offered):
            self._calls.functions.enter(function, None, frame, at=at)
            self._ledger.happen(self._ledger.state.pending)  # no other command comes behind it

    def _offer_classes(self, package: str, node: ast.Call, frame: Frame) -> None:
        """`luigi.run()`: an object of one of the file's classes is made and run, as the command line says."""
        classes = (ClassRef(frame.module, each) for each in frame.module.tree.body if isinstance(each, ast.ClassDef))
        offered = [
            each
            for each in classes
            if any(base.startswith(f"{package}.") for base in frame.module.base_classes(each.node))
        ]
        for cls in self._calls.choices.one_of(offered):
            self._calls.objects.construct(cls, None, frame, at=node, defaults=True)
            self._calls.objects.sweep(Instance(cls), frame, node)

    def _branch(self, name: str, node: ast.Call, frame: Frame) -> None:
        """`tf.cond(is_training, lambda: tf.nn.dropout(x), lambda: x)`: one of two functions is called."""
        call = call_of(node, name)
        trained = self._walk.trained(call.argument("pred", 0), frame)
        arms = (call.argument("true_fn", 1), True), (call.argument("false_fn", 2), False)
        for part, holds in self._calls.choices.one_of(arms):
            value = frame.resolve(part) if part is not None else None
            if isinstance(value, FunctionRef):
                self._ledger.training += trained is holds
                self._calls.functions.enter(value, None, frame, at=part)
                self._ledger.training -= trained is holds

    def _called_by_builtin(self, name: str, node: ast.Call, frame: Frame) -> None:
        """`map(random.gauss, means, deviations)`: what is called may also be a library's."""
        self.callbacks(name, node, frame)
        index = CALLING_BUILTINS[name]
        called = call_of(node, name).argument("key", None) if index is None else call_of(node, name).argument("", index)
        value = frame.resolve(called) if called is not None else None
        if called is not None and isinstance(value, External):
            call = ast.copy_location(ast.Call(func=called, args=[], keywords=[]), called)
            self._calls.random.draw(value.name, call, frame)

    def callbacks(self, name: str, node: ast.Call, frame: Frame) -> None:
        """Functions passed by name are called; objects of classes that extend the outside have their methods called."""
        call = handed(name, node, partial(origin_as_written, frame.module))
        for part in passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                given = call if call is not None and part is call.func else None
                is_known = given is not None or name in RUNNERS
                with self._calls.choices.later() if not is_known and _makes_object(name) else nullcontext():
                    self._calls.functions.enter(value, given, frame, at=part, defaults=is_known)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._calls.objects.sweep(value, frame, part, is_held=name in HOLDING)
            elif isinstance(value, ClassRef) and not is_plain(value) and not _only_registers(name):
                with self._calls.choices.later() if _only_keeps(name) else nullcontext():
                    self._calls.objects.construct(value, None, frame, at=part)
                    self._calls.objects.sweep(Instance(value), frame, part)
            elif value is None and isinstance(part, ast.Name | ast.Attribute):
                self._taken(part, frame)
                if isinstance(part, ast.Attribute) and self._walk.relevance.is_method(part.attr):
                    self._methods(part, frame)

    def _taken(self, part: ast.expr, frame: Frame) -> None:
        """`trainer.fit(model)`, where a configuration says which of several the model is."""
        possible = self._walk.possible(frame.module, part)
        if self._walk.is_taken(part):
            objects = [each for each in possible if isinstance(each, Instance) and isinstance(each.of, ClassRef)]
            for each in self._calls.choices.one_of(objects, is_taken=True):
                self._calls.objects.sweep(each, frame, part, is_taken=True)

    def _methods(self, part: ast.Attribute, frame: Frame) -> None:
        """`Thread(target=worker.run)` in a loop over workers: one of the methods that this may be is called."""
        found = [each for each in self._walk.possible(frame.module, part) if isinstance(each, FunctionRef)]
        for method in self._calls.choices.one_of(found):
            self._calls.functions.enter(method, None, frame, at=part, defaults=False)


def _forks(node: ast.Call) -> bool:
    """`start_processes(work, start_method="fork")`: the children inherit what the parent seeded."""
    method = call_of(node, None).argument("start_method", 5)
    return isinstance(method, ast.Constant) and method.value == "fork"


def _only_keeps(name: str) -> bool:
    """`config = Config(model=Net)`: what reads a configuration makes one later, often behind the seed that it says."""
    last = name.rpartition(".")[2]
    return last[:1].isupper() and last.endswith(("Config", "Configuration", "Settings"))


def _makes_object(name: str) -> bool:
    """`Field(tokenize=cleaned)`, `transforms.Lambda(noisy)`: an object keeps a function, and calls it later."""
    return name.rpartition(".")[2][:1].isupper()


def _only_registers(name: str) -> bool:
    """`AutoModel.register(Config, Model)`: what makes one later gives it stored weights, or is told by itself."""
    holder, _, method = name.rpartition(".")
    return method == "register" and holder.rpartition(".")[2][:1].isupper()
