"""`kind = "fresh-worker-seed"`: let a `worker_init_fn` seed with what torch gives each worker in each epoch."""

from __future__ import annotations

from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.changes import Change, ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seeding.loaders import with_generator
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.scanning.fixoptions import WithFixOptions, applicability, effect

SEED = "{torch.initial_seed}() % 2**32"
_SEEDS = frozenset({"numpy.random.seed", "random.seed", "torch.manual_seed"})


def _read(table: Table) -> None:
    """No options."""


class FreshWorkerSeedFix(WithFixOptions[None]):
    """The seeds in the function that the loader was given, which the finding names, are replaced."""

    kind = "fresh-worker-seed"

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        loader = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        place = finding.related[0].location if finding.related else finding.location
        module = project.module(place.path)
        found = call_at(module, place) if module is not None else None
        if loader is None or found is None or module is None or not isinstance(target, ModuleFacts):
            return Refusal(reason="the function that seeds the workers was not found again")
        more = with_generator(target, loader, project)
        if isinstance(more, str):
            return Refusal(reason=more)
        function = module.enclosing_function(found.node)
        changes: list[Change] = [
            _seeded_anew(module, call)
            for call in module.calls
            if call.callee in _SEEDS and not call.opaque and module.enclosing_function(call.node) is function
        ]
        return Proposal(
            title="seed each worker from `torch.initial_seed()`, another one in each epoch",
            applicability=applicability(rule),
            changes=(*changes, *more),
            effect=effect(rule),
        )


def _seeded_anew(module: ModuleFacts, call: Call) -> Change:
    if call.node.args:
        return ReplaceExpression(expression=module.location(call.node.args[0]), text=SEED)
    return ReplaceExpression(expression=module.location(call.node), text=f"{{{call.callee}}}({SEED})")


FIX = FreshWorkerSeedFix(_read)
