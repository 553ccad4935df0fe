"""From a comparison to a verdict. No evidence is never reported as reproducible."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.dynamic.evidence import Intervention, line
from auditor.dynamic.leak import Leak
from auditor.dynamic.summary import Outcome
from auditor.model.divergence import Comparison, Difference
from auditor.model.lean import dataclass
from auditor.model.run import Ending, ProcessRecord, RunRecord
from auditor.model.verdict import Cause, Status, Verdict

SCOPE = "Says nothing about other machines, GPU counts or versions."
_EAGER = "Compiled regions ran eagerly (--compile eager): this is not quite the program as it is."
_NO_SPACE = "the trace ends here"
_BROKEN = "backend: "
"""What the problems of a process begin with whose operators the probe could not watch, or not all of them."""
_UNPAIRED = (Difference.MISSING, Difference.EXTRA, Difference.PROCESS)
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a verdict rests on beside the traces."""

    records: tuple[RunRecord, RunRecord]
    leaks: Sequence[Leak] = ()
    files_differing: Sequence[str] = ()
    """Files that both runs wrote, with different contents."""

    one_tape: Intervention | None = None
    """What came of further runs on one tape; None where there were none."""

    asked_steps: int | None = None
    """The runs were to be stopped after so many steps."""


def judge(outcome: Outcome, causes: tuple[Cause, ...], facts: Facts) -> Verdict:
    """Divergent if anything that counts differs; reproducible if everything was seen and agrees; else inconclusive."""
    comparison = outcome.comparison
    broken = [doubt for record in facts.records for doubt in _broken(record)]
    if comparison.first is not None and comparison.first.difference in _UNPAIRED and broken:
        reasons, status, causes = broken, Status.INCONCLUSIVE, ()
    elif comparison.first is not None:
        reasons = _divergent(comparison, causes, facts)
        status = Status.DIVERGENT
    elif doubts := _doubts(outcome, facts):
        reasons, status = doubts, Status.INCONCLUSIVE
        if comparison.compared_events:
            reasons = [_agreement(comparison), *reasons]
    else:
        reasons, status = [_agreement(comparison), *_limits(facts), SCOPE], Status.REPRODUCIBLE
    return Verdict(
        status=status,
        comparison=comparison,
        causes=causes,
        reasons=(*reasons, *_luck(outcome), *outcome.shared_work, *_remarks(comparison, facts)),
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
    reasons += [reason for record in facts.records if (reason := _early_end(record, facts.asked_steps))]
    return reasons


def _before(events: int) -> str:
    if events == 1:
        return "1 event before the first difference is equal bit for bit."
    return f"{events:,} events before the first difference are equal bit for bit."


def _one_tape(tried: Intervention) -> str:
    """Which part randomness has, by runs that were given the same."""
    if tried.agreed:
        return (
            "Three more runs that were given the same entropy, hash secret and clocks used as seeds agree up to this "
            "step: randomness that nothing fixes is the whole cause; no implementation noise was seen."
        )
    return (
        "Two more runs that were given the same entropy, hash secret and clocks used as seeds differ all the same, "
        f"first at {tried.note}: what is left is implementation noise, or comes from outside (a clock, a file)."
    )


def _agreement(comparison: Comparison) -> str:
    parts = [f"{comparison.compared_events:,} events", f"{comparison.compared_tensors:,} tensors"]
    if comparison.weights is not None:
        parts.append(f"{comparison.weights.compared:,} final parameters and buffers")
    over = f" over {comparison.steps:,} steps" if comparison.steps else ""
    return f"Equal bit for bit{over}: {', '.join(parts)}."


def _doubts(outcome: Outcome, facts: Facts) -> list[str]:
    """Why equal traces prove nothing, as sentences; empty if they do prove it."""
    comparison = outcome.comparison
    doubts = [_nothing_seen(outcome, facts)] if not outcome.evidence_events else []
    for record in facts.records:
        if reason := _early_end(record, facts.asked_steps):
            doubts.append(reason)
        doubts += _broken(record)
        for process in record.processes:
            doubts += _process_doubts(record, process)
    if outcome.extent.reference_cut != outcome.extent.candidate_cut and not any("ended early" in d for d in doubts):
        doubts.append("One run was stopped before the other; what came after that was not compared.")
    doubts += [
        f"Not compared: {entry.subject} ({entry.reason})."
        for entry in comparison.not_compared
        if entry.reason.startswith("digests of different kinds")
    ]
    metrics = [line for line in comparison.output if line.metric]
    if metrics:
        shown = metrics[0]
        doubts.append(
            f"No traced tensor differs, but the program printed other figures: line {shown.line} is "
            f"`{shown.reference}` in the reference and `{shown.candidate}` in the candidate. Something outside torch "
            "differs (numpy, scikit-learn, an evaluation in another process)."
        )
    return doubts


def _nothing_seen(outcome: Outcome, facts: Facts) -> str:
    processes = [process for record in facts.records for process in record.processes]
    if not processes:
        return (
            "No process left a trace. The interpreter may ignore the environment (python -I, -E or -S), the program "
            "may replace PYTHONPATH for its children, or never import torch."
        )
    if all(process.environment.torch is None for process in processes):
        return "The program never imported torch, so no tensor was seen."
    if outcome.comparison.not_compared and any(process.events for process in processes):
        return "Nothing that both runs did could be compared."
    return "No tensor was seen: the program imported torch but ran no operator."


def _broken(record: RunRecord) -> list[str]:
    """Processes in which the probe broke: what is missing from their traces says nothing about the program."""
    return [
        f"Run {record.id}, process {process.name}: the probe failed, so operators are missing from the trace "
        f"({problem.removeprefix(_BROKEN)}). Please report this."
        for process in record.processes
        for problem in process.problems
        if problem.startswith(_BROKEN)
    ]


def _process_doubts(record: RunRecord, process: ProcessRecord) -> list[str]:
    """A helper that loaded data may be killed once its batches were used; all others must have come to their end."""
    doubts = []
    if any(_NO_SPACE in problem for problem in process.problems):
        doubts.append(f"Run {record.id}, process {process.name}: the trace stopped for lack of space.")
    elif not process.complete and (process.steps or "." not in process.name):
        end = "its trace has no end; it was killed, or left through os._exit"
        doubts.append(f"Run {record.id}, process {process.name}: {end}.")
    return doubts


def _early_end(record: RunRecord, asked_steps: int | None) -> str:
    ending = record.status.ending
    steps = max((process.steps for process in record.processes), default=0)
    told = {
        Ending.INTERRUPTED: f"Run {record.id} ended early: you stopped it after {steps:,} steps.",
        Ending.TIMED_OUT: f"Run {record.id} ended early: it ran out of time after {steps:,} steps.",
        Ending.FAILED: f"Run {record.id} ended early: the program failed after {steps:,} steps.",
        Ending.LOST: f"Run {record.id} has no end that anybody saw: its machine went away after {steps:,} steps.",
    }
    if ending is Ending.STOPPED and asked_steps is not None and steps < asked_steps:
        return f"Run {record.id} ended early: it was stopped after {steps:,} of {asked_steps:,} steps."
    return told.get(ending, "")


def _luck(outcome: Outcome) -> list[str]:
    """Runs that agree in spite of something that need not: memory that happened to hold the same."""
    if outcome.comparison.first is not None:
        return []
    return [
        f"{event.identity.op} at {line(event.site)} reads memory that was never written; what it held did no harm this "
        "time, or was the same by chance."
        for event in outcome.unwritten_reads
    ]


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
    others = [line for line in comparison.output if not line.metric]
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
            unseen = [problem for problem in process.problems if _NO_SPACE not in problem]
            if unseen:
                remarks.append(
                    f"Run {record.id}, process {process.name}: not everything was seen ({unseen[0]}"
                    f"{f'; {len(unseen) - 1:,} more' if len(unseen) > 1 else ''})."
                )
    return remarks


def _at(leak: Leak) -> str:
    return f" at {leak.site.path}:{leak.site.line}" if leak.site is not None else ""
