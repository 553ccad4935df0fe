"""Draws on which nothing depends: shown, measured, thrown away, or for a network that is only counted."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.incidental import is_incidental, is_part_of_name, is_shown_only
from auditor.static.execution.savednames import only_names_what_is_saved
from auditor.static.programwide.throwaway import is_only_measured, is_only_summarised, is_only_traced, is_traced
from auditor.static.programwide.trials import leaves_nothing
from auditor.static.programwide.unapplied import applies_nothing, is_public, is_unapplied
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.facts import Call, ModuleFacts
    from auditor.static.project import Project
    from auditor.static.resolution.library_verdict import Draw

_IN_PLACE = frozenset({"shuffle", "fit", "step", "train"})
"""Last parts of calls that draw for the sake of what they change; so do names with a trailing underscore."""

_CALLS: WeakKeyDictionary[ModuleFacts, dict[tuple[int, int], ast.Call]] = WeakKeyDictionary()
"""Calls by line and column."""


def is_without_effect(draw: Draw, project: Project, program: str, *, late: bool) -> bool:
    """Whether nothing that a program trains depends on a draw; `late`: it comes before the seed of its library."""
    if project.networks.initialises(draw.callee) and _is_of_summary(draw, project):
        return True
    module = project.module(draw.location.path)
    if module is None:
        return False
    for call in module.calls_to({draw.callee}):
        if module.location(call.node) == draw.location:
            statement = module.statement(call.node)
            return (
                is_incidental(module, statement)
                or is_shown_only(module, call.node)
                or is_part_of_name(module, call.node)
                or is_only_measured(module, statement)
                or is_only_traced(module, statement)
                or is_traced(module, call.node)
                or only_names_what_is_saved(module, statement)
                or leaves_nothing(module, module.enclosing_function(call.node))
                or _is_never_used(module, call, program)
                or applies_nothing(module, call.node, program)
                or ((late or _is_tried(call)) and _is_thrown_away(module, call, statement))
            )
    return False


def _is_of_summary(draw: Draw, project: Project) -> bool:
    """Weights of a network that is only made to be counted or shown."""
    for place in (*draw.via, draw.location):
        module = project.module(place.path)
        call = _call_at(module, place) if module is not None else None
        if module is not None and call is not None and is_only_summarised(module, call):
            return True
    return False


def _call_at(module: ModuleFacts, place: Location) -> ast.Call | None:
    """The call that begins there, the outermost; None in notebooks."""
    calls = _CALLS.get(module)
    if calls is None:
        calls = _CALLS[module] = {}
        for node, _, _ in module.index.calls:
            calls.setdefault((node.lineno, node.col_offset + 1), node)
    return calls.get((place.line, place.column)) if place.cell is None else None


def _is_thrown_away(module: ModuleFacts, call: Call, statement: ast.stmt) -> bool:
    """`torch.rand(1)` on its own, or kept under a name that the file never reads: a warm-up."""
    last = (call.callee or "").rpartition(".")[2]
    if last in _IN_PLACE or last.endswith("_"):
        return False
    if isinstance(statement, ast.Expr):
        return statement.value is call.node
    if not (isinstance(statement, ast.Assign) and statement.value is call.node) or last[:1].isupper():
        return False
    targets = [target for target in statement.targets if isinstance(target, ast.Name)]
    if len(targets) < len(statement.targets) or any(is_public(module, target) for target in targets):
        return False
    names = {target.id for target in targets}
    return not any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names for node in walk(module.tree)
    )


def _is_tried(call: Call) -> bool:
    """`ColorJitter.get_params(…)`: on its own it only shows whether it fails."""
    return (call.callee or "").endswith(".get_params")


def _is_never_used(module: ModuleFacts, call: Call, program: str) -> bool:
    """`collator = DataCollatorForLanguageModeling(tokenizer)`, never read: what draws when it is used draws nothing."""
    drawn = module.project.rng.candidates(call.callee or "")
    deferred = all(each.condition is not None and each.condition.deferred for each in drawn)
    return deferred and is_unapplied(module, call.node, program)
