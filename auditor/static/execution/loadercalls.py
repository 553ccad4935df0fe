"""Loaders: what they are given is called later, perhaps in workers."""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.furtherarguments import written_out
from auditor.static.execution.datasetparts import DIVIDING, undivided
from auditor.static.execution.workerseeds import fixed_in_workers
from auditor.static.resolution.contents import PUTTING, collections_in
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.elements import call_of, passed
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.execution.callwalk import CallWalk
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.values import Value


MAX_DIVIDED = 20
"""Classes of data sets that a loader may ask for a part."""

_STARTING = 10
"""The place of `worker_init_fn`."""

_KEPT_AS = "dataset"
"""The attribute of a loader that holds what it asks."""

LOADER_METHODS = ("__getitem__", "__getitems__", "__iter__", "__next__")


class LoaderCalls:
    """The loaders of one program."""

    def __init__(self, walk: Walk, calls: CallWalk) -> None:
        self._walk = walk
        self._calls = calls
        self._ledger = walk.ledger
        self._composed: dict[str, set[tuple[ast.AST | None, str]]] = {}
        """By path: the names of lists of which only things for loaders are made, and the functions they stand in."""

        self._divided: dict[ClassRef, Instance] = {}
        """The data sets of which parts were made, one of each class."""

    def make(self, node: ast.Call, frame: Frame) -> None:
        """A DataLoader: its dataset and collate function are called later, perhaps in workers."""
        call = call_of(written_out(self._walk.evaluator, node, frame), None)
        workers = call.argument("num_workers", 5)
        unset = GIVEN if call.opaque else Seen(SeedValue.FIXED, 0, True)
        seen = self._walk.evaluator.value(workers, frame) if workers is not None else unset
        in_worker = seen.constant > 0 if seen.is_constant and isinstance(seen.constant, int) else None
        if in_worker is not False:
            started = call.argument("worker_init_fn", _STARTING)
            self._ledger.workers(fixed_in_workers(frame.resolve(started) if started is not None else None))
        parts = [*node.args, *(word.value for word in node.keywords if word.arg != "worker_init_fn")]
        # Samplers run in the program itself, whatever the workers do.
        in_program = [call.argument(name, None) for name in ("sampler", "batch_sampler")]
        generator = call.argument("generator", None)
        if (
            in_worker
            and generator is not None
            and self._walk.evaluator.value(generator, frame).kind is not SeedValue.NONE
        ):
            # Workers take their seeds from the loader's own generator, whatever the global ones do.
            parts = [part for part in parts if part in in_program]
        before = self._ledger.state.pending
        kept = self._ledger.worker
        self._ledger.deferring += 1
        for part in parts:
            self._ledger.worker = kept if part in in_program else in_worker
            self._loaded(part, frame)
        self._ask_any(call.argument("dataset", 0), frame, in_worker)
        self._ledger.deferring -= 1
        self._ledger.worker = kept
        self._calls.random.remember(node, before)

    def are_all(self, called: Sequence[Value]) -> bool:
        """Whether whatever may be called is a loader, one of them a library's own: that has asked what it is given."""
        loaders = self._walk.project.rng.loaders
        own = [isinstance(each, External) and each.name in loaders for each in called]
        return any(own) and all(
            is_own or (isinstance(each, ClassRef) and _only_asks(each, loaders))
            for each, is_own in zip(called, own, strict=True)
        )

    def _ask_any(self, dataset: ast.expr | None, frame: Frame, in_worker: bool | None) -> None:
        """A loader without workers asks something of which nothing is known: it may be a part of what has some."""
        known = frame.resolve(dataset) if dataset is not None else None
        made = known.of if isinstance(known, Instance) else known
        is_open = known is None or (isinstance(made, External) and made.name in DIVIDING)
        if dataset is None or in_worker is not False or not self._divided or not is_open:
            return
        if next(undivided(frame.module, dataset), None) is None and not self._walk.possible(frame.module, dataset):
            self._ledger.worker = in_worker
            for each in list(self._divided.values())[:MAX_DIVIDED]:
                self._asked([each], dataset, frame)

    def _loaded(self, part: ast.expr, frame: Frame) -> None:
        """What a loader is given is a function that it calls, or an object that it asks for items: one of several."""
        if isinstance(part, ast.IfExp):
            part = self._walk.branches.chosen(part, frame) or part
        parts = list(undivided(frame.module, part))
        for module, each in parts:
            # What another function made is asked as what is known of it there.
            known = frame.resolve(each) if module is frame.module else module.names.value(each)
            self._asked([known] if known is not None else self._walk.possible(module, each), part, frame)
        if not parts:
            known = frame.resolve(part)
            self._asked([known] if known is not None else self._walk.possible(frame.module, part), part, frame)

    def _asked(self, values: Sequence[Value], part: ast.expr, frame: Frame) -> None:
        for value in self._calls.choices.one_of(values, is_taken=self._walk.is_taken(part)):
            if isinstance(value, FunctionRef):
                self._calls.functions.enter(value, None, frame, at=part)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._calls.objects.methods(value, LOADER_METHODS, frame, part)

    def held(self, name: str, node: ast.Call, frame: Frame) -> None:
        """`transforms.Compose([Blur()])`: called where a loader asks for items, perhaps in its workers.

        So is what a list holds that has a name: `steps = [Blur()]`, `transforms.Compose(steps)`.
        """
        for part in passed(node) if name in DIVIDING else ():
            made = frame.resolve(part)
            if isinstance(made, Instance) and isinstance(made.of, ClassRef):
                self._divided[made.of] = made
        kept = self._ledger.worker
        self._ledger.worker = kept or None
        self._calls.outside.callbacks(name, node, frame)
        for part in collections_in(node):
            for value in self._walk.held(frame.module, part) if frame.resolve(part) is None else ():
                if isinstance(value, FunctionRef):
                    self._calls.functions.enter(value, None, frame, at=part, defaults=False)
                elif isinstance(value, Instance) and self._calls.functions.may_be_made(value):
                    # What other arms would put into the list is not made in this program.
                    self._calls.objects.sweep(value, frame, part)
        self._ledger.worker = kept

    def collects(self, node: ast.Call, frame: Frame) -> bool:
        """`steps.append(Blur())` for `transforms.Compose(steps)` of the same function, which calls it."""
        put = node.func
        if not isinstance(put, ast.Attribute) or put.attr not in PUTTING or not isinstance(put.value, ast.Name):
            return False
        module = frame.module
        if module.path not in self._composed:
            made_of = {
                part
                for call in module.calls
                if (call.callee or "").startswith(self._walk.project.rng.run_in_loaders)
                for part in call.node.args
                if isinstance(part, ast.Name)
            }
            lists = {(module.enclosing_function(part), part.id) for part in made_of}
            self._composed[module.path] = {each for each in lists if _is_only_filled(module, *each, made_of)}
        return (module.enclosing_function(node), put.value.id) in self._composed[module.path]


def _is_only_filled(module: ModuleFacts, function: Function | None, name: str, made_of: Container[ast.AST]) -> bool:
    """Whether a list is only put into, apart from what is made of it: nothing else may call what it holds."""
    reads = (node for node in names_of(module).get(name, ()) if isinstance(node.ctx, ast.Load))
    here = (node for node in reads if module.enclosing_function(node) is function and node not in made_of)
    return all(_is_put_into(module.parent(node)) for node in here)


def _is_put_into(parent: ast.AST | None) -> bool:
    """`steps.append(…)`, `steps.extend(…)`; looking at a list does nothing with what it holds: `len(steps)`."""
    if isinstance(parent, ast.Attribute):
        return parent.attr in PUTTING or parent.attr == "extend"
    return isinstance(parent, ast.Call) and getattr(parent.func, "id", "") in ("len", "print")


def _only_asks(cls: ClassRef, loaders: Container[str]) -> bool:
    """Whether a class extends a loader, and calls nothing else of the data: `self.dataset.shuffle()`."""
    reads = (part.value for part in walk(cls.node) if isinstance(part, ast.Attribute))
    is_loader = any(name in loaders for name in cls.module.base_classes(cls.node))
    return is_loader and not any(getattr(read, "attr", "") == _KEPT_AS for read in reads)
