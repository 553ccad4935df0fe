"""Places that a constant of the file rules out: `USE_COMPILE = False`, `if USE_COMPILE: …`."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.facts import Known, ModuleFacts

MAX_AROUND = 30
"""Statements and expressions around a place that are looked at."""


def is_ruled_out(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a condition around a place never holds, being False by a name that nothing gives another value."""
    part = node
    for holder in islice(module.around(node), MAX_AROUND):
        if isinstance(holder, ast.If) and isinstance(holder.test, ast.Name) and part in holder.body:
            value = module.constant(holder.test)
            if isinstance(value, Known) and value.value is False:
                return True
        part = holder
    return False
