"""`compare --criteria`: two trainings, criterion by criterion, and the first in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import auditor
from auditor.errors import UsageError
from auditor.experiments.agreement import agreement, not_seen
from auditor.experiments.criteria_verdict import conclude
from auditor.model.criteria import Agreement, CriterionResult, Parting
from auditor.model.divergence import Divergence
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.model.run import RunRecord
from auditor.model.variance import Criterion
from auditor.model.verdict import Status
from auditor.report.prose.tensors import op_line, tensor_line, where
from auditor.runs.measures import MetricSource
from auditor.services.compare import Pair
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.services.side_files import Looking
from auditor.services.sides import Found, find_side, read_side
from auditor.services.variance import parse_metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaOptions:
    """What a person may choose."""

    looking: Looking = Looking()
    only: tuple[Criterion, ...] = ()
    """Criteria that the answer is about; empty for whatever can be seen."""


def parse_criteria(words: Sequence[str]) -> tuple[Criterion, ...]:
    """Return the criteria of these names; `UsageError` for a name that is none."""
    known = {criterion.value: criterion for criterion in Criterion}
    for word in words:
        if word not in known:
            raise UsageError(f"--only: there is no criterion `{word}`; there are {', '.join(known)}")
    return tuple(known[word] for word in words)


def parse_looking(
    metrics: Sequence[str] = (),
    predictions: str | None = None,
    labels: Path | None = None,
    losses: str | None = None,
    weights: str | None = None,
) -> Looking:
    """Read the options that say where results are; `UsageError` for one that is malformed."""
    return Looking(
        metrics=parse_metrics(metrics),
        predictions=predictions or "",
        labels=labels,
        losses=None if losses is None else _loss_source(losses),
        weights=weights or "",
    )


def compare_criteria(
    reference: str,
    candidate: str,
    *,
    cwd: Path,
    settings: Settings,
    options: CriteriaOptions | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Hold two trainings against each other: runs (`r1`), replicas (`v1/algo/2`), folders, or files of results.

    Raises `UsageError` for names that stand for nothing, `TraceFormatError` for damaged runs.
    """
    options = options or CriteriaOptions()
    progress = progress or Silent()
    progress.stage("criteria")
    found = find_side(reference, cwd, settings), find_side(candidate, cwd, settings)
    if found[0].place() == found[1].place():
        raise UsageError(f"{reference} and {candidate} are one and the same; name two trainings")
    sides = read_side(found[0], options.looking), read_side(found[1], options.looking)
    results = [
        _trace(found, progress) if criterion is Criterion.TRACE else agreement(criterion, *sides)
        for criterion in Criterion
    ]
    records = tuple(each.record for each in found if each.record is not None)
    remark = _OTHER_COMMANDS if len({record.argv for record in records}) > 1 else ""
    return AuditReport(
        tool=f"repro-audit {auditor.__version__}",
        project=Path(records[0].project).name if records else cwd.resolve().name,
        runs=records if len(records) == len(found) else (),
        criteria=conclude((found[0].name, found[1].name), results, options.only, remark),
    )


_OTHER_COMMANDS = "The two runs are of other commands; what differs may come from that."


def _trace(found: tuple[Found, Found], progress: Progress) -> CriterionResult:
    """The op traces of two runs, by the same judgement as `compare` gives without `--criteria`."""
    first, second = found[0].record, found[1].record
    if first is None or second is None:
        return not_seen(Criterion.TRACE, ["needs two traced runs: repro-audit run PROGRAM --twice makes them"])
    return _traced((first, second), progress)


def _traced(records: tuple[RunRecord, RunRecord], progress: Progress) -> CriterionResult:
    pair = Pair.of(records, progress)
    comparison = pair.outcome.comparison
    verdict = pair.judge(())
    if verdict.status is Status.INCONCLUSIVE:
        return not_seen(Criterion.TRACE, verdict.reasons)
    return CriterionResult(
        criterion=Criterion.TRACE,
        agreement=Agreement.EQUAL if verdict.status is Status.REPRODUCIBLE else Agreement.DIFFERS,
        compared=comparison.compared_events,
        differing=max(comparison.differing_events, int(comparison.first is not None)),
        held=f"{comparison.compared_events:,} events over {comparison.steps:,} steps",
        first=None if comparison.first is None else _parting(comparison.first),
        reasons=(),
    )


def _parting(first: Divergence) -> Parting:
    event = first.reference or first.candidate
    return Parting(
        place=where(event) if event is not None else f"process {first.process}",
        reference="",
        candidate="",
        magnitude=first.closeup.magnitude if first.closeup is not None else None,
        note=f"{op_line(first)}; {tensor_line(first)}",
    )


def _loss_source(text: str) -> MetricSource:
    """`REGEX`, `FILE` or `FILE:column`."""
    file, colon, key = text.rpartition(":")
    if Path(text).suffix in _TABLES:
        return MetricSource(name="loss", path=text)
    if colon and Path(file).suffix in _TABLES:
        return MetricSource(name="loss", path=file, key=key)
    try:
        return MetricSource.parse(f"loss={text}")
    except UsageError as error:
        raise UsageError(str(error).replace("--metric loss=", "--losses ").replace(": loss=", ": ")) from None


_TABLES = (".json", ".jsonl", ".csv")
