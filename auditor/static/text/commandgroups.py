"""How commands are added to click's groups and typer's applications, other than by decorating them."""

from __future__ import annotations

import ast

PREPARING = "callback"
"""Typer's method that returns what adds a function to run before each command."""

REGISTERING = frozenset({"command", "default", PREPARING, "group"})
"""Methods that return what adds a function, or add it themselves; `default` is the one that is run without a name."""

_TAKING = frozenset({"command", "default"})
"""Of these, those that also take the function itself: `app.command(train)`."""

RUNNING_COMMANDS = frozenset({"tyro.extras.SubcommandApp.cli"})
"""Methods of groups that run one of their commands; other groups are called themselves."""

ADDING = frozenset({"add_command", "add_typer"})
"""Methods that add what they are given."""


def registration(call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """The group and the command of `group.add_command(train)` or `app.command()(train)`; None for other calls."""
    command = call.args[0] if call.args else next((each.value for each in call.keywords), None)
    if command is None:
        return None
    if isinstance(call.func, ast.Attribute) and call.func.attr in ADDING:
        return call.func.value, command
    if isinstance(call.func, ast.Attribute) and call.func.attr in _TAKING and isinstance(command, ast.Name):
        return call.func.value, command
    maker = call.func.func if isinstance(call.func, ast.Call) else None
    if isinstance(maker, ast.Attribute) and maker.attr in REGISTERING:
        return maker.value, command
    return None
