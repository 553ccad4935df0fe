"""Why runs whose traces agree may differ all the same: what a verdict must not be built on."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.dynamic.evidence import Intervention
from auditor.dynamic.leak import Leak
from auditor.dynamic.printed import may_be_result
from auditor.dynamic.summary import Outcome
from auditor.model.divergence import Comparison, OutputDifference
from auditor.model.lean import dataclass
from auditor.model.run import Ending, ProcessRecord, RunRecord

NO_SPACE = "the trace ends here"

_BROKEN = "backend: "
"""What the problems of a process begin with whose operators the probe could not watch, or not all of them."""
UNSEEN = "children: a Python program runs unseen: "
"""What the problem of a process begins with that started Python in a way that keeps the probe out."""

_OUTSIDE = "Something outside torch differs (numpy, scikit-learn, an evaluation in another process)."


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a verdict rests on beside the traces."""

    records: tuple[RunRecord, RunRecord]
    leaks: Sequence[Leak] = ()
    files_differing: Sequence[str] = ()
    """Files that both runs wrote, with different contents."""

    unseeded: Sequence[str] = ()
    """What the scan is sure to draw unseeded, each as `RA102 at train.py:4`."""

    results_differing: Sequence[str] = ()
    """Results in them, each as a sentence: `accuracy is 0.5 in the reference and 0.6 in the candidate (in m.json)`."""

    one_tape: Intervention | None = None
    """What came of further runs on one tape; None where there were none."""

    asked_steps: int | None = None
    """The runs were to be stopped after so many steps."""

    not_finite_from: int | None = None
    """From this step to the end every loss was NaN or infinite; None where the last one is a number, or unknown."""


def doubts_of(outcome: Outcome, facts: Facts) -> list[str]:
    """Why equal traces prove nothing, as sentences; empty if they do prove it."""
    comparison = outcome.comparison
    doubts = [_nothing_seen(outcome, facts)] if not outcome.evidence_events else []
    for run, record in enumerate(facts.records):
        if reason := early_end(record, facts.asked_steps):
            doubts.append(reason)
        doubts += broken_processes(record)
        for process in record.processes:
            doubts += _process_doubts(record, process, idle=(run, process.pid) in outcome.idle)
    if outcome.extent.reference_cut != outcome.extent.candidate_cut and not any("ended early" in d for d in doubts):
        doubts.append("One run was stopped before the other; what came after that was not compared.")
    doubts += [
        f"Not compared: {entry.subject} ({entry.reason})."
        for entry in comparison.not_compared
        if entry.reason.startswith("digests of different kinds")
    ]
    metrics = other_figures(comparison, facts)
    if metrics:
        shown = metrics[0]
        doubts.append(
            f"No traced tensor differs, but the program printed other figures: line {shown.line} is "
            f"`{shown.reference}` in the reference and `{shown.candidate}` in the candidate. {_OUTSIDE}"
            f"{f' The source draws unseeded: {facts.unseeded[0]}.' if facts.unseeded else ''}"
        )
    if facts.results_differing:
        others = len(facts.results_differing) - 1
        more = f" Nor do results in {others:,} more file{'' if others == 1 else 's'} agree." if others else ""
        doubts.append(
            f"No traced tensor differs, but results that the program wrote do: {facts.results_differing[0]}.{more}"
            f"{'' if metrics else f' {_OUTSIDE}'}"
        )
    return list(dict.fromkeys(doubts))


def other_figures(comparison: Comparison, facts: Facts) -> list[OutputDifference]:
    """Printed lines that speak against equal tensors.

    A figure that no word calls a result may be a time: it counts where the source is sure to draw unseeded, and where
    no line was printed by one program only.
    """
    metrics = [line for line in comparison.output if line.metric]
    by_the_clock = not all(line.reference and line.candidate for line in comparison.output)
    if metrics or by_the_clock or not facts.unseeded:
        return metrics
    return [line for line in comparison.output if may_be_result(line.reference, line.candidate)]


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
    if any(NO_SPACE in problem for process in processes for problem in process.problems):
        return (
            "No tensor was kept: there was no space for the traces. Free some, or choose another folder with --store."
        )
    return "No tensor was seen: the program imported torch but ran no operator."


def broken_processes(record: RunRecord) -> list[str]:
    """Processes in which the probe broke: what is missing from their traces says nothing about the program."""
    return [
        f"Run {record.id}, process {process.name}: the probe failed, so operators are missing from the trace "
        f"({problem.removeprefix(_BROKEN)}). Please report this."
        for process in record.processes
        for problem in process.problems
        if problem.startswith(_BROKEN)
    ]


def traceless(records: tuple[RunRecord, RunRecord]) -> list[str]:
    """A run that left no trace at all beside one that did: the probe did not come up, which says nothing either."""
    seen = [any(process.events for process in record.processes) for record in records]
    if all(seen) or not any(seen):
        return []
    silent = records[seen.index(False)]
    return [f"Run {silent.id} left no trace, though run {records[seen.index(True)].id} of the same command did."]


def _process_doubts(record: RunRecord, process: ProcessRecord, *, idle: bool) -> list[str]:
    """A helper that loaded data may be killed once its batches were used, and so may an idle worker of a pool.

    All others must have come to their end.
    """
    doubts = []
    if any(NO_SPACE in problem for problem in process.problems):
        doubts.append(f"Run {record.id}, process {process.name}: the trace stopped for lack of space.")
    elif not process.complete and not idle and (process.steps or "." not in process.name):
        end = "its trace has no end; it was killed, or left through os._exit"
        doubts.append(f"Run {record.id}, process {process.name}: {end}.")
    doubts += [
        f"Process {process.name} started a Python program that ran without the probe "
        f"({problem.removeprefix(UNSEEN)}): what it computed was not seen."
        for problem in process.problems
        if problem.startswith(UNSEEN)
    ]
    return doubts


def early_end(record: RunRecord, asked_steps: int | None) -> str:
    """Say that a run did not come to its end; empty where it did, or was stopped where it was asked to."""
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
