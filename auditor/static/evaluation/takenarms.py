"""Which of several values a name has in a plain run: `if args.fixed: seed = 3`, `else: seed = int(time.time())`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import names_main
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.syntax.bindings import Binding, BindingKind, every_argument
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts

MAX_BINDINGS = 6
"""Bindings of one name that are looked at, and conditions around each."""

MAX_AROUND = 50
"""Conditions around what is read that are looked at."""

Arm = tuple[ast.If, bool]
"""An `if`, and whether something stands in what is done where it holds."""


def taken(evaluator: Evaluator, node: ast.Name, frame: Frame) -> Seen:
    """What the last binding gives that a run comes to when nobody gives an option; GIVEN where that is not certain."""
    module = frame.module
    bindings = module.lookup.in_force(node)
    if len(bindings) > MAX_BINDINGS:
        return GIVEN
    used = dict(islice(_arms_around(module, node), MAX_AROUND))
    functions = {module.enclosing_function(binding.node) for binding in bindings}
    found = GIVEN
    asked: list[ast.expr] = []
    for binding in reversed(bindings) if len(functions) == 1 else ():
        arms = list(islice(_arms_around(module, binding.node), MAX_BINDINGS + 1))
        value = _given(binding)
        if value is None or len(arms) > MAX_BINDINGS or not _only_in_arms(module, binding.node):
            return GIVEN
        if any(used.get(test, is_body) is not is_body for test, is_body in arms):
            continue  # what is read stands in the other arm
        inside = Frame(module, next(iter(functions)), frame.parent or frame)
        deciding = [arm for arm in arms if arm[0] not in used]
        outcomes = [_outcome(evaluator, arm, inside) for arm in deciding]
        asked += (test.test for test, _ in deciding)
        if None in outcomes:
            return GIVEN
        if all(outcomes):
            found = evaluator.value(value, inside)
            if isinstance(binding.node, ast.AugAssign) and found.kind is not SeedValue.ENTROPY:
                found = GIVEN
    is_told = found.kind in (SeedValue.NONE, SeedValue.ENTROPY)
    return GIVEN if is_told and any(_is_set_elsewhere(test, module) for test in asked) else found


def _is_set_elsewhere(test: ast.expr, module: ModuleFacts) -> bool:
    """Whether a switch that a condition asks is put on somewhere: `config.deterministic = True`."""
    from auditor.static.evaluation.unsetparts import is_put_anywhere  # which asks for values

    switches = [part for part in walk(test) if isinstance(part, ast.Attribute | ast.Subscript)]
    return any(
        is_put_anywhere(part, module, (part.attr,) if isinstance(part, ast.Attribute) else ()) for part in switches
    )


def _given(binding: Binding) -> ast.expr | None:
    """What is assigned, or added: `seed += int(time.time())`."""
    if isinstance(binding.node, ast.AugAssign):
        return binding.node.value
    return binding.value if binding.kind is BindingKind.VALUE else None


def _outcome(evaluator: Evaluator, arm: Arm, frame: Frame) -> bool | None:
    """Whether a run comes to an arm; of one for the program itself it depends on who imports the file."""
    test, is_body = arm
    if names_main(test.test) or _may_be_given(test.test, frame):
        return None
    holds = evaluator.truth(test.test, frame)
    return None if holds is None else holds is is_body


def _may_be_given(test: ast.expr, frame: Frame) -> bool:
    """Whether a call gives a parameter that a condition asks for, so that its default does not decide."""
    from auditor.static.evaluation.unset import is_given_by_none  # which asks for values

    function = frame.function
    if not isinstance(function, ast.FunctionDef):
        return False
    asked = {node.id for node in walk(test) if isinstance(node, ast.Name)}
    given = asked.intersection(each.arg for each in every_argument(function.args))
    return not all(is_given_by_none(frame.module, function, name) for name in sorted(given))


def _arms_around(module: ModuleFacts, node: ast.AST) -> Iterator[Arm]:
    """The arms of the same function that something stands in."""
    part = node
    for holder in module.around(node):
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        if isinstance(holder, ast.If) and part is not holder.test:
            # Bodies may have thousands of statements; what stands before the other arm is in the first.
            yield holder, not holder.orelse or getattr(part, "lineno", 0) < holder.orelse[0].lineno
        part = holder


def _only_in_arms(module: ModuleFacts, statement: ast.AST) -> bool:
    """Whether no loop and nothing else but conditions stands around a statement, up to the function."""
    holders = (each for each in module.around(statement) if isinstance(each, ast.stmt))
    for holder in holders:
        if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        if not isinstance(holder, ast.If | ast.With):
            return False
    return True
