"""Names with dots as texts, and under which of them a program's own values are kept."""

from __future__ import annotations

import ast

ENVIRONMENT = "os.environ"


def dotted_text(node: ast.expr) -> str | None:
    """`self.args.seed` as text; None for anything but names and attributes."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def last_name(node: ast.AST | None) -> str:
    """`REGISTRY` of `registry.REGISTRY`; nothing of what is no name and no attribute."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def global_key(path: str, name: str) -> str:
    """A name of a module, told from the names of options."""
    return f"{path}:{name}"
