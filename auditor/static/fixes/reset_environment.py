"""`kind = "reset-environment"`: seed an environment when it was made, so that later resets go on from there."""

from __future__ import annotations

import ast

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import Change, InsertStatement, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.source import seed_in_scope
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect


def _read(table: Table) -> None:
    """No options."""


class ResetEnvironmentFix(WithFixOptions[None]):
    """`env.reset(seed=0)` once, `env.seed(0)` for the old interface, and the action space where it is sampled from."""

    kind = "reset-environment"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the environment is not made by a call here")
        if call.method == "sample":
            return Refusal(reason="seed the space where it comes from: `env.action_space.seed(0)`")
        statement = target.statement(call.node)
        name = _name(target, statement)
        if name is None:
            return Refusal(
                reason="the environment gets no name where it is made: reset it with a seed where it is used"
            )
        why = repeats(target, call.node)
        if why is not None:
            return Refusal(reason=f"the call {why}: with one seed all those environments would be the same")
        if _is_factory(target, call):
            return Refusal(reason="the function may make several environments, which one seed would make the same")
        if (call.callee or "").startswith("gym.") and _is_new(target) is None:
            return Refusal(
                reason="whether this gym seeds by `reset(seed=…)` or by `seed(…)` cannot be told from the file"
            )
        seed = seed_in_scope(target, statement)
        changes, title = _seeded(target, call, statement, name, seed)
        return Proposal(title=title, applicability=applicability(rule), changes=changes, effect=effect(rule))


def _name(module: ModuleFacts, statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name | ast.Attribute):
            return module.text(target)
    return None


def _is_factory(module: ModuleFacts, call: Call) -> bool:
    """Whether the call stands in a function inside another one, as vector environments are given."""
    function = call.function
    return function is not None and module.enclosing_function(function) is not None


def _seeded(
    module: ModuleFacts, call: Call, statement: ast.stmt, name: str, seed: str
) -> tuple[tuple[Change, ...], str]:
    place = module.location(statement)
    callee = call.callee or ""
    sampling = [
        InsertStatement(statement=place, text=f"{name}.action_space.seed({seed})", where="after")
        for each in module.calls
        if each.method == "sample"
        and each.receiver is not None
        and module.text(each.receiver) == f"{name}.action_space"
    ][:1]
    if callee.startswith(("tianshou.", "torchrl.")):
        method = "seed" if callee.startswith("tianshou.") else "set_seed"
        text = f"{name}.{method}({seed})"
        return (InsertStatement(statement=place, text=text, where="after"),), f"call `{text}` when it was made"
    resets = [
        each
        for each in module.calls
        if each.method == "reset" and each.receiver is not None and module.text(each.receiver) == name
    ]
    if callee.startswith("gym.") and not _is_new(module):
        text = f"{name}.seed({seed})"
        change = InsertStatement(statement=place, text=text, where="after")
        return (change, *sampling), f"call `{text}` when the environment was made"
    if len(resets) == 1 and not resets[0].in_loop and resets[0].function is call.function:
        found = module.location(resets[0].node)
        return (SetArgument(call=found, name="seed", value=seed), *sampling), f"reset with `seed={seed}`"
    text = f"{name}.reset(seed={seed})"
    return (
        InsertStatement(statement=place, text=text, where="after"),
        *sampling,
    ), f"call `{text}` once, when the environment was made; later resets go on from there"


def _is_new(module: ModuleFacts) -> bool | None:
    """Whether `step` gives five values, as it does since gym 0.26, or four; None where the file does not tell."""
    for call in module.calls:
        parent = module.parent(call.node)
        target = parent.targets[0] if isinstance(parent, ast.Assign) else None
        if call.method == "step" and isinstance(target, ast.Tuple) and len(target.elts) in (4, 5):
            return len(target.elts) == 5
    return None


FIX = ResetEnvironmentFix(_read)
