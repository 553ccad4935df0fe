"""Colours that are drawn to show something: `def show_mask(mask, ax, random_color=False)` of notebooks about masks."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.evaluation.flow import MAX_READS, uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.bindings import Function

_COLOURS = frozenset({"color", "colors", "colour", "colours"})
_SHOWS = ("show", "plot", "draw", "display", "vis", "visualise", "visualize")
"""First words of the names of functions that show something."""

_MAKING = ("numpy.copy", "numpy.empty", "numpy.full", "numpy.ones", "numpy.zeros")
_SHAPES = frozenset({"dtype", "ndim", "shape", "size"})
_MAX_PARTS = 1_000
"""Parts of a function that shows something: of a longer one more is not looked at for every colour."""

_MAX_STEPS = 3
"""Names between a colour and what is drawn."""

_LIBRARY = "matplotlib."
_AXES = frozenset({"ax", "axes", "axs"})


def is_shown_colour(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Whether a statement makes a colour in a function that draws it on a picture and gives nothing back."""
    target = only_target(statement)
    function = module.enclosing_function(statement)
    if not isinstance(target, ast.Name) or isinstance(function, ast.Lambda) or function is None:
        return False
    if not _COLOURS & set(target.id.lower().split("_")) or function.name.lower().strip("_").split("_")[0] not in _SHOWS:
        return False
    return _only_shows(module, function) and _stays(module, target, function, _MAX_STEPS)


def _only_shows(module: ModuleFacts, function: Function) -> bool:
    """Whether a function draws on a picture and returns nothing."""
    parts = list(islice(ast.walk(function), _MAX_PARTS + 1))
    if len(parts) > _MAX_PARTS or any(isinstance(part, ast.Global | ast.Nonlocal) for part in parts):
        return False
    if any(isinstance(part, ast.Return | ast.Yield | ast.YieldFrom) and part.value is not None for part in parts):
        return False
    return any(isinstance(part, ast.Call) and _draws(module, part) for part in parts)


def _stays(module: ModuleFacts, target: ast.Name, function: Function, steps: int) -> bool:
    """Whether what reads a colour draws with it, or makes something that stays in the function too."""
    for read in islice(uses(module, target), MAX_READS):
        reader = module.statement(read)
        if isinstance(reader, ast.Expr):
            stays = isinstance(reader.value, ast.Call) and _draws(module, reader.value)
        else:
            made = only_target(reader)
            if isinstance(made, ast.Name):
                stays = steps > 0 and _stays(module, made, function, steps - 1)
            else:
                stays = isinstance(made, ast.Subscript) and _is_own_array(module, made.value, function)
        if not stays:
            return False
    return True


def _is_own_array(module: ModuleFacts, holder: ast.expr, function: Function) -> bool:
    """Whether a function makes an array and only fills and draws it: `image = np.ones(shape)`, `image[mask] = …`.

    What is stored elsewhere, or was handed in, others read later on.
    """
    if not isinstance(holder, ast.Name):
        return False
    own = [part for part in ast.walk(function) if isinstance(part, ast.Name) and part.id == holder.id]
    if any(isinstance(part, ast.arg) and part.arg == holder.id for part in ast.walk(function)):
        return False
    return all(_is_made(module, part) if isinstance(part.ctx, ast.Store) else _is_filled(module, part) for part in own)


def _is_made(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether a name is given a new array."""
    made = module.statement(name)
    value = made.value if isinstance(made, ast.Assign) and only_target(made) is name else None
    return isinstance(value, ast.Call) and (module.resolve(value.func) or "").startswith(_MAKING)


def _is_filled(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether a part of an array is set here, or all of it drawn, or only its shape read."""
    statement = module.statement(name)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call) and _draws(module, statement.value)
    holder = next(module.around(name), None)
    if isinstance(holder, ast.Attribute):
        return holder.attr in _SHAPES
    return isinstance(holder, ast.Subscript) and holder.value is name and isinstance(holder.ctx, ast.Store)


def _draws(module: ModuleFacts, call: ast.Call) -> bool:
    """`plt.imshow(…)`, `ax.imshow(…)`, `axes[0].add_patch(…)`; not `plt.imsave(…)`, which writes the numbers."""
    name = module.resolve(call.func) or ""
    if name.startswith(_LIBRARY):
        return not name.endswith(".imsave")
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    while isinstance(holder, ast.Subscript):
        holder = holder.value
    return getattr(holder, "attr", getattr(holder, "id", "")).rstrip("0123456789") in _AXES
