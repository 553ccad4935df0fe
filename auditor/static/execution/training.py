"""Whether a program trains: words of training count where it can get to the function or class in which they stand.

`evaluate.py` that takes one function out of `train.py` does not train. Names lead the way, from where the words stand
back to the program; what is looked up by a text, registered or run at the top level counts as reached.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING, TypeGuard
from auditor.model.lean import dataclass
from auditor.static.entrypoints import names_main
from auditor.static.execution.protocols import is_run_by_others
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

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

_MAX_FILES = 200
"""Files that are parsed to see whether a method is named; in larger programs each counts as named."""

_LOOKING_UP = (
    *(b"import_module(", b"__import__(", b"globals()", b"__dict__", b"instantiate(", b"locate(", b"importlib"),
    b"_class(",
)
"""Words of programs in which a text may lead to any function."""

_TRAINERS = ("train_detector(", "train_model(", "train_segmentor(")
"""Functions of OpenMMLab's packages that train what they are given."""

_MODES = frozenset({"eval", "forward", "step", "train", "zero_grad"})
"""Methods that every network or optimizer has: who calls one need not train."""

_FUNCTIONS: WeakKeyDictionary[Project, Memory[str, Collection[str]]] = WeakKeyDictionary()
"""By the file the functions that train."""

_WRAPPING = frozenset({"hydra.main", "click.command", "click.option", "click.argument", "click.pass_context", "record"})
"""Decorators after which a function is still only called where it is named."""


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
        if _gets_to(project, program, (*TRAINING, *_FITTING)):
            return True
        if all(_gets_to(project, program, words) for words in STEPPING):
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
    module = project.module(program) if 0 < len(holding) <= _MAX_FILES else None
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
    pending = [method.name for method in methods if _holds(module, method, texts)]
    found = set(pending)
    for name in pending:
        calling = set(callers.get(name, ())) - found
        found |= calling
        pending += sorted(calling)
    return found


def _gets_to(project: Project, program: str, words: tuple[bytes, ...]) -> bool:
    if not project.texts.are_reached(program, words):
        return False
    texts = tuple(word.decode() for word in words)
    if project.texts.contain(program, texts):
        return True
    reached = sorted(project.graph.reached_by_statements(program))
    if project.texts.are_reached(program, _LOOKING_UP):
        return any(_is_code(project, path, texts) for path in reached)
    pending: list[tuple[str, str]] = []
    classes: list[tuple[str, ast.ClassDef, list[ast.FunctionDef]]] = []
    for path in reached:
        if project.texts.contain(path, texts):
            module = project.module(path)
            for statement in _holders(module, texts):
                name = _name(statement) if statement is not None else None
                if name is None:
                    return True
                methods = _training_methods(module, statement, texts)
                if methods and isinstance(statement, ast.ClassDef):
                    classes.append((path, statement, methods))
                else:
                    pending.append((path, name))
    pending += _named(project, reached, classes)
    users = {path: [path] for path in reached}
    for user in reached:
        for path in project.graph.imports(user):
            if path in users:
                users[path].append(user)
    seen = set(pending)
    executed: dict[str, list[_Executed]] = {}
    for path, name in pending:
        for user in sorted(users[path]):
            module = project.module(user)
            if module is not None and user not in executed:
                run = module.tree.body if user == program else _imported_statements(module)
                executed[user] = [_Executed.of(each) for each in run]
            for using in _users(module, executed.get(user, ()), path, name):
                if using is None or user == program:
                    return True
                if (user, using) not in seen:
                    seen.add((user, using))
                    pending.append((user, using))
    return False


def _is_code(project: Project, path: str, texts: tuple[str, ...]) -> bool:
    """Whether one of the texts stands in a file outside of its docstrings: "called before `trainer.fit()`"."""
    if not project.texts.contain(path, texts):
        return False
    module = project.module(path)
    if module is None:
        return True
    lines = ["" if line.lstrip().startswith("#") else line for line in module.lines]
    for node in walk(module.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    code = "\n".join(lines)
    return any(text in code for text in texts)


def _holders(module: ModuleFacts | None, texts: tuple[str, ...]) -> Iterator[ast.stmt | None]:
    """The statements of a module in which one of the texts stands; None: nobody knows."""
    if module is None:
        yield None
        return
    yield from (statement for statement in _imported_statements(module) if _holds(module, statement, texts))


def _holds(module: ModuleFacts, statement: ast.stmt, texts: tuple[str, ...]) -> bool:
    text = module.text(statement)
    return any(each in text for each in texts)


def _training_methods(
    module: ModuleFacts | None, holder: ast.stmt | None, texts: tuple[str, ...]
) -> list[ast.FunctionDef]:
    """The methods of a class in which a text stands, if it stands nowhere else in it and nobody outside calls them."""
    if module is None or not isinstance(holder, ast.ClassDef) or is_run_by_others(ClassRef(module, holder)):
        return []
    parts = [part for part in holder.body if _holds(module, part, texts)]
    methods = [part for part in parts if isinstance(part, ast.FunctionDef) and not part.decorator_list]
    if len(methods) < len(parts) or any(method.name.startswith("__") for method in methods):
        return []
    return methods


def _named(
    project: Project, paths: Sequence[str], classes: Sequence[tuple[str, ast.ClassDef, list[ast.FunctionDef]]]
) -> Iterator[tuple[str, str]]:
    """The classes of which a method that trains is named outside of those: `Model().load()` alone only predicts."""
    wanted = frozenset(method.name for _, _, methods in classes for method in methods)
    words = tuple(f"{before}{name}" for name in sorted(wanted) for before in (".", '"', "'"))
    named: Counter[str] = Counter()
    holding = [path for path in paths if project.texts.contain(path, words)] if words else []
    modules = [project.module(path) for path in holding] if len(holding) <= _MAX_FILES else [None]
    known = None not in modules
    for module in modules:
        if module is not None:
            named.update(_wanted_in(module.tree, wanted))
    for path, holder, methods in classes:
        own = Counter(name for method in methods for name in _wanted_in(method, wanted))
        if not known or any(named[method.name] > own[method.name] for method in methods):
            yield path, holder.name


def _wanted_in(tree: ast.AST, names: frozenset[str]) -> Iterator[str]:
    """Those of some names that attributes and texts are."""
    for node in walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
        if isinstance(name, str) and name in names:
            yield name


@dataclass(frozen=True, slots=True)
class _Executed:
    """A statement that importing a module executes, with what it names: modules are asked for many names."""

    name: str | None
    names: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    """Names with what is asked of them: `trainers.fit`, `trainers.fast.fit`."""

    texts: frozenset[str]
    bare: frozenset[str]
    """Names of which nothing is asked: `getattr(trainers, kind)` is given the module itself."""

    @staticmethod
    def of(statement: ast.stmt) -> _Executed:
        parts = list(walk(statement))
        constants = (part.value for part in parts if isinstance(part, ast.Constant))
        asked = [part for part in parts if isinstance(part, ast.Attribute)]
        holders = {id(part.value) for part in asked}
        names = [part for part in parts if isinstance(part, ast.Name)]
        return _Executed(
            _name(statement),
            frozenset(part.id for part in names),
            frozenset((root, part.attr) for part in asked if (root := _root(part)) is not None),
            frozenset(value for value in constants if isinstance(value, str)),
            frozenset(part.id for part in names if id(part) not in holders),
        )


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _users(module: ModuleFacts | None, executed: Iterable[_Executed], path: str, name: str) -> Iterator[str | None]:
    """The functions and classes of a module that name what is called `name` at `path`; None: what importing executes.

    What a module imports it may pass on under the name that it has there.
    """
    if module is None:
        yield None
        return
    names, modules = ({name}, set()) if module.path == path else _imported_as(module, path, name)
    if module.path != path:
        yield from sorted(names)
    if modules and module.path.endswith("__init__.py"):
        yield None
    for statement in executed if names or modules else ():
        is_attribute = any((each, name) in statement.attributes for each in modules)
        if is_attribute or name in statement.texts or names & statement.names or modules & statement.bare:
            yield statement.name


def _imported_as(module: ModuleFacts, path: str, name: str) -> tuple[set[str], set[str]]:
    """What `name` of the file at `path` is called in a module that imports it, and what the file itself is."""
    stem = path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]
    names: set[str] = set()
    modules: set[str] = set()
    for node, _ in module.index.imports:
        if path not in module.executed_by(node)[0]:
            continue
        for alias in node.names:
            if isinstance(node, ast.Import):
                modules.add(alias.asname or alias.name.partition(".")[0])
                continue
            if alias.name in (name, "*"):
                names.add(alias.asname or name)
            if alias.name == stem:
                modules.add(alias.asname or stem)
    return names, modules


def _imported_statements(module: ModuleFacts) -> Iterator[ast.stmt]:
    """What importing a module executes, without imports and the list of its public names."""
    for statement in module.tree.body:
        if isinstance(statement, ast.If) and names_main(statement.test):
            continue
        if isinstance(statement, ast.Assign) and dotted_text(statement.targets[0]) == "__all__":
            continue
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement


def _name(statement: ast.stmt) -> str | None:
    """The name of a function or class that is executed only where it is named."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None
    for decorator in statement.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if dotted_text(called) not in _WRAPPING and not (dotted_text(called) or "").startswith("torch."):
            return None
    return statement.name
