"""Where in a program a seed goes: the blocks on the way to its first draw that are executed once.

From the top level through the `__main__` guard into the functions that are called from there once: a seed stands
directly in one of these blocks, so never in a loop or under a condition.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.static.entrypoints import is_main_guard
from auditor.static.facts import ModuleFacts
from auditor.static.project import Project
from auditor.static.resolution.callables import RUNNERS
from auditor.static.resolution.library_verdict import Draw, Seed
from auditor.static.resolution.nodeplace import written
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import Function

Way = tuple[Location, ...]
"""The calls and imports that lead to a place, outermost first, and the place itself."""

SPAWNING = frozenset(
    {
        "torch.multiprocessing.spawn", "torch.multiprocessing.start_processes", "torch.multiprocessing.Process",
        "multiprocessing.Process",
    }
)  # fmt: skip
"""Calls that run a function in a process of its own, which has its own generators."""


_PASSING = frozenset({"sys.exit", "exit", "quit", "asyncio.run", "SystemExit"})
"""Calls around the call of a program's main function."""


@dataclass(frozen=True, slots=True)
class Level:
    """A block that is executed once; `index`: the statement of it that leads to the first draw."""

    body: Sequence[ast.stmt]
    index: int
    function: Function | None
    """The function whose body it is; None at the top level and in the guard."""

    is_guard: bool = False
    is_main: bool = False
    """It is the whole program: the statement that calls the function passes nothing on and keeps nothing."""

    is_spawned: bool = False
    """It is run by several processes, each with its own generators; the first parameter is the process's number."""

    def first(self) -> int:
        """Where the work begins: behind the docstring, imports and definitions, and not behind the first draw."""
        for number, statement in enumerate(self.body[: self.index]):
            if not isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef) and not (
                (number == 0 and is_docstring(statement)) or chooses_imports(statement)
            ):
                return number
        return self.index


def way_to(found: Draw | Seed) -> Way:
    return (*found.via, found.location)


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def levels(module: ModuleFacts, ways: Iterable[Way]) -> list[Level]:
    """The blocks that lead to the earliest of some places, outermost first; empty where no way begins in `module`."""
    known = [way for way in ways if way and way[0].path == module.path]
    found: list[Level] = []
    step = 0
    is_main = True
    while known:
        function = _function_of(module, known[0][step])
        if step == 0 and function is not None and not _is_started(module, function):
            break
        if len(started(module, known, step)) > 1:
            break  # One statement runs one of several functions: a command that was chosen.
        level = _level(module.tree.body if function is None else _body(function), known, step, module, function)
        if level is None:
            break
        spawned = step > 0 and _spawns(module, known[0][step - 1])
        found.append(Level(level.body, level.index, function, is_main=is_main, is_spawned=spawned))
        guard = level.body[level.index]
        if function is None and is_main_guard(guard) and isinstance(guard, ast.If):
            inner = _level(guard.body, known, step, module, None)
            if inner is not None:
                level = inner
                found.append(Level(inner.body, inner.index, None, is_guard=True))
        known = [way for way in known if _index(level.body, module, way[step]) == level.index]
        step += 1
        known = [way for way in known if len(way) > step and way[step].path == module.path]
        if not known or not _goes_in(module, level.body[level.index], known[0], step):
            break
        is_main = is_main and level.index == len(level.body) - 1 and _is_plain_call(module, level.body[level.index])
    return found


def started(module: ModuleFacts, ways: Iterable[Way], step: int = 0) -> frozenset[Function]:
    """The functions in which ways are at a step: at first the commands of a program, of which each run is one."""
    known = [way for way in ways if len(way) > step and way[step].path == module.path]
    functions = (_function_of(module, way[step]) for way in known)
    return frozenset(function for function in functions if function is not None)


def whole_program(module: ModuleFacts) -> list[Level]:
    """The blocks of a program of which it is not known where it draws: everything before its last statement."""
    body = module.tree.body
    if not body:
        return []
    found = [Level(body, len(body) - 1, None)]
    guard = next((each for each in reversed(body) if is_main_guard(each)), None)
    if isinstance(guard, ast.If):
        found = [Level(body, body.index(guard), None), Level(guard.body, len(guard.body) - 1, None, is_guard=True)]
    return found


def comes_before(one: Way, other: Way) -> bool:
    """Whether the first place is reached before the second, as far as the order of lines tells."""
    for left, right in zip(one, other, strict=False):
        if left != right:
            same = (left.path, left.function) == (right.path, right.function)
            return same and (left.cell or 0, left.line, left.column) < (right.cell or 0, right.line, right.column)
    return False


def lifted(module: ModuleFacts, statement: ast.stmt) -> str:
    """A statement as text of a change, with the comments right above and behind it, for putting it somewhere else."""
    first, *rest = written(module, statement).split("\n")
    indent = " " * statement.col_offset
    lines = [first, *(line.removeprefix(indent) for line in rest)]
    behind = module.lines[(statement.end_lineno or 1) - 1].encode()[statement.end_col_offset :].decode()
    if behind.lstrip().startswith("#"):
        lines[-1] += behind.rstrip().replace("{", "{{").replace("}", "}}")
    above = statement.lineno - 2
    while above >= 0 and module.lines[above].strip().startswith("#"):
        lines.insert(0, module.lines[above].strip().replace("{", "{{").replace("}", "}}"))
        above -= 1
    return "\n".join(lines)


def statement_at(module: ModuleFacts, location: Location) -> ast.stmt | None:
    """The innermost statement that holds the beginning of a location."""
    line = module.text_line(location)
    found: ast.stmt | None = None
    pending: list[ast.stmt] = list(module.tree.body)
    while pending:
        statement = pending.pop()
        if _first_line(statement) <= line <= (statement.end_lineno or statement.lineno):
            if found is None or statement.lineno >= found.lineno:
                found = statement
            pending.extend(_children(statement))
    return found


def _level(
    body: Sequence[ast.stmt], ways: Sequence[Way], step: int, module: ModuleFacts, function: Function | None
) -> Level | None:
    indices = [index for way in ways if (index := _index(body, module, way[step])) is not None]
    return Level(body, min(indices), function) if indices else None


def _index(body: Sequence[ast.stmt], module: ModuleFacts, location: Location) -> int | None:
    line = module.text_line(location)
    for index, statement in enumerate(body):
        if _first_line(statement) <= line <= (statement.end_lineno or statement.lineno):
            return index
    return None


def _goes_in(module: ModuleFacts, statement: ast.stmt, way: Way, step: int) -> bool:
    """Whether a statement just calls the function in which the way goes on, and nothing else in the file does."""
    if _spawns(module, way[step - 1]):
        return True
    if not isinstance(statement, ast.Expr | ast.Assign | ast.Return | ast.AnnAssign):
        return False
    call = statement.value
    while isinstance(call, ast.Call) and module.resolve(call.func) in _PASSING and len(call.args) == 1:
        call = call.args[0]
    if not isinstance(call, ast.Call):
        return False
    handed = call.args if module.resolve(call.func) in RUNNERS else []
    if way[step - 1] not in [module.location(node) for node in (call, *handed)]:
        return False
    function = _function_of(module, way[step])
    if not isinstance(function, ast.FunctionDef) or module.parent(function) is not module.tree:
        return False
    calls = [
        call for call in module.calls if isinstance(value := module.names.value(call.node.func), FunctionRef)
        and value.node is function
    ]  # fmt: skip
    return len(calls) <= 1 and not any(call.in_loop for call in calls) and not _is_generator(function)


def _is_plain_call(module: ModuleFacts, statement: ast.stmt) -> bool:
    """`main()`, `sys.exit(main())`: the last thing that a program does."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    if module.resolve(statement.value.func) in RUNNERS:
        return True
    inner = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return not inner[-1].args and not inner[-1].keywords if inner else False


def is_out_of_reach(draw: Draw, project: Project) -> bool:
    """Whether a process draws that inherits no seed, and that no call with a function of its own starts: ray's."""
    return draw.in_spawned and not is_in_new_process(draw, project)


def is_in_new_process(found: Draw | Seed, project: Project) -> bool:
    """Whether a call on the way there runs a function in a process of its own."""
    steps = ((project.module(place.path), place) for place in found.via)
    return any(module is not None and _spawns(module, place) for module, place in steps)


def _spawns(module: ModuleFacts, location: Location) -> bool:
    line = module.text_line(location)
    return any(call.callee in SPAWNING and call.node.lineno == line for call in module.calls)


def _is_started(module: ModuleFacts, function: Function) -> bool:
    """Whether a console script calls the function."""
    entry = module.project.programs.entry_points.get(module.path)
    return entry is not None and module.qualified_name(function) in entry.functions


def _is_generator(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _function_of(module: ModuleFacts, location: Location) -> Function | None:
    statement = statement_at(module, location)
    return None if statement is None else module.enclosing_function(statement)


def _body(function: Function) -> Sequence[ast.stmt]:
    return () if isinstance(function, ast.Lambda) else function.body


def chooses_imports(statement: ast.stmt) -> bool:
    """A `try` or an `if` around imports alone."""
    if not isinstance(statement, ast.Try | ast.If) or (isinstance(statement, ast.If) and is_main_guard(statement)):
        return False
    return all(isinstance(each, ast.Import | ast.ImportFrom) for each in statement.body)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", ())
    return min(statement.lineno, *(int(each.lineno) for each in decorators)) if decorators else statement.lineno


def _children(statement: ast.stmt) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body
