"""Notebooks of marimo: Python files in which each cell is a function that the framework runs.

Names that one cell makes are seen by all others, as in a module. So a module is made of the cells' statements; their
places stay what they were.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_Cell = ast.FunctionDef | ast.AsyncFunctionDef


def made_of_cells(lines: Sequence[str]) -> bool:
    """Whether a file with these lines is such a notebook."""
    return any("marimo.App(" in line and "=" in line for line in lines)


def with_cells_as_module(tree: ast.Module) -> ast.Module:
    """The tree with the statements of cells in place of their functions, in the order in which they are executed."""
    apps = {name for statement in tree.body for name in _apps(statement)}
    cells = [each for each in tree.body if isinstance(each, _FUNCTION) and _is_cell(each, apps)]
    if cells:
        first = tree.body.index(cells[0])
        others = [each for each in tree.body if each not in set(cells)]
        inside = [each for cell in _executed(cells) for each in cell.body if not isinstance(each, ast.Return)]
        tree.body = [*others[:first], *inside, *others[first:]]
    return tree


def _executed(cells: Sequence[_Cell]) -> list[_Cell]:
    """Each cell after those that make its names, else in the order of the text; without those that are switched off."""
    live = [cell for cell in cells if not any(_is_off(word) for word in _options(cell))]
    maker = {name: number for number, cell in enumerate(live) for name in _made(cell)}
    needs = [{maker[each.arg] for each in cell.args.args if each.arg in maker} - {n} for n, cell in enumerate(live)]
    users: dict[int, list[int]] = {}
    for number, needed in enumerate(needs):
        for other in needed:
            users.setdefault(other, []).append(number)
    open_needs = [len(needed) for needed in needs]
    ready = [number for number, count in enumerate(open_needs) if not count]
    order = []
    while ready:
        number = heappop(ready)
        order.append(live[number])
        for user in users.get(number, ()):
            open_needs[user] -= 1
            if not open_needs[user]:
                heappush(ready, user)
    return order if len(order) == len(live) else live  # marimo refuses a circle


def _made(cell: _Cell) -> Iterator[str]:
    """The names that a cell hands on: `return (x, y)`."""
    last = cell.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    for each in value.elts if isinstance(value, ast.Tuple) else (value,):
        if isinstance(each, ast.Name):
            yield each.id


def _apps(statement: ast.stmt) -> Iterator[str]:
    """The names that stand for the notebook: `app = marimo.App(width="medium")`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
        made = statement.value.func
        if isinstance(made, ast.Attribute) and made.attr == "App":
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _is_cell(function: _Cell, apps: set[str]) -> bool:
    """`@app.cell`, `@app.cell(hide_code=True)`."""
    return any(
        isinstance(each, ast.Attribute)
        and each.attr == "cell"
        and isinstance(each.value, ast.Name)
        and each.value.id in apps
        for each in map(_called, function.decorator_list)
    )


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _options(cell: _Cell) -> Iterator[ast.keyword]:
    for each in cell.decorator_list:
        yield from each.keywords if isinstance(each, ast.Call) else ()


def _is_off(word: ast.keyword) -> bool:
    return word.arg == "disabled" and isinstance(word.value, ast.Constant) and word.value.value is True
