"""Near misses of real programs: states looked at before a seed, states put back, part files with a job's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.dynamic.classify import classify
from auditor.dynamic.compare import compare
from auditor.dynamic.evidence import case_of
from auditor.model.finding import Finding
from auditor.model.location import Location
from auditor.model.report import AuditReport
from auditor.model.rule import Category, Confidence, FixAdvice, Match, Rule, RuleId, Severity
from auditor.model.verdict import Cause

ROWS = ["a", "b", "c"]


def causes(runs: Any, traces: Sequence[Any], report: AuditReport | None = None) -> list[Cause]:
    opened = [runs.open(trace) for trace in traces]
    return list(classify(case_of(compare(*opened).comparison, tuple(opened), report=report)))


def listing_finding(line: int) -> AuditReport:
    rule = Rule(
        id=RuleId("RA304"),
        name="directory-order",
        title="",
        category=Category.DATA_ORDER,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        explanation="",
        references=(),
        match=Match(kind="call", options={}),
        fix=FixAdvice(summary="", options={}),
        examples=(),
        sources=(),
        path="rules/x.toml",
    )
    found = Finding(
        rule_id=rule.id,
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="",
        advice="",
        location=Location(path="train.py", line=line),
        key="listing",
    )
    return AuditReport(tool="t", project="p", findings=(found,), rules=(rule,))


def test_a_state_seen_before_the_seed_does_not_count(runs: Any) -> None:
    """`random` differs when torch is imported; after random.seed(0) it does not."""
    traces = [
        runs.trace()
        .state("random", f"entropy {side}")
        .seed("random", "random.seed", "0", line=2)
        .outside(f"data {side}", line=9)
        .state("random", "the same")
        for side in range(2)
    ]
    assert {"unseeded-rng", "seed-differs", "generator-shifted"}.isdisjoint(
        cause.kind for cause in causes(runs, traces)
    )


def test_a_seed_that_differs_is_still_suspected_after_such_a_look(runs: Any) -> None:
    traces = [
        runs.trace()
        .state("random", f"entropy {side}")
        .seed("random", "random.seed", str(side), line=2)
        .outside(f"data {side}", line=9)
        .state("random", f"moved {side}")
        for side in range(2)
    ]
    assert "seed-differs" in {cause.kind for cause in causes(runs, traces)}


def test_a_state_that_is_put_back_later_is_no_late_seed(runs: Any) -> None:
    """Trainers keep the state and put it back around a sanity check."""
    traces = [
        runs.trace()
        .draw("aten::randn", f"weights {side}", state=f"entropy {side}", line=3)
        .seed("torch", "torch.set_rng_state", f"state {side}", line=8)
        for side in range(2)
    ]
    assert causes(runs, traces)[0].kind == "unseeded-rng"


@pytest.mark.parametrize("folder", ["parts", "/tmp/scratch"])
def test_new_names_of_part_files_explain_a_proven_reordering_where_the_scan_saw_it(runs: Any, folder: str) -> None:
    traces = [
        runs.trace()
        .listing(folder if folder == "parts" else f"{folder}-{side}", [f"part-{i}-job{side}" for i in order], line=5)
        .outside(str(order), rows=[ROWS[i] for i in order], line=9)
        for side, order in enumerate(([0, 1, 2], [2, 0, 1]))
    ]
    found = causes(runs, traces, listing_finding(5))[0]
    assert (found.kind, found.confidence, found.findings) == ("directory-order", Confidence.HIGH, ("listing",))
    assert "with other names" in found.evidence[0]
    assert causes(runs, traces)[0].kind == "data-order"
