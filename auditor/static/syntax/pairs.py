"""What an assignment of several things at once binds to what."""

from __future__ import annotations

import ast


def pairs_of(target: ast.expr, value: ast.expr | None) -> list[tuple[ast.expr, ast.expr]]:
    """What `a, b = x, y` binds to what; empty for anything else."""
    if not (isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)):
        return []
    starred = any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
    return [] if starred or len(target.elts) != len(value.elts) else list(zip(target.elts, value.elts, strict=True))
