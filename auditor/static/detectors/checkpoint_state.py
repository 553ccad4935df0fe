"""Checkpoints from which the program resumes, but which lack something that the training depends on.

A matcher cannot say it: what a checkpoint holds is in the dictionary that is saved, and whether the program resumes is
in what it reads back.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.execution.weights import UNPICKLERS, is_loading
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.resolution.values import FunctionRef
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import program_files
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.bindings import every_argument
from auditor.static.syntax.nodes import walk

_OPTIMIZER = "optim"
_EPOCHS = frozenset({"epoch", "epochs", "global_step", "iter", "iteration", "start_epoch", "step"})

_RESTORING = ("load_state_dict", "optim", "Optim")
"""Texts of which one stands in a file that gives an optimizer its state back."""

_STORED = ("checkpoint", "ckpt")
"""Parts of the names of what was loaded."""

_FOLLOWING = frozenset({"backward"})

_WEIGHTS = ("model", "net", "param", "state_dict", "weight")
"""Parts of the keys under which weights are kept."""

_RESUME = "resume"

_WRAPPER = "save_on_master"
"""What distributed training scripts call their `torch.save` of the first process."""

_HELPERS = frozenset({"save_checkpoint", "save_ckpt", "save_model", "save_state"})
"""What projects call a function of their own that hands what it is given to `torch.save`."""

_CALLING: WeakKeyDictionary[ModuleFacts, dict[frozenset[str], bool]] = WeakKeyDictionary()
"""Whether a file calls one of some functions."""

_RESTORING_FILES: WeakKeyDictionary[ModuleFacts, bool] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class _Options:
    lacks: str
    save: frozenset[str]
    load: frozenset[str]
    state: frozenset[str]
    """Calls that return a generator's state."""

    @cached_property
    def loading(self) -> tuple[Prerequisite, ...]:
        """What must be true of a file that calls one of `load`; asked by identity."""
        return (naming(self.load, called=True),)

    @cached_property
    def keeping(self) -> tuple[Prerequisite, ...]:
        return (naming(self.state, called=True),)


def _read(table: Table) -> _Options:
    return _Options(
        lacks=table.choice("lacks", ("rng", "optimizer")),
        save=frozenset(table.strings("save", required=True)),
        load=frozenset(table.strings("load", required=True)),
        state=frozenset(table.strings("state")),
    )


class CheckpointStateDetector(WithOptions[_Options]):
    """`kind = "checkpoint-state"`."""

    kind = "checkpoint-state"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).save) | {_WRAPPER} | _HELPERS

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        wrapped = Prerequisite(literals=(_HELPERS | {_WRAPPER},))
        return (naming(self._options.of(rule).save, called=True), wrapped)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        calls = module.call_index.candidates(options.save, (), ())
        calls += [call for call in module.calls if call.method == _WRAPPER and call not in calls]
        given = [(call.node, call.node.args[0]) for call in calls if call.node.args]
        given += _handed_on(module, options.save)
        if options.lacks == "optimizer" and any(_is_of_optimizer(module, node, saved) for node, saved in given):
            return  # it has a file of its own, or the other checkpoint is the one to go on from
        wanted = [
            node
            for node, saved in given
            if (keys := saved_keys(module, node, saved))
            and _lacks(keys, options.lacks)
            and (options.lacks != "optimizer" or _holds_weights(module, node, saved, keys))
        ]
        if not wanted:
            alone = [call.node for call in calls if _is_state_of_a_model(call.node)]
            if options.lacks == "optimizer" and alone and _resumes_a_model_alone(module, options):
                yield Hit(location=module.location(alone[0]))
            return
        paths = tuple(entry for entry, files in program_files(module, project) if _resumes(files, project, options))
        if paths:
            yield Hit(location=module.location(wanted[0]), entry_points=paths)


def _handed_on(module: ModuleFacts, save: frozenset[str]) -> list[tuple[ast.Call, ast.expr]]:
    """Calls of the project's own `save_checkpoint({…}, is_best)`, each with what it lets `torch.save` write."""
    found = []
    for call in module.calls:
        function = module.names.value(call.node.func) if call.method in _HELPERS else None
        if isinstance(function, FunctionRef) and (position := _position_saved(function, save)) is not None:
            given = call.argument(*position)
            if given is not None:
                found.append((call.node, given))
    return found


def _position_saved(function: FunctionRef, save: frozenset[str]) -> tuple[str, int] | None:
    """The parameter that a function hands to `torch.save`, and where it stands among those that a call gives."""
    arguments = function.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    names = names[1:] if function.bound else names
    for call in function.module.calls_to(save):
        first = call.node.args[0] if call.node.args else None
        inside = function.module.enclosing_function(call.node) is function.node
        if inside and isinstance(first, ast.Name) and first.id in names:
            return first.id, names.index(first.id)
    return None


def saved_keys(module: ModuleFacts, call: ast.Call, given: ast.expr | None = None) -> frozenset[str]:
    """The keys of the dictionary that is saved, which is `given`, else the call's first argument.

    Empty where they are not all known.
    """
    given = given or (call.args[0] if call.args else None)
    if given is None:
        return frozenset()
    saved = _assigned_last(module, call, given)
    keys: set[str] = set()
    if isinstance(saved, ast.Call) and module.resolve(saved.func) == "dict" and not saved.args:
        keys = {word.arg or "" for word in saved.keywords}
        if "" in keys:
            return frozenset()
    elif not isinstance(saved, ast.Dict):
        return frozenset()
    for key in saved.keys if isinstance(saved, ast.Dict) else ():
        value = module.constant(key)
        if not isinstance(value, Known) or not isinstance(value.value, str):
            return frozenset()
        keys.add(value.value)
    if isinstance(given, ast.Name):
        keys.update(_added_keys(module, given))
    return frozenset(keys)


def _is_of_optimizer(module: ModuleFacts, call: ast.Call, saved: ast.expr) -> bool:
    """Whether an optimizer's state is what is saved, or a part of it."""
    if has_optimizer(saved_keys(module, call, saved)):
        return True
    made = saved.func if isinstance(saved, ast.Call) else None
    return isinstance(made, ast.Attribute) and made.attr == "state_dict" and _names_optimizer(module.text(made.value))


def _holds_weights(module: ModuleFacts, call: ast.Call, given: ast.expr, keys: frozenset[str]) -> bool:
    """Whether a model is saved, and not only what stands beside one: its epoch, the states of the generators."""
    if any(word in key.lower() for key in keys for word in _WEIGHTS):
        return True
    return "state_dict" in module.text(_assigned_last(module, call, given))


def _assigned_last(module: ModuleFacts, call: ast.Call, saved: ast.expr) -> ast.expr:
    """What a name was assigned last before the call, in source order of the same function."""
    origin = module.origin(saved)
    if not isinstance(origin, ast.Name):
        return origin
    function = module.enclosing_function(call)
    before = [
        each.value
        for each in module.assignments
        if isinstance(each.target, ast.Name)
        and each.target.id == origin.id
        and each.function is function
        and each.node.lineno < call.lineno
    ]
    return max(before, key=lambda value: value.lineno, default=origin)


def _added_keys(module: ModuleFacts, name: ast.Name) -> Iterator[str]:
    """`state["rng"] = …` after the dictionary was made."""
    for assignment in module.assignments:
        target = assignment.target
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name.id:
            value = module.constant(target.slice)
            if isinstance(value, Known) and isinstance(value.value, str):
                yield value.value


def has_optimizer(keys: frozenset[str]) -> bool:
    return any(_OPTIMIZER in key.lower() or key.lower() == "opt" for key in keys)


def restores_optimizer(module: ModuleFacts) -> bool:
    """Whether a file gives an optimizer its state back, or takes the whole optimizer from what it loaded."""
    found = _RESTORING_FILES.get(module)
    if found is None:
        found = _RESTORING_FILES[module] = any(
            call.method == "load_state_dict"
            and call.receiver is not None
            and _names_optimizer(module.text(call.receiver))
            for call in module.calls
        ) or any(_is_stored_optimizer(module, each.value) for each in module.assignments)
    return found


def _is_stored_optimizer(module: ModuleFacts, value: ast.expr) -> bool:
    """`optimizer = checkpoint["optimizer"]`, of something that was loaded; `config["optimizer"]` is a name mostly."""
    if not isinstance(value, ast.Subscript):
        return False
    key = module.constant(value.slice)
    if not isinstance(key, Known) or not isinstance(key.value, str) or _OPTIMIZER not in key.value.lower():
        return False
    made = module.origin(value.value)
    is_loaded = isinstance(made, ast.Call) and module.resolve(made.func) in UNPICKLERS
    return is_loaded or any(word in module.text(value.value).lower() for word in _STORED)


def _names_optimizer(text: str) -> bool:
    return _OPTIMIZER in text or text.rpartition(".")[2] == "opt"


def _lacks(keys: frozenset[str], what: str) -> bool:
    if what == "optimizer":
        return not has_optimizer(keys) and not _EPOCHS.isdisjoint(keys)
    return has_optimizer(keys) and not any("rng" in key.lower() or "random" in key.lower() for key in keys)


def _resumes(paths: Sequence[str], project: Project, options: _Options) -> bool:
    """Whether a program reads back what makes a training go on: the optimizer, or the epoch; and keeps no states."""
    if _any_calls(paths, project, options.keeping, options.state):
        return False
    if not _any_calls(paths, project, options.loading, options.load):
        return False
    if options.lacks == "rng":
        may = (path for path in paths if project.texts.contain(path, _RESTORING))
        return any(restores_optimizer(module) for module in _modules(may, project))
    return _has_optimizer(paths, project) and (
        # What stands between brackets may be a name for such a text that another file gives.
        any(_reads_epochs(module) for module in _modules(paths, project, _EPOCHS))
        or any(_reads_epochs(module) for module in _modules(paths, project))
    )


def _modules(paths: Iterable[str], project: Project, holding: frozenset[str] | None = None) -> Iterator[ModuleFacts]:
    """Those of the files that can be parsed, one after the other; with `holding` those that hold one of the words."""
    for path in paths:
        if holding is None or project.texts.hold(path, holding):
            module = project.module(path)
            if module is not None:
                yield module


def _any_calls(paths: Iterable[str], project: Project, asked: tuple[Prerequisite, ...], names: frozenset[str]) -> bool:
    """Whether one of the functions is called; `asked`: what must be true of a file that does."""
    may = (path for path in paths if names and project.selection.can_hold(path, asked))
    return any(_calls(module, names) for module in _modules(may, project))


def _calls(module: ModuleFacts, names: frozenset[str]) -> bool:
    """Whether a file calls one of these; hundreds of programs may import it."""
    known = _CALLING.setdefault(module, {})
    if names not in known:
        known[names] = bool(module.calls_to(names))
    return known[names]


def _has_optimizer(paths: Sequence[str], project: Project) -> bool:
    """Whether anything in a program follows gradients: an evolution strategy, say, has no optimizer to save.

    A file alone does not tell: what trains may be elsewhere.
    """
    if len(list(islice(_modules(paths, project), 2))) < 2:
        return True
    if any(call.method == "backward" for module in _modules(paths, project, _FOLLOWING) for call in module.calls):
        return True
    calls = (call for module in _modules(paths, project) for call in module.calls)
    return any((call.callee or "").startswith("torch.optim.") for call in calls)


def _is_state_of_a_model(call: ast.Call) -> bool:
    """`torch.save(model.state_dict(), …)`."""
    saved = call.args[0] if call.args else None
    return (
        isinstance(saved, ast.Call)
        and isinstance(saved.func, ast.Attribute)
        and saved.func.attr == "state_dict"
        and _OPTIMIZER not in ast.unparse(saved.func.value)
    )


def _resumes_a_model_alone(module: ModuleFacts, options: _Options) -> bool:
    """Whether a file trains on from what `--resume` names or asks for, and keeps no optimizer's state anywhere."""
    if any(
        call.method in ("state_dict", "load_state_dict") and _OPTIMIZER in module.text(call.receiver)
        for call in module.calls
        if call.receiver is not None
    ):
        return False
    trains = any((call.callee or "").startswith("torch.optim.") for call in module.calls)
    return trains and (
        any(_loads_to_resume(module, call) for call in module.calls_to(options.load))
        or any(is_loading(call.method or "") and _names_resuming(module, call) for call in module.calls)
    )


def _loads_to_resume(module: ModuleFacts, call: Call) -> bool:
    """`torch.load(args.resume)`, or a load under `if args.resume:` or in a function that is told where to resume."""
    if _names_resuming(module, call):
        return True
    current: ast.AST | None = call.node
    while current is not None and current is not call.function:
        parent = module.parent(current)
        if isinstance(parent, ast.If) and current in parent.body and _asks_to_resume(module, parent.test):
            return True
        current = parent
    arguments = every_argument(call.function.args) if call.function is not None else []
    return any(_RESUME in argument.arg.lower() for argument in arguments)


def _asks_to_resume(module: ModuleFacts, test: ast.expr) -> bool:
    return not isinstance(test, ast.UnaryOp) and _RESUME in module.text(test).lower()


def _names_resuming(module: ModuleFacts, call: Call) -> bool:
    return bool(call.node.args) and _RESUME in module.text(call.node.args[0]).lower()


def _reads_epochs(module: ModuleFacts) -> bool:
    for node in walk(module.tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            value = module.constant(node.slice)
            if isinstance(value, Known) and value.value in _EPOCHS and isinstance(node.value, ast.Name | ast.Attribute):
                return True
    return False


DETECTOR = CheckpointStateDetector(_read)
