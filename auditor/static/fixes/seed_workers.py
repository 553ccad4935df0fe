"""`kind = "seed-workers"`: give loaders a `worker_init_fn` that seeds what torch does not seed in their workers."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import Change, InsertStatement, SetArgument
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.loaders import has_hints, loaders_of, top_statement, with_generator
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import applicability, effect

NAMES = ("seed_worker", "seed_loader_worker", "seed_dataset_worker")

_SEEDED = {
    "numpy.random.default_rng": "{numpy.random.default_rng}({torch.initial_seed}())",
    "numpy.random.RandomState": "{numpy.random.RandomState}({torch.initial_seed}() % 2**32)",
    "random.Random": "{random.Random}({torch.initial_seed}())",
}
"""Generators that a data set keeps, made from the seed that torch gives each worker, another one in each epoch."""


def _read(table: Table) -> str:
    return table.choice("what", ("generator", "numpy"))


class SeedWorkersFix(CallFix[str]):
    """`what`: `generator`, that a data set keeps, or `numpy`, its global one under an old torch."""

    kind = "seed-workers"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        if self._options.of(rule) == "numpy":
            body: str | Refusal = "{numpy.random.seed}({torch.initial_seed}() % 2**32)"
            loaders = [(target, call)]
        else:
            body = _reseeding(target, call)
            found = _of_dataset(target, call, project)
            if isinstance(found, Refusal):
                return found
            loaders = found
        if isinstance(body, Refusal):
            return body
        changes = _given(loaders, body, project)
        if isinstance(changes, Refusal):
            return changes
        return Proposal(
            title="give the loader a `worker_init_fn` that seeds each worker from torch",
            applicability=applicability(rule),
            changes=changes,
            effect=effect(rule),
        )


def _reseeding(module: ModuleFacts, call: Call) -> str | Refusal:
    """The lines that replace the generator of the data set in a worker."""
    statement = module.parent(call.node)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    seeded = _SEEDED.get(call.callee or "")
    if not isinstance(target, ast.Attribute) or seeded is None:
        return Refusal(reason="the generator is kept in another way than as an attribute")
    return f"dataset = {{torch.utils.data.get_worker_info}}().dataset\ndataset.{target.attr} = {seeded}"


def _of_dataset(module: ModuleFacts, call: Call, project: Project) -> list[tuple[ModuleFacts, Call]] | Refusal:
    owner = module.enclosing_class(call.node)
    if owner is None:
        return Refusal(reason="the generator belongs to no class")
    found = list(loaders_of(module, project, owner))
    own = [(each, loader) for each, loader, made in found if made]
    if not own:
        return Refusal(
            reason="no loader is given this data set as it is: in a wrapper `worker_init_fn` has to look deeper"
        )
    return own


def _given(loaders: Sequence[tuple[ModuleFacts, Call]], body: str, project: Project) -> tuple[Change, ...] | Refusal:
    changes: list[Change] = []
    for module in dict.fromkeys(module for module, _ in loaders):
        calls = [call for each, call in loaders if each is module]
        name = next((each for each in NAMES if each not in module.index.root.bindings), None)
        if name is None or any(call.opaque for call in calls):
            return Refusal(reason="the loader takes `**kwargs`, which may hold a `worker_init_fn`: give it there")
        if any(call.argument("worker_init_fn", 10) is not None for call in calls):
            return Refusal(reason="the loader has a `worker_init_fn` already: make the data set's generator anew there")
        head = f"def {name}(worker_id: int) -> None:" if has_hints(module) else f"def {name}(worker_id):"
        text = f"{head}\n    {body}".replace("\n", "\n    ").replace("\n        ", "\n    ")
        first = min((top_statement(module, call.node) for call in calls), key=lambda each: each.lineno)
        changes.append(InsertStatement(statement=module.location(first), text=text, where="before"))
        for call in calls:
            more = with_generator(module, call, project)
            if isinstance(more, str):
                return Refusal(reason=more)
            changes.append(SetArgument(call=module.location(call.node), name="worker_init_fn", value=name))
            changes.extend(more)
    return tuple(changes)


FIX = SeedWorkersFix(_read)
