"""From a comparison to a verdict. No evidence is never reported as reproducible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.dynamic.doubts import (
    NO_SPACE,
    UNSEEN,
    Facts,
    broken_processes,
    doubts_of,
    early_end,
    other_figures,
    traceless,
)
from auditor.dynamic.evidence import LATER_RUNS, Intervention, line
from auditor.dynamic.leak import Leak
from auditor.dynamic.summary import Outcome
from auditor.model.divergence import Comparison, Difference
from auditor.model.run import Ending
from auditor.model.verdict import Cause, Status, Verdict

if TYPE_CHECKING:
    from auditor.runs.namesfile import Loss

SCOPE = "Says nothing about other machines, GPU counts or versions."
_EAGER = "Compiled regions ran eagerly (--compile eager): this is not quite the program as it is."
_UNPAIRED = (Difference.MISSING, Difference.EXTRA, Difference.PROCESS)
_SHOWN = 5


def judge(outcome: Outcome, causes: tuple[Cause, ...], facts: Facts) -> Verdict:
    """Divergent if anything that counts differs; reproducible if everything was seen and agrees; else inconclusive."""
    comparison = outcome.comparison
    broken = [doubt for record in facts.records for doubt in broken_processes(record)] or traceless(facts.records)
    if comparison.first is not None and comparison.first.difference in _UNPAIRED and broken:
        reasons, status, causes = broken, Status.INCONCLUSIVE, ()
    elif comparison.first is not None:
        reasons = _divergent(comparison, causes, facts)
        status = Status.DIVERGENT
    elif doubts := doubts_of(outcome, facts):
        reasons, status = doubts, Status.INCONCLUSIVE
        if comparison.compared_events:
            reasons = [_agreement(comparison), *reasons]
    else:
        reasons, status = [_agreement(comparison), *_limits(facts), SCOPE], Status.REPRODUCIBLE
    return Verdict(
        status=status,
        comparison=comparison,
        causes=causes,
        reasons=(
            *reasons,
            *_luck(outcome),
            *_not_finite(outcome, facts),
            *outcome.shared_work,
            *_remarks(comparison, facts),
        ),
    )


def without_comparison(reasons: Sequence[str]) -> Verdict:
    """The verdict where there is nothing to compare."""
    return Verdict(status=Status.INCONCLUSIVE, comparison=None, causes=(), reasons=tuple(reasons))


def _divergent(comparison: Comparison, causes: tuple[Cause, ...], facts: Facts) -> list[str]:
    reasons = [
        _before(comparison.equal_before),
        f"{comparison.differing_events:,} of {comparison.compared_events:,} compared events differ.",
    ]
    weights = comparison.weights
    if weights is not None and not weights.differing:
        reasons.append(f"All {weights.compared:,} final parameters and buffers are equal all the same.")
    elif weights is not None:
        reasons.append(f"{weights.differing:,} of {weights.compared:,} final parameters and buffers differ.")
    first = comparison.first
    unpaired = first is not None and first.difference in _UNPAIRED
    if unpaired and not comparison.differing_events:
        reasons.append("The same events came in another order; each of them is equal.")
    if facts.one_tape is not None:
        reasons.append(_one_tape(facts.one_tape))
    elif not causes:
        reasons.append("No cause could be shown from the traces.")
    reasons += [reason for record in facts.records if (reason := early_end(record, facts.asked_steps))]
    return reasons


def _before(events: int) -> str:
    if events == 1:
        return "1 event before the first difference is equal bit for bit."
    return f"{events:,} events before the first difference are equal bit for bit."


def _one_tape(tried: Intervention) -> str:
    """Which part randomness has, by runs that were given the same."""
    if tried.kind == LATER_RUNS and not tried.agreed:
        return (
            "Three more runs agree up to this step with the reference and with each other, the first of them with "
            "randomness of its own: the difference shows now and then only, as a race does, or a draw with few "
            "outcomes."
        )
    if tried.kind == LATER_RUNS:
        return (
            "Three more runs agree up to this step with the candidate and with each other, the first of them with "
            "randomness of its own: either the reference left something behind that later runs find (a file, a cache, "
            "what a service remembers), or the difference shows now and then only."
        )
    if tried.agreed:
        return (
            "Three more runs that were given the same entropy, hash secret and clocks used as seeds agree up to this "
            "step: randomness that nothing fixes is the whole cause; no implementation noise was seen."
        )
    return (
        "Two more runs that were given the same entropy, hash secret and clocks used as seeds differ all the same, "
        f"first at {tried.note}: what is left is implementation noise, or comes from outside (a clock, a file), "
        "from addresses (the order of objects in a set, `id()`), or from which thread or process was first."
    )


def _agreement(comparison: Comparison) -> str:
    parts = [_count(comparison.compared_events, "event"), _count(comparison.compared_tensors, "tensor")]
    if comparison.weights is not None:
        parts.append(f"{comparison.weights.compared:,} final parameters and buffers")
    over = f" over {_count(comparison.steps, 'step')}" if comparison.steps else ""
    return f"Equal bit for bit{over}: {', '.join(parts)}."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _luck(outcome: Outcome) -> list[str]:
    """Runs that agree in spite of something that need not: memory that happened to hold the same."""
    if outcome.comparison.first is not None:
        return []
    return [
        f"{event.identity.op} at {line(event.site)} reads memory that was never written; what it held did no harm this "
        "time, or was the same by chance."
        for event in outcome.unwritten_reads
    ]


def _not_finite(outcome: Outcome, facts: Facts) -> list[str]:
    """Runs that agree because NaN is NaN, whatever it was computed from."""
    if outcome.comparison.first is not None or facts.not_finite_from is None:
        return []
    told = (
        f"The loss is not finite from step {facts.not_finite_from:,} to the end (NaN or infinity): what is equal from "
    )
    return [told + "there on says little, because NaN comes of whatever went before."]


def not_finite_from(losses: Sequence[Loss]) -> int | None:
    """The step from which on no loss is a finite number; None where the last one is."""
    first = None
    for loss in reversed(losses):
        if math.isfinite(loss.value):
            break
        first = loss.step
    return first


def _limits(facts: Facts) -> list[str]:
    stopped = any(record.status.ending is Ending.STOPPED for record in facts.records)
    if stopped and facts.asked_steps is not None:
        return [f"Both runs were stopped after {facts.asked_steps:,} steps, as asked; what comes later did not run."]
    return []


def _remarks(comparison: Comparison, facts: Facts) -> list[str]:
    """What was seen beside the tensors, and what was not looked at."""
    eager = any("TORCHDYNAMO_DISABLE" in record.changes for record in facts.records)
    remarks = [_EAGER] if eager else []
    remarks += [
        f"State leaks between runs: {leak.path} was written by the reference and read by the candidate{_at(leak)}."
        for leak in facts.leaks[:_SHOWN]
    ]
    told = other_figures(comparison, facts)
    others = [line for line in comparison.output if not line.metric and line not in told]
    if others and comparison.first is None:
        shown = others[0]
        remarks.append(
            f"The program's output differs: line {shown.line} is `{shown.reference}` and `{shown.candidate}`."
        )
    if facts.files_differing:
        names = ", ".join(facts.files_differing[:_SHOWN])
        more = len(facts.files_differing) - _SHOWN
        remarks.append(f"Files written with other contents: {names}{f' and {more:,} more' if more > 0 else ''}.")
    for record in facts.records:
        for process in record.processes:
            known = (NO_SPACE, UNSEEN) if comparison.first is None else (NO_SPACE,)
            unseen = [problem for problem in process.problems if not any(each in problem for each in known)]
            if unseen:
                remarks.append(
                    f"Run {record.id}, process {process.name}: not everything was seen ({unseen[0]}"
                    f"{f'; {len(unseen) - 1:,} more' if len(unseen) > 1 else ''})."
                )
    return remarks


def _at(leak: Leak) -> str:
    return f" at {leak.site.path}:{leak.site.line}" if leak.site is not None else ""
