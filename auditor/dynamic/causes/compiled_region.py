"""A compiled region that gives another result for the same inputs."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.dynamic.replay import input_sentence, inputs_really_agree, replay_sentence
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """High: the region's inputs are equal and its outputs are not. Which op inside, only an eager run can tell."""
    event = case.event
    if event.kind is not EventKind.REGION or case.first.inputs_agree is not True or inputs_really_agree(case) is False:
        return None
    closeup = case.first.closeup
    replayed = [replay_sentence(closeup.replay)] if closeup is not None and closeup.replay is not None else []
    compiled = case.linked(Category.OPERATORS, "compile", everywhere=True)
    return Cause(
        kind=CAUSE.name,
        title="a compiled region gives another result for the same inputs",
        category=Category.OPERATORS,
        confidence=Confidence.HIGH,
        evidence=(
            *replayed,
            input_sentence(case),
            "Compilers turn ordered additions (the backward pass of nn.Embedding, index_add) into racing ones.",
        ),
        location=event.site,
        findings=tuple(sorted({*case.linked(Category.OPERATORS), *compiled})),
        remedy="torch.use_deterministic_algorithms(True) before compiling; --compile eager looks inside the region",
    )


CAUSE = CauseRule(name="compiled-region", category=Category.OPERATORS, evidence=find)
