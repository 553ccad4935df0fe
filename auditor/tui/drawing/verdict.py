"""The answer, the causes with their evidence, how far it spreads, and what was not seen."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.divergence import Comparison, Spread
from auditor.model.finding import Finding
from auditor.model.verdict import Cause, Status, Verdict
from auditor.report.prose.numbers import count
from auditor.tui.drawing.explanation import SURENESS
from auditor.tui.drawing.findings import place_of
from auditor.tui.evidence import first_event
from auditor.tui.lines import Piece, Row, fit, labelled, row
from auditor.tui.signs import Signs

STATUS_TONES = {
    Status.REPRODUCIBLE: "good",
    Status.DIVERGENT: "differs",
    Status.INCONCLUSIVE: "warning",
    Status.WITHIN_TOLERANCE: "warning",
}


def headline(verdict: Verdict) -> str:
    """`DIVERGENT at step 3, forward, Net.embed.pool`."""
    comparison = verdict.comparison
    if verdict.status in (Status.DIVERGENT, Status.WITHIN_TOLERANCE) and comparison and comparison.first:
        word = "DIVERGENT" if verdict.status is Status.DIVERGENT else "DIVERGENT WITHIN TOLERANCE"
        event = first_event(comparison.first)
        if event is None:
            return f"{word} in process {comparison.first.process}"
        identity = event.identity
        where = [f"step {identity.step:,}", identity.phase.value, identity.module]
        return f"{word} at " + ", ".join(part for part in where if part)
    if verdict.status is Status.REPRODUCIBLE and comparison:
        return f"REPRODUCIBLE over {count(comparison.steps, 'step')}, {count(comparison.compared_events, 'event')}"
    return verdict.status.value.upper()


def tab_answer(verdict: Verdict | None, signs: Signs) -> tuple[str, str]:
    """The verdict in two words, with its tone."""
    if verdict is None:
        return "", "muted"
    first = verdict.comparison.first if verdict.comparison else None
    event = first_event(first) if first else None
    if verdict.status is Status.DIVERGENT:
        return (f"{signs.differs} step {event.identity.step:,}" if event else signs.differs), "differs"
    if verdict.status is Status.WITHIN_TOLERANCE:
        return f"{signs.differs} tolerated", "warning"
    if verdict.status is Status.REPRODUCIBLE:
        return f"{signs.equal} equal", "good"
    return "? unclear", "warning"


def cause_rows(verdict: Verdict, findings: Sequence[Finding], width: int, signs: Signs) -> list[Row]:
    """Causes first, then reasons, spread and gaps."""
    rows: list[Row] = []
    for number, cause in enumerate(verdict.causes):
        rows += _cause(cause, number, findings, width)
    label = "rests on" if verdict.causes else "reason"
    for index, reason in enumerate(verdict.reasons):
        rows += labelled(label if index == 0 else "", reason, width)
    if verdict.comparison is not None:
        rows += _extent(verdict.comparison, width, signs)
    return rows


def _cause(cause: Cause, number: int, findings: Sequence[Finding], width: int) -> list[Row]:
    title = f"{cause.title} ({SURENESS[cause.confidence]})"
    rows = labelled("why" if number == 0 else "or", title, width, tone="strong", target=cause.location)
    for sentence in cause.evidence:
        rows += labelled("", f"- {sentence}", width, target=cause.location)
    if cause.location is not None:
        rows += labelled("at", place_of(cause.location), width, target=cause.location)
    rows += labelled("fix", cause.remedy, width, tone="good", target=cause.location)
    for finding in findings:
        if finding.key in cause.findings:
            text = f"{finding.rule_id} at {place_of(finding.location)} (enter)"
            rows += labelled("finding", text, width, target=finding.location)
    return [*rows, row()]


def _extent(comparison: Comparison, width: int, signs: Signs) -> list[Row]:
    steps = count(comparison.steps, "step")
    counted = f"{comparison.compared_events:,} events, {comparison.compared_tensors:,} tensors, {steps}"
    rows = labelled("compared", counted, width)
    if comparison.first is not None:
        rows += labelled("before it", f"{comparison.equal_before:,} events are equal, bit for bit", width)
        share = comparison.differing_events / max(comparison.compared_events, 1)
        rows += labelled("then", f"{comparison.differing_events:,} events differ ({share:.0%})", width)
    if comparison.weights is None:
        rows += labelled("weights", "not compared: a run left no final weights", width)
    else:
        weights = comparison.weights
        tone = "differs" if weights.differing else "plain"
        rows += labelled(
            "weights", f"{weights.differing:,} of {weights.compared:,} differ at the end", width, tone=tone
        )
    for index, other in enumerate(comparison.others[:_OTHERS_SHOWN]):
        event = first_event(other)
        where = f"step {event.identity.step:,}, {event.identity.op}" if event else "the whole process"
        rows += labelled("also" if index == 0 else "", f"process {other.process}: {where}", width)
    for index, line in enumerate(comparison.output[:_OUTPUT_SHOWN]):
        text = f"line {line.line:,}: `{line.reference.strip()}` {signs.differs} `{line.candidate.strip()}`"
        rows += labelled("printed" if index == 0 else "", text, width)
    rows += _spread("by phase", comparison.by_phase, width, signs)
    rows += _spread("by module", comparison.by_module, width, signs)
    for index, skipped in enumerate(comparison.not_compared):
        rows += labelled("not seen" if index == 0 else "", f"{skipped.subject}: {skipped.reason}", width, tone="muted")
    return rows


_BAR = 20
_OTHERS_SHOWN = 8
_OUTPUT_SHOWN = 6
_SPREAD_SHOWN = 40


def _spread(label: str, spreads: Sequence[Spread], width: int, signs: Signs) -> list[Row]:
    """Bars of the share that differs; groups without a difference are left out."""
    shown = [each for each in spreads if each.differing][:_SPREAD_SHOWN]
    if not shown:
        return []
    rows = [row(), row(Piece(f" {label}", "muted"), Piece("   share of events that differ", "muted"))]
    name_width = max(min(width - _BAR - 24, 44), 10)
    for each in shown:
        share = each.differing / max(each.compared, 1)
        filled = max(round(share * _BAR), 1)
        rows.append(
            row(
                " " + fit(each.label or "outside modules", name_width, signs.ellipsis) + " ",
                Piece(signs.bar * filled, "differs"),
                Piece(" " * (_BAR - filled) + f" {share:>4.0%}  {each.differing:,} of {each.compared:,}", "muted"),
            )
        )
    return rows
