"""Whether a program can get to a function or class by the names that are written on the way.

Names lead from where something stands back to the program; what is looked up by a text, registered or run at the top
level counts as reached.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import names_main
from auditor.static.evaluation.classmentions import uses_stored_object
from auditor.static.execution.calledbytext import called_by_text
from auditor.static.execution.evaluatedtext import evaluated, evaluating_statements
from auditor.static.execution.executed import executed_naming, name_of, statements_of
from auditor.static.execution.waitingmethods import Holds, registers_itself, waiting_methods
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

MAX_LOOKS = 150
"""Files that are looked through for names on the way from one place; what needs more counts as reached."""

MAX_FILES = 200
"""Files that are parsed to see whether a method is named; in larger programs each counts as named."""

Lines = Mapping[str, Collection[int]]
"""By the file: the lines, from 1, in which something stands."""

_USERS: WeakKeyDictionary[Project, Memory[str, dict[str, tuple[str, ...]]]] = WeakKeyDictionary()
"""By the program: for each of its files those that may name what stands in it."""

_UNPICKLING: WeakKeyDictionary[Project, Memory[str, bool]] = WeakKeyDictionary()
"""By the program: whether it calls an object out of a file."""


def gets_to_words(project: Project, program: str, words: tuple[bytes, ...], *, further: bool = False) -> bool:
    """Whether a program can get to a statement in which one of the words stands.

    `further`: also by what seldom leads there. A training that is seen where none is means false alarms about weights.
    """
    if not project.texts.are_reached(program, words):
        return False
    texts = tuple(word.decode() for word in words)
    if project.texts.contain(program, texts):
        return True
    reached = sorted(project.graph.reached_by_statements(program))
    if _looks_up(project, program, seldom=further):
        return any(_is_code(project, path, texts) for path in reached)
    holding = [path for path in reached if project.texts.contain(path, texts)]
    evaluating = evaluated(project, program).within if further else frozenset[str]()
    return _is_led_to(project, program, holding, lambda module, node: _says(module, node, texts), evaluating)


def _says(module: ModuleFacts, node: ast.AST, texts: Sequence[str]) -> bool:
    """Whether one of some texts stands in a statement, outside of static methods named `backward`.

    The step of a gradient, `ext.backward(…)` in an `autograd.Function`, is taken where another place asks for one.
    The `backward` of an engine, which has no decorator, may step its optimizer.
    """
    if isinstance(node, ast.ClassDef):
        return any(_says(module, each, texts) for each in node.body)
    is_step = isinstance(node, ast.FunctionDef) and node.name == "backward" and bool(node.decorator_list)
    return not is_step and any(each in module.text(node) for each in texts)


def gets_to_lines(project: Project, program: str, lines: Lines) -> bool:
    """Whether a program can get to a statement that holds one of the lines."""
    if program in lines or _looks_up(project, program):
        return True

    def holds(module: ModuleFacts, node: ast.AST) -> bool:
        return any(_covers(node, line) for line in lines[module.path])

    return _is_led_to(project, program, sorted(lines), holds, evaluated(project, program).within)


def gets_to_line(project: Project, program: str, path: str, line: int) -> bool:
    """Whether a program can get to what stands in a line of one of its files.

    Its own file counts as a whole unless a guard says what is run of it: what nobody runs is there for others.
    """
    if path == program:
        module, entry = project.module(path), project.programs.entry_point(program)
        if module is None or entry is None or entry.functions or not _is_guarded(module):
            return True
        if project.texts.contain(path, project.reflection.own_main):
            return True
    if _looks_up(project, program):
        return True
    evaluating = evaluated(project, program).within
    is_led = _is_led_to(project, program, [path], lambda _, node: _covers(node, line), evaluating, MAX_LOOKS)
    return is_led or _unpickles(project, program)


def _looks_up(project: Project, program: str, *, seldom: bool = True) -> bool:
    """Whether a text may lead to any function of a program; `seldom`: also by what mostly leads to a number."""
    known = project.reflection
    texts = (*known.any_function, *known.seldom_any) if seldom else known.any_function
    return project.texts.within_reach(program, texts) or (seldom and evaluated(project, program).anywhere)


def _is_guarded(module: ModuleFacts) -> bool:
    return any(isinstance(each, ast.If) and names_main(each.test) for each in module.tree.body)


def _covers(node: ast.AST, line: int) -> bool:
    """Whether a statement stands in a line, with its decorators."""
    return any(each.lineno <= line <= each.end_lineno for each in (node, *getattr(node, "decorator_list", ())))


def _unpickles(project: Project, program: str) -> bool:
    """Whether a program calls an object out of a file: `from nets import Net`, then `net = torch.load("net.pt")`."""

    def ask() -> bool:
        reached = sorted(project.graph.reached_by_statements(program))
        modules = (project.module(path) for path in reached if project.texts.contain(path, ("load(",)))
        return any(module is not None and uses_stored_object(module, parts=True) for module in modules)

    return project.trace.once(_UNPICKLING.setdefault(project, {}), program, ask)


def _is_led_to(
    project: Project,
    program: str,
    holding: Iterable[str],
    holds: Holds,
    evaluating: frozenset[str],
    most: int | None = None,
) -> bool:
    """`holding`: the files in which something stands; `most`: files to look through, more count as led.

    `evaluating`: files that evaluate a text, which may say any of their names.
    """
    reached = sorted(project.graph.reached_by_statements(program))
    pending: list[tuple[str, str]] = []
    classes: list[tuple[str, ast.ClassDef, list[ast.FunctionDef]]] = []
    for path in holding:
        module = project.module(path)
        if module is None:
            return True
        for statement in statements_of(module, of_program=path == program):
            if not holds(module, statement):
                continue
            name = name_of(statement)
            if name is None or registers_itself(module, statement):
                return True
            methods = waiting_methods(module, statement, holds, by_libraries=most is not None)
            if methods and isinstance(statement, ast.ClassDef):
                classes.append((path, statement, methods))
            else:
                pending.append((path, name))
    pending += _named(project, program, reached, classes, is_open=bool(evaluating))
    return _goes_back(project, program, reached, pending, evaluating, most)


def _goes_back(
    project: Project,
    program: str,
    reached: Sequence[str],
    pending: list[tuple[str, str]],
    evaluating: frozenset[str],
    most: int | None,
) -> bool:
    """Whether names lead from functions and classes of some files back to the program."""
    asked = _USERS.setdefault(project, {})
    users = project.trace.once(asked, program, partial(_users_of, project, reached))
    seen = set(pending)
    looks = 0
    for path, name in pending:
        looks += len(users.get(path, ()))
        if most is not None and looks > most:
            return True
        for user in users.get(path, ()):
            module = project.module(user)
            is_program, evaluates = user == program, user in evaluating
            for using in _users(module, path, name, is_program=is_program, evaluates=evaluates):
                if (user, using) == (path, name):
                    continue  # `super(Net, self)` in the class itself
                if using is None or user == program:
                    return True
                if (user, using) not in seen:
                    seen.add((user, using))
                    pending.append((user, using))
    return False


def _users_of(project: Project, reached: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each file of a program those that import it or a package around it, and itself."""
    users = {path: [path] for path in reached}
    for user in reached:
        for path in project.graph.imports(user):
            if path in users:
                users[path].append(user)
    around = {path: [path, *(each for each in _packages_around(path) if each in users)] for path in reached}
    return {path: tuple(sorted({user for each in around[path] for user in users[each]})) for path in reached}


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


def _named(
    project: Project,
    program: str,
    paths: Sequence[str],
    classes: Sequence[tuple[str, ast.ClassDef, list[ast.FunctionDef]]],
    *,
    is_open: bool,
) -> Iterator[tuple[str, str]]:
    """The classes of which such a method is named outside of those: `Model().load()` alone only predicts.

    `is_open`: a text may name any of them.
    """
    wanted = frozenset(method.name for _, _, methods in classes for method in methods)
    words = tuple(f"{before}{name}" for name in sorted(wanted) for before in (".", '"', "'"))
    named: Counter[str] = Counter()
    holding = [path for path in paths if project.texts.contain(path, (*words, "getattr("))] if words else []
    modules = [project.module(path) for path in holding] if len(holding) <= MAX_FILES else [None]
    is_open = is_open or (bool(classes) and project.texts.within_reach(program, project.reflection.any_method))
    known = None not in modules and not is_open
    for module in modules:
        if module is not None:
            named.update(_wanted_in(module.tree, wanted))
            named.update(name for look in called_by_text(module) for name in wanted if look.fullmatch(name))
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


def _users(
    module: ModuleFacts | None, path: str, name: str, *, is_program: bool, evaluates: bool
) -> Iterator[str | None]:
    """The functions and classes of a module that name what is called `name` at `path`; None: what importing executes.

    What a module imports it may pass on under the name that it has there, and so it may a module: `helpers.fit` of
    `from tools import helpers`. `evaluates`: it evaluates a text, which may say whatever the module has a name for.
    """
    if module is None:
        yield None
        return
    holder, _, asked = name.rpartition(".")
    if module.path == path:
        names, modules = (set[str]() if holder else {name}), set[str]()
    else:
        names, modules = _imported_as(module, path, holder or name)
        yield from sorted(f"{each}.{asked}" if holder else each for each in names)
        modules, names = (modules | names, set()) if holder else (modules, names)
        if not holder and not is_program:
            yield from (f"{each}.{name}" for each in sorted(modules))
    if evaluates and (names or modules):
        yield from evaluating_statements(module, of_program=is_program)
    if modules and module.path.endswith("__init__.py"):
        yield None
    ends = holder or _stem(path)
    words = sorted({name, *names, *modules}) if names or modules else ()
    for statement in executed_naming(module, words, of_program=is_program):
        is_attribute = any((each, word) in statement.attributes for each in modules for word in (asked, "__dict__"))
        is_attribute = is_attribute or any((each, ends) in statement.ends for each in modules)
        is_text = not holder and name in statement.texts
        if is_attribute or is_text or names & statement.names or modules & statement.bare:
            yield statement.name


def _stem(path: str) -> str:
    return path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]


def _imported_as(module: ModuleFacts, path: str, name: str) -> tuple[set[str], set[str]]:
    """What `name` of the file at `path` is called in a module that imports it, and what the file itself is."""
    stem = _stem(path)
    names: set[str] = set()
    modules: set[str] = set()
    packages = _packages_around(path)
    folders = {_stem(each) for each in packages}
    for node, _ in module.index.imports:
        executed = module.executed_by(node)[0]
        is_own, is_around = path in executed, not packages.isdisjoint(executed)
        if not (is_own or is_around):
            continue
        for alias in node.names:
            if isinstance(node, ast.Import):
                modules.add(alias.asname or alias.name.partition(".")[0])
                continue
            if is_own and alias.name in (name, "*"):
                names.add(alias.asname or name)
            if (is_own and alias.name == stem) or (is_around and alias.name in folders):
                modules.add(alias.asname or alias.name)
    return names, modules


def _packages_around(path: str) -> frozenset[str]:
    """The packages that a file is in, without the one that it is: `project.models` leads to `project.models.nets`."""
    folders = path.split("/")[:-1]
    inits = ("/".join((*folders[:count], "__init__.py")) for count in range(1, len(folders) + 1))
    return frozenset(each for each in inits if each != path)
