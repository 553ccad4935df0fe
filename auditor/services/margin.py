"""Does a difference between two runs matter? Their activations beside the noise that each layer tolerates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from auditor.dynamic.layerwise import LayerSeries, Layerwise, compare_layers
from auditor.dynamic.structure import deviations
from auditor.errors import TraceFormatError, UsageError
from auditor.experiments.acceptance import Case, accept
from auditor.experiments.margin import METHOD, LayerTolerance, join, ranked
from auditor.model.lean import dataclass, replace
from auditor.model.margin import Acceptance, LayerMargin, MarginReport
from auditor.model.report import AuditReport
from auditor.model.run import RunRecord
from auditor.model.verdict import Status, Verdict
from auditor.report.prose.parameter_margin import gradient_summary
from auditor.runs.gradients import keep_gradients
from auditor.runs.replicas import COLLECTED
from auditor.runs.store import open_store
from auditor.runs.tracefile import open_run
from auditor.services.compare import compare_runs
from auditor.services.gradient_margin import gradient_margin, why_none
from auditor.services.margin_pair import find_pair, program_of
from auditor.services.margin_walk import Chosen, Tell, choose_walk, stores_of
from auditor.services.noise_session import NoiseProgram
from auditor.services.progress import Progress, Silent
from auditor.services.replica_choice import Replicas, check_name
from auditor.services.settings import Settings
from auditor.services.walks import KeptWalk, find_walk
from auditor.services.weight_margin import weight_margin
from auditor.static.files.discovery import find_root

BUDGET_BYTES = 256 << 20
"""On disk, a process and run."""

ELEMENTS = 4096
"""Most that are kept of one tensor; of larger ones a sample of so many, and sums over all (`activations/sketch`)."""

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginOptions:
    """What a person may choose."""

    walk: str | None = None
    """Id, path or `last`; None for the newest walk of the same program, or a new one."""

    accept: float | None = None
    """Decades that every layer must keep from its tolerance for a divergence to be accepted; None accepts nothing."""

    budget_bytes: int = BUDGET_BYTES
    replicas: str | None = None
    """Those whose spread gradients and weights are held against: `v3`, `v3/impl`; None for the newest that fit."""


def probe_settings(run: Path, options: MarginOptions) -> dict[str, object]:
    """Return what the probe is asked to keep in a run's folder, and make room for it."""
    (run / COLLECTED).mkdir(exist_ok=True)
    return {
        "activations": {"budget_bytes": options.budget_bytes, "elements": ELEMENTS},
        "collect": {
            "folder": str(run / COLLECTED),
            "keep": True,
            "evaluate": "",
            "nudge": None,
            "gradients": keep_gradients(run, whole=True),
        },
    }


def check_options(options: MarginOptions, cwd: Path, settings: Settings) -> None:
    """Raise `UsageError` for what would fail only after the runs: a walk that is not there, too."""
    if options.accept is not None and not options.accept > 0:
        raise UsageError(f"--accept-margin: expected decades above 0, such as 3, found {options.accept:g}")
    if options.budget_bytes < 1 << 20:
        raise UsageError("--margin-budget: expected at least 1M, the bytes that a run may keep on disk")
    if options.walk is not None:
        find_walk(options.walk, [open_store(find_root([cwd.resolve()]), settings.store).root])


def margin_of_runs(
    run: str,
    walk: str | None,
    decades: float | None,
    *,
    cwd: Path,
    settings: Settings,
    progress: Progress | None = None,
    replicas: str | None = None,
) -> AuditReport:
    """Return the verdict on a kept twice-run with its margins; nothing is run.

    `run`: id or folder of either run, or `last`. Raises `UsageError` where it kept no activations, or where there is no
    such walk, or are no such replicas.
    """
    options = MarginOptions(walk=walk, accept=decades, replicas=replicas)
    check_options(replace(options, walk=None), cwd, settings)
    records = find_pair(run, cwd, settings)
    check_name(replicas, stores_of(records, settings))
    if walk is not None:
        find_walk(walk, stores_of(records, settings))
    report = compare_runs(*records, settings, progress)
    return with_margins(report, options, settings, progress or Silent(), program=None)


def with_margins(
    report: AuditReport,
    options: MarginOptions,
    settings: Settings,
    progress: Progress,
    program: NoiseProgram | None,
    tell: Tell = lambda text: None,
) -> AuditReport:
    """Add margins to the report of a twice-run whose runs kept activations.

    Without a walk that fits, `program` is walked over; None walks over nothing. A verdict `divergent` becomes `within
    tolerance` where that was asked for and everything that differs was covered.
    """
    verdict = report.verdict
    if verdict is None or verdict.comparison is None or len(report.runs) != 2:
        return report
    records = report.runs[0], report.runs[1]
    progress.stage("margins")
    layerwise = compare_layers(*(Path(record.folder) for record in records))
    stores = stores_of(records, settings)
    chosen, notes = Chosen(), list(layerwise.gaps)
    if any(series.differs for series in layerwise.layers):
        chosen = choose_walk(records, options.walk, settings, progress, program, stores, tell)
        notes += chosen.notes
    walk = chosen.walk
    layers = _joined(layerwise, walk)
    weights, one = weight_margin(records, stores, options.replicas)
    gradients, other = gradient_margin(records, stores, options.replicas)
    notes += [*_sampled(layerwise), *_other_replicas(records, [one, other])]
    acceptance = None
    if options.accept is not None and verdict.status is Status.DIVERGENT:
        acceptance = _accepted(records, verdict, layers, layerwise, chosen, options.accept)
    margins = MarginReport(
        reference=records[0].id,
        candidate=records[1].id,
        walk=walk.name if walk is not None else None,
        metric=walk.metric if walk is not None else None,
        layers=layers,
        measured_steps=len(layerwise.measured),
        steps=verdict.comparison.steps,
        weights=weights,
        gradients=gradient_summary(gradients) if gradients is not None else why_none(records),
        acceptance=acceptance,
        method=METHOD,
        notes=tuple(notes),
        gradient_margin=gradients,
    )
    return replace(report, margins=margins, verdict=_judged(verdict, acceptance))


def _sampled(layerwise: Layerwise) -> list[str]:
    sampled = [series.layer for series in layerwise.layers if series.is_sample and series.differs]
    if not sampled:
        return []
    more = f" and {len(sampled) - _SHOWN} more" if len(sampled) > _SHOWN else ""
    what = f"{', '.join(sampled[:_SHOWN])}{more}"
    return [f"sizes of {what} are estimated from signed sums over all elements (to some 2 %)"]


def _other_replicas(records: tuple[RunRecord, RunRecord], beside: Sequence[Replicas | None]) -> list[str]:
    """Replicas of another version of the program, whose spread may be another."""
    found: dict[str, None] = {}
    for replicas in beside:
        if replicas is not None and (paths := replicas.other_versions(program_of(records).sources)):
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            found[f"{', '.join(paths[:_SHOWN])}{more} changed between {replicas.experiment.id} and the runs"] = None
    return list(found)


def _judged(verdict: Verdict, acceptance: Acceptance | None) -> Verdict:
    if acceptance is None:
        return verdict
    if not acceptance.accepted:
        first = f"Not accepted as within {acceptance.decades:g} decades of tolerance: {acceptance.reasons[0]}"
        return replace(verdict, reasons=(*verdict.reasons, first))
    return replace(verdict, status=Status.WITHIN_TOLERANCE, reasons=(*acceptance.rests_on, *verdict.reasons))


def _joined(layerwise: Layerwise, walk: KeptWalk | None) -> tuple[LayerMargin, ...]:
    tolerances = {layer.name: layer for layer in walk.layers} if walk is not None else {}
    why = "the walk has no such layer" if walk is not None else "no noise walk"
    several = {series.model.partition("#")[0] for series in layerwise.layers if "#" in series.model}
    return ranked([join(series, _of(series, walk, tolerances, several), why) for series in layerwise.layers])


def _of(
    series: LayerSeries, walk: KeptWalk | None, found: Mapping[str, LayerTolerance], several: Set[str]
) -> LayerTolerance | None:
    """The tolerance of a layer. Several instances of a class may be anything, so that none of them has one."""
    if walk is None or series.model.partition("#")[0] in several:
        return None
    if len(walk.models) > 1:
        return found.get(f"{series.model}.{series.layer}")
    return found.get(series.layer) if series.model == walk.models[0] else None


def _accepted(
    records: tuple[RunRecord, RunRecord],
    verdict: Verdict,
    layers: tuple[LayerMargin, ...],
    layerwise: Layerwise,
    chosen: Chosen,
    decades: float,
) -> Acceptance:
    assert verdict.comparison is not None, "only runs that were compared are accepted"
    walk = chosen.walk
    several = walk is not None and len(walk.models) > 1
    kept = {f"{layer.model}.{layer.layer}" if several else layer.layer for layer in layers}
    try:
        traces = open_run(Path(records[0].folder)), open_run(Path(records[1].folder))
        found = deviations(*traces, layers=_paths(layers))
    except TraceFormatError as error:
        found = (f"The traces cannot be read: {error}.",)
    case = Case(
        records=records,
        comparison=verdict.comparison,
        layers=layers,
        layerwise=layerwise,
        deviations=found,
        walk=walk.name if walk is not None else None,
        metric=walk.metric if walk is not None else None,
        reacts=walk is None or walk.reacts,
        doubt=chosen.doubt,
        unseen=[layer.name for layer in walk.layers if layer.name not in kept] if walk is not None else [],
    )
    return accept(case, decades)


def _paths(layers: tuple[LayerMargin, ...]) -> frozenset[str]:
    """What the traces call the modules whose outputs were kept."""
    modules = [layer for layer in layers if layer.type != "input"]
    return frozenset(
        layer.model if layer.layer == layer.type == layer.model.partition("#")[0] else f"{layer.model}.{layer.layer}"
        for layer in modules
    )
