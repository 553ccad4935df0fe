"""`kind = "system-entropy"`: draw from a seeded generator in place of the operating system."""

from __future__ import annotations

from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.call_fix import CallFix
from auditor.static.fixes.changes import ReplaceExpression
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.fixes.seed_program import seeded
from auditor.static.fixes.seeding.repetition import repeats
from auditor.static.fixes.seeding.source import seed_in_scope
from auditor.static.project import Project
from auditor.static.scanning.fixoptions import applicability, effect

_OTHERS = {
    "secrets.choice": "{random.choice}",
    "secrets.randbelow": "{random.randrange}",
    "secrets.randbits": "{random.getrandbits}",
}
"""Functions of `random` that take the same argument."""


def _read(table: Table) -> None:
    """No options."""


class SystemEntropyFix(CallFix[None]):
    """`SystemRandom()` → `Random(0)`; `secrets.choice` → `random.choice` in a program that is then seeded."""

    kind = "system-entropy"

    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        other = _OTHERS.get(call.callee or "")
        if other is not None:
            change = ReplaceExpression(expression=target.location(call.node.func), text=other)
            seeds = seeded(finding, rule, target, project, "random", "random.seed")
            if isinstance(seeds, Refusal):
                return seeds
            title = f"draw with `{other.strip('{}')}`, and seed it"
            return replace(seeds, title=title, changes=(change, *seeds.changes), effect=effect(rule))
        why = repeats(target, call.node)
        if why is not None:
            return Refusal(reason=f"the call {why}: a constant seed would repeat the same numbers each time")
        seed = seed_in_scope(target, call.node)
        return Proposal(
            title=f"draw from `random.Random({seed})`",
            applicability=applicability(rule),
            changes=(ReplaceExpression(expression=target.location(call.node), text=f"{{random.Random}}({seed})"),),
            effect=effect(rule),
        )


FIX = SystemEntropyFix(_read)
