"""Dictionaries read from a file, of which nothing is known until a program puts what it knows over that."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.mappings import entries_of, made
from auditor.static.resolution.seedvalue import GIVEN, OPTIONS, OVER_OTHERS, Entries, Seen, holding
from auditor.static.resolution.values import External, FunctionRef

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

_PARSING = frozenset(
    {
        "json.load", "json.loads", "toml.load", "toml.loads", "tomli.load", "tomli.loads", "tomllib.load",
        "tomllib.loads", "yaml.full_load", "yaml.load", "yaml.safe_load", "yaml.unsafe_load",
    }
)  # fmt: skip
"""Calls that give a plain dictionary with what a file holds."""


def overlaid(evaluator: Evaluator, node: ast.Call, frame: Frame) -> tuple[str, Seen] | None:
    """The name of such a dictionary and what it holds after `config.update(vars(args))`; None of all other calls.

    An option that nobody gives is None there, whatever the file says.
    """
    holder = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "update" else None
    if not isinstance(holder, ast.Name) or frame.values.get(holder.id) != GIVEN:
        return None
    if not _is_parsed(frame.module, holder):
        return None
    entries = entries_of(made(evaluator, node, frame))
    if entries is None:
        return None
    rest = OVER_OTHERS if entries.rest == OPTIONS else GIVEN
    return holder.id, holding(GIVEN, entries=Entries(entries.known, rest))


def _is_parsed(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether a name stands for what a file holds, read here or by a function of the project that gives just that."""
    source = module.origin(name)
    called = module.names.value(source.func) if isinstance(source, ast.Call) else None
    if isinstance(called, FunctionRef):
        returned = called.module.returns(called.node)
        module, source = called.module, called.module.origin(returned[0]) if len(returned) == 1 else name
        called = module.names.value(source.func) if isinstance(source, ast.Call) else None
    return isinstance(called, External) and called.name in _PARSING
