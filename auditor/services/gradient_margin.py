"""Gradients of two runs, and how far those of replicas with other seeds spread, where these are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.dynamic.parameterwise import compare_parameters, kept_steps
from auditor.errors import TraceFormatError
from auditor.experiments.parameter_margin import join_parameters
from auditor.model.margin import GradientMargin
from auditor.model.run import RunRecord
from auditor.runs.collected import read_collected
from auditor.runs.gradients import KeptGradients, read_gradients
from auditor.runs.replicas import COLLECTED
from auditor.services.replica_choice import Replicas, advice, replicas_for

FEW = 5
"""Replicas below which a spread is known to a factor of three at best."""


def gradient_margin(
    records: tuple[RunRecord, RunRecord], stores: Sequence[Path], name: str | None = None
) -> tuple[GradientMargin | None, Replicas | None]:
    """Return how far apart the gradients are, and beside which replicas; None where a run kept none.

    `name`: which replicas, as `replicas_for` takes it. Raises `TraceFormatError` for damaged files of the runs.
    """
    kept = [read_gradients(Path(record.folder)) for record in records]
    first, second = kept
    if first is None or second is None:
        return None, None
    beside, replicas, source = _beside(records[0], stores, name)
    apart = compare_parameters(first.parameters, second.parameters)
    margin = GradientMargin(
        parameters=join_parameters(apart, [each.parameters for each in beside], source),
        measured_steps=len(kept_steps(first.parameters) & kept_steps(second.parameters)),
        replicas=len(beside),
        source=source,
        notes=(*_gaps((first, second)), *_few(len(beside))),
    )
    return margin, replicas


def why_none(records: tuple[RunRecord, RunRecord]) -> str:
    """Return a sentence for runs of which one kept no gradients."""
    for record in records:
        if read_gradients(Path(record.folder)) is None:
            try:
                trained = read_collected(Path(record.folder) / COLLECTED) is not None
            except TraceFormatError:
                trained = False
            if trained:
                return f"Gradients: run {record.id} kept none; make the runs anew to have them."
            return f"Gradients: none were seen in run {record.id}: no optimizer of torch took a step."
    return ""


def _beside(
    record: RunRecord, stores: Sequence[Path], name: str | None
) -> tuple[list[KeptGradients], Replicas | None, str]:
    """The newest replicas of the same command that kept gradients, not all the same; else why there is no spread."""
    none = advice(record)
    for replicas in replicas_for(record, stores, name):
        try:
            kept = [each for one in replicas.kept if (each := read_gradients(one.folder)) is not None]
        except TraceFormatError:
            continue
        if len(kept) > 1 and _spread(kept):
            return kept, replicas, replicas.told(len(kept))
        if len(kept) > 1:
            same = f"the replicas of {replicas.experiment.id}, {replicas.variant}, all have the same gradients"
            none = f"{same}: {advice(record)}"
        elif name is not None:
            none = f"{replicas.told(len(kept))} kept gradients: {none}" if kept else f"{name} kept none: {none}"
    return [], None, none


def _spread(kept: Sequence[KeptGradients]) -> bool:
    """Whether any gradient of a replica is not that of the others."""
    first = kept[0].parameters
    return any(
        part.digest != parts[name].digest
        for each in kept[1:]
        for key, steps in each.parameters.items()
        for step, now in steps.items()
        for name, part in now.items()
        if name in (parts := first.get(key, {}).get(step, {}))
    )


def _gaps(runs: tuple[KeptGradients, KeptGradients]) -> list[str]:
    found = []
    cuts = {process: step for kept in runs for process, step in kept.cuts.items()}
    for process, step in sorted(cuts.items()):
        found.append(f"process {process} kept no gradients from step {step:,} on, because the budget was used up")
    if not all(kept.complete for kept in runs):
        found.append("a process that kept gradients did not come to its end")
    return found


def _few(replicas: int) -> list[str]:
    if not 0 < replicas < FEW:
        return []
    return [f"a spread of {replicas} replicas is known roughly, which the intervals tell; --resume adds replicas"]
