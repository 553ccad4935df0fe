"""Whether a program trains: words of training count where it can get to the function or class in which they stand.

`evaluate.py` that takes one function out of `train.py` does not train.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING, TypeGuard
from auditor.static.execution.namedways import MAX_FILES, gets_to_words
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

TRAINING = (
    *(b".train_step(", b".train_on_batch(", b".fit_generator(", b".minimize("),
    *(b"ptimizer.step(", b"ptim.step(", b"rainer.train(", b".learn(", b"rainer.fit(", b"odel.fit(", b"earn.fit("),
    *(b"earner.fit(", b"net.fit(", b"stimator.train("),
    b".apply_gradients(",
)
"""Words of programs that train; `self.fit(…)` is a layer that makes sizes fit."""

STEPPING = ((b".backward(",), (b".step(", b"apply_gradients("))
"""Words that are together in a training loop; an attack on a stored model has gradients, but no optimizer's step."""

EVALUATING = (b".eval()", b".predict(", b".evaluate(", b"no_grad(", b"inference_mode(")
"""Words of programs that use a model as it is."""

_FITTING = (b".fit(", b"GradientTape(", b"value_and_grad(")
"""Further words, of programs that may train; where no other word stands anywhere, they do not count."""

_TRAINERS = ("train_detector(", "train_model(", "train_segmentor(")
"""Functions of OpenMMLab's packages that train what they are given."""

_MODES = frozenset({"eval", "forward", "step", "train", "zero_grad"})
"""Methods that every network or optimizer has: who calls one need not train."""

_FUNCTIONS: WeakKeyDictionary[Project, Memory[str, Collection[str]]] = WeakKeyDictionary()
"""By the file the functions that train."""


def names_training(project: Project, program: str) -> bool:
    """Whether a program trains by its own words, whatever a library of which it takes one function does.

    What is fitted beside scikit-learn is an estimator of that: k-means of the features of a stored network.
    """
    words = (".backward(", *_TRAINERS, *(word.decode() for word in TRAINING))
    if project.texts.contain(program, ("sklearn",)):
        words = tuple(word for word in words if not word.endswith(".fit("))
    return project.texts.contain(program, words) or _has_trained(project, program)


def trains(project: Project, program: str) -> bool:
    """Whether words of training stand in what a program can get to."""
    reached = project.texts.are_reached
    if reached(program, TRAINING) or all(reached(program, words) for words in STEPPING):
        if gets_to_words(project, program, (*TRAINING, *_FITTING)):
            return True
        if all(gets_to_words(project, program, words) for words in STEPPING):
            return True
    return _has_trained(project, program)


def _has_trained(project: Project, program: str) -> bool:
    """Whether a program itself calls a function that trains, or a method of any class that it imports.

    By statements or not: `model.optimize_parameters()` of what `import_module("models." + name)` gave. `model.test()`
    trains nothing.
    """
    project.trace.note("reach", program)
    backward = tuple(word.decode() for word in STEPPING[0])
    holding = [path for path in project.graph.reached(program) if project.texts.contain(path, backward)]
    module = project.module(program) if 0 < len(holding) <= MAX_FILES else None
    if module is None:
        return False
    calls = [node.func for node in walk(module.tree) if isinstance(node, ast.Call)]
    called = {func.attr for func in calls if _is_method(func)}
    if any(not called.isdisjoint(_training_names(project, path)) for path in holding):
        return True
    functions = {name for path in holding for name in _training_functions(project, path)}
    named = (func for func in calls if (getattr(func, "attr", getattr(func, "id", ""))) in functions)
    values = (module.names.value(func) for func in named)
    return any(isinstance(each, FunctionRef) and each.owner is None and each.module.path in holding for each in values)


def _is_method(node: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr not in _MODES


def _training_names(project: Project, path: str) -> Iterator[str]:
    """The methods of classes in a file that compute gradients and step, by themselves or through each other."""
    backward, step = (tuple(word.decode() for word in words) for words in STEPPING)
    module = project.module(path) if project.texts.contain(path, step) else None
    if module is None:
        return
    for holder in module.tree.body:
        if isinstance(holder, ast.ClassDef):
            methods = [part for part in holder.body if isinstance(part, ast.FunctionDef) and part.name not in _MODES]
            yield from _leading_to(module, methods, backward) & _leading_to(module, methods, step)


def _training_functions(project: Project, path: str) -> Collection[str]:
    """The functions of a file that compute gradients and step, by themselves or through each other."""

    def find() -> Collection[str]:
        backward, step = (tuple(word.decode() for word in words) for words in STEPPING)
        module = project.module(path) if project.texts.contain(path, step) else None
        if module is None:
            return ()
        functions = [part for part in module.tree.body if isinstance(part, ast.FunctionDef)]
        leading = (_leading_to(module, functions, texts, of_class=False) for texts in (backward, step))
        return set.intersection(*leading)

    return project.trace.once(_FUNCTIONS.setdefault(project, {}), path, find)


def _leading_to(
    module: ModuleFacts, methods: Sequence[ast.FunctionDef], texts: tuple[str, ...], *, of_class: bool = True
) -> set[str]:
    """The names of those methods of a class, or functions, in which one of the texts stands, or that use such a one."""
    callers: dict[str, list[str]] = {}
    for method in methods:
        for node in walk(method):
            if of_class and isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
                callers.setdefault(node.attr, []).append(method.name)
            elif not of_class and isinstance(node, ast.Name):
                callers.setdefault(node.id, []).append(method.name)
    pending = [method.name for method in methods if any(each in module.text(method) for each in texts)]
    found = set(pending)
    for name in pending:
        calling = set(callers.get(name, ())) - found
        found |= calling
        pending += sorted(calling)
    return found
