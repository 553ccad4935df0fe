"""What the statements of a notebook's cell do: only show something, or only give names what never changes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

_LOOKING = frozenset(
    {
        *(
            "Image",
            "abs",
            "count",
            "cpu",
            "describe",
            "detach",
            "device_count",
            "dir",
            "display",
            "enumerate",
            "format",
        ),
        *("get_device_name", "head", "help", "info", "is_available", "isinstance", "isnull", "item", "items", "keys"),
        *("len", "list", "max", "mean", "min", "notebook_login", "nunique", "numpy", "print", "range", "repr", "round"),
        *("size", "sorted", "std", "str", "sum", "summary", "tail", "tolist", "type", "unique", "value_counts"),
        *("values", "zip"),
    }
)
"""Functions and methods that leave things as they are."""

_FIGURES = frozenset({"ax", "axes", "axs", "fig", "figure", "plt", "px", "sns"})
"""What names of plots begin with."""

_LOOKS = ("%timeit", "%%time", '!python -c "import ')
"""Commands that are executed to see something; `%time` of a statement is none."""

_RECKONED = (ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context)
_WRITTEN = (ast.Constant, ast.Name, ast.List, ast.Tuple, ast.Dict, ast.JoinedStr, ast.FormattedValue, *_RECKONED)
"""What texts, numbers and lists of them are written with."""


def only_looks(lines: Sequence[str]) -> bool:
    """Whether cells below find everything as it would be without these."""
    if any(line.startswith("%%timeit") for line in lines):
        return True
    statements = _statements(
        ["" if line.lstrip().startswith(_LOOKS) or _asks_for_help(line) else line for line in lines]
    )
    return statements is not None and all(map(_only_looks, statements))


def given(lines: Sequence[str]) -> frozenset[str]:
    """See `Cell.given`."""
    names: set[str] = set()
    for each in _statements(lines) or ():
        if isinstance(each, ast.Import | ast.ImportFrom):
            continue
        name = _given(each, names)
        if name is None:
            return frozenset()
        names.add(name)
    return frozenset(names)


def _statements(lines: Sequence[str]) -> list[ast.stmt] | None:
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _asks_for_help(line: str) -> bool:
    """`load_image??`, `!autotrain llm --help`."""
    command = line.strip()
    return command.endswith("?") or (command.startswith("!") and command.endswith((" -h", " --help")))


def _only_looks(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.For | ast.With):
        return _calls_look(statement) and all(map(_only_looks, statement.body))
    if isinstance(statement, ast.Assign):  # `fig, ax = plt.subplots()`
        return _calls_look(statement) and isinstance(statement.value, ast.Call) and _draws(statement.value.func)
    return isinstance(statement, ast.Expr | ast.Import | ast.ImportFrom | ast.Pass) and _calls_look(statement)


def _calls_look(statement: ast.stmt) -> bool:
    calls = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
    return all(getattr(func, "attr", getattr(func, "id", "")) in _LOOKING or _draws(func) for func in calls)


def _draws(func: ast.expr) -> bool:
    """`plt.plot(…)`, `ax[0].set_title(…)`."""
    while isinstance(func, ast.Attribute | ast.Subscript | ast.Call):
        func = func.func if isinstance(func, ast.Call) else func.value
    return getattr(func, "id", "") in _FIGURES


def _given(statement: ast.stmt, names: AbstractSet[str]) -> str | None:
    """The name that a statement gives something which is the same whenever it is executed; `names`: given above."""
    if isinstance(statement, ast.FunctionDef):
        defaults = [*statement.args.defaults, *(each for each in statement.args.kw_defaults if each is not None)]
        is_plain = not statement.decorator_list and all(isinstance(each, ast.Constant) for each in defaults)
        return statement.name if is_plain else None
    if isinstance(statement, ast.ClassDef):
        is_plain = not (statement.decorator_list or statement.keywords)
        is_plain &= not any(isinstance(base, ast.Name) for base in statement.bases)  # it may have been another one
        inside = (each for each in statement.body if not _is_docstring(each))
        return statement.name if is_plain and all(_given(each, names) is not None for each in inside) else None
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    parts = [*ast.walk(statement.value)]
    is_written = all(isinstance(part, _WRITTEN) for part in parts)
    read = {part.id for part in parts if isinstance(part, ast.Name)}
    return target.id if isinstance(target, ast.Name) and is_written and read <= names else None


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
