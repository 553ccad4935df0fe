"""An op that gives another result for the same inputs."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.dynamic.generator import Drawn, suspects
from auditor.dynamic.order import is_collective
from auditor.dynamic.replay import input_sentence, inputs_really_agree, replay_sentence
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """High if the replay shows it, or the inputs' bytes were looked at, or the op is known for it; else medium.

    An op of somebody else's may draw inside: where a generator is suspect as well, it is never sure.
    """
    event = case.event
    if event.kind is not EventKind.OP or case.first.inputs_agree is not True or is_collective(event.identity.op):
        return None
    if inputs_really_agree(case) is False:
        return None
    closeup = case.first.closeup
    replay = closeup.replay if closeup is not None else None
    device = event.tensors[0].device if event.tensors else "cpu"
    fact = case.operators.find(event.identity.op, device) if case.operators is not None else None
    evidence = [input_sentence(case)]
    if replay is not None:
        evidence.insert(0, replay_sentence(replay))
    if fact is not None:
        evidence.append(f"{fact.cause} Known for: {fact.condition}.")
    known = (replay is not None and replay.distinct > 1) or inputs_really_agree(case) or fact is not None
    remedy = fact.remedy if fact is not None else "torch.use_deterministic_algorithms(True), or another operator"
    if case.runs_foreign_code and fact is None:
        known = known and not any(suspect.drawn is not Drawn.UNSEEN for suspect in suspects(case))
        remedy = f"look into what {event.identity.op} does: it is no operator of torch's own, and no switch reaches it"
    return Cause(
        kind=CAUSE.name,
        title=f"{event.identity.op} gives another result for the same inputs",
        category=Category.OPERATORS,
        confidence=Confidence.HIGH if known else Confidence.MEDIUM,
        evidence=tuple(evidence),
        location=event.site,
        findings=case.linked(Category.OPERATORS),
        remedy=remedy,
    )


CAUSE = CauseRule(name="nondeterministic-op", category=Category.OPERATORS, evidence=find)
