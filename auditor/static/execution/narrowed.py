"""What is known of options behind a condition where a plain run does not come: they were given, or switched."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import names_main
from auditor.static.evaluation.askedparts import looked_up
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.syntax.bindings import FUNCTIONS, BindingKind
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame


def narrow(walking: Walk, test: ast.expr, frame: Frame) -> None:
    """Where a plain run does not come, what a condition asks was given, if it is None by default."""
    for part in walk(test):
        entry = looked_up(part)
        if entry is not None and isinstance(part, ast.expr):
            if walking.evaluator.value(part, frame).kind is SeedValue.NONE:
                walking.changes.put(*entry, GIVEN, frame)
            continue
        text = dotted_text(part) if isinstance(part, ast.Name | ast.Attribute) else None
        if text is None or not isinstance(part, ast.Name | ast.Attribute):
            continue
        if walking.evaluator.value(part, frame).kind is SeedValue.NONE:
            walking.bind(part, GIVEN, frame)


def turn_over(walking: Walk, node: ast.If, frame: Frame) -> None:
    """`if not args.deterministic: parser.error(…)`: whoever gets past it has switched it on.

    Only of what the same function made, and where every run comes to the condition and nothing catches the exit.
    """
    test = node.test
    switch = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test
    if not isinstance(switch, ast.Name | ast.Attribute) or not _comes_to(frame.module, node):
        return
    if not _is_made_here(frame, switch):
        return
    seen = walking.evaluator.value(switch, frame)
    if seen.is_constant and isinstance(seen.constant, bool):
        walking.bind(switch, Seen(SeedValue.FIXED, not seen.constant, True), frame)


def ends_program(module: ModuleFacts, arm: Sequence[ast.stmt]) -> bool:
    """Whether an arm that stops does so by ending the program, not by an error that a caller may catch."""
    last = arm[-1] if arm else None
    raised = last.exc if isinstance(last, ast.Raise) else None
    called = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(last, ast.Expr) or (called is not None and module.resolve(called) == "SystemExit")


def _comes_to(module: ModuleFacts, node: ast.If) -> bool:
    """Whether a condition stands at the top of a function or of the program, where nothing decides on it.

    A `with` around it may catch what ends the program.
    """
    for holder in module.around(node):
        if isinstance(holder, FUNCTIONS):
            return all(part.lineno > node.lineno for part in walk(holder) if isinstance(part, ast.Return))
        is_passed = isinstance(holder, ast.If) and names_main(holder.test)
        if isinstance(holder, ast.stmt) and not is_passed:
            return False
    return True


def _is_made_here(frame: Frame, switch: ast.Name | ast.Attribute) -> bool:
    """Whether the options that a switch belongs to got their name in the function that asks."""
    root: ast.expr = switch
    while isinstance(root, ast.Attribute):
        root = root.value
    bindings = frame.module.lookup.bindings_of(root) if isinstance(root, ast.Name) else ()
    return len(bindings) == 1 and all(
        each.kind is BindingKind.VALUE and frame.module.enclosing_function(each.node) is frame.function
        for each in bindings
    )
