"""Where the spread of a training comes from: many replicas, with and without each source of noise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import auditor
from auditor.errors import UsageError
from auditor.experiments.variants import DEFAULT, NAMES, VARIANTS, Variant, ordered
from auditor.model.evidence import EvidenceKind
from auditor.model.lean import dataclass, replace
from auditor.model.report import AuditReport
from auditor.model.variance import ReplicaSetUp
from auditor.runs.executor import Executor, Needs
from auditor.runs.measures import MetricSource
from auditor.runs.replicas import Conditions, ExperimentFolder, Kept, find_experiment, new_experiment
from auditor.runs.samples import LABEL_NAMES, check_kind, one_column, read_columns
from auditor.runs.store import open_store
from auditor.services.campaign import Campaign, Wanted
from auditor.services.evidence import leaves_evidence
from auditor.services.executors import ROOM, choose_executor, own_threads
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.replica_remarks import (
    changed_sources,
    left_behind,
    machines,
    switched_back,
    versions,
    without_gradients,
)
from auditor.services.replica_results import Sources, read_result
from auditor.services.replicas import Workshop
from auditor.services.settings import Settings
from auditor.services.source_draws import draw_warnings, first_draws, parse_sources, source_draws
from auditor.services.sourcedigest import source_digests
from auditor.services.tape import hash_seed
from auditor.services.variance_report import Reading, variance_report
from auditor.static.files.discovery import find_root

VARY = ("none", "global", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceOptions:
    """What a person may choose."""

    runs: int = 10
    """Replicas of each variant."""

    variants: tuple[Variant, ...] = DEFAULT
    sources: Sources = Sources()
    groups: Path | None = None
    positive: str | None = None
    threads: int | None = None
    """Of the variants without implementation noise; None for as many as the program may use cores."""

    vary: str = "none"
    """Seeds that are replaced where algorithmic noise is free: `none`, `global` (the libraries' generators), `all`."""

    jobs: int | None = None
    """Replicas at a time, `ROOM` for as many as there is room for; None: one here, as many as a cluster takes there."""

    executor: str = "local"
    """Where they run: `local`, `ray[:ADDRESS]`, `slurm[:PARTITION,account=…]`."""

    needs: Needs = Needs()
    retries: int = 1
    """How often a replica that failed is run again."""

    isolate: bool = False
    timeout_s: float | None = None
    python: Path | None = None
    keep_weights: bool = True
    keep_gradients: bool = False
    """Keep the gradients of some steps, for `margin` to hold those of two runs against."""

    resume: bool = False
    ddof: int = 0
    artifact: bool = False


def parse_variants(words: Sequence[str], nudge: bool = False, sources: Sequence[str] = ()) -> tuple[Variant, ...]:
    """Return the variants of these names, and one for each of `sources`; `UsageError` for a name that is none."""
    unknown = [word for word in words if word not in NAMES]
    if unknown:
        raise UsageError(f"--variants: there is no `{unknown[0]}`; there are {', '.join(NAMES)}")
    chosen = {NAMES[word].name for word in words} or {variant.name for variant in DEFAULT}
    found = [variant for variant in VARIANTS if variant.name in chosen or (nudge and variant.nudged)]
    return ordered([*found, *parse_sources(sources)])


def parse_metrics(texts: Sequence[str]) -> tuple[MetricSource, ...]:
    """Read what stands behind each `--metric`; `UsageError` for one that is malformed or named twice."""
    found = tuple(MetricSource.parse(text) for text in texts)
    names = [source.name for source in found if source.name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--metric: {twice} is named twice")
    return found


@leaves_evidence(EvidenceKind.VARIANCE)
def measure_variance(
    command: Sequence[str],
    *,
    cwd: Path,
    settings: Settings,
    options: VarianceOptions | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> AuditReport:
    """Run `options.runs` replicas of each variant and say how far their results spread, and why.

    Replicas are kept in the store; with `resume` those that are there count. A cancelled measurement reports the whole
    replicas. Raises `ProgramError` where the program fails in every variant, `UsageError` where there is nothing by
    which replicas can be held against each other.
    """
    options = options or VarianceOptions()
    _check(options)
    cwd = cwd.resolve()
    if options.sources.labels is not None:
        options = replace(options, sources=replace(options.sources, labels=cwd / options.sources.labels))
    project = find_root([script_of(command, cwd) or cwd]).resolve()
    threads = options.threads or own_threads()
    runner = executor or choose_executor(options.executor, jobs=options.jobs, needs=options.needs, threads=threads)
    _check_files(options.sources, runner)
    if (options.isolate or runner.parallel) and not cwd.is_relative_to(project):
        raise UsageError(f"copies of {project} are run; start from a folder inside it, not from {cwd}")
    store = open_store(find_root([cwd]), settings.store).root
    groupings = read_columns(cwd / options.groups) if options.groups is not None else {}
    reading = Reading(
        groupings={name or "group": column for name, column in groupings.items()},
        positive=options.positive,
        ddof=options.ddof,
        artifact=options.artifact,
    )
    experiment = _experiment(tuple(command), cwd, store, options)
    workshop = Workshop(
        experiment=experiment,
        command=tuple(command),
        cwd=cwd,
        project=project,
        store=store,
        executor=runner,
        progress=progress or Silent(),
        python=options.python,
        timeout_s=options.timeout_s,
        isolated=options.isolate or runner.parallel,
        keep_weights=options.keep_weights,
        keep_gradients=options.keep_gradients,
        evaluate=options.sources.evaluate,
        files=options.sources.files(),
        sources=experiment.keep_sources(source_digests(project, store)),
    )
    wanted = Wanted(
        variants=options.variants,
        runs=options.runs,
        retries=options.retries,
        sources=options.sources,
        reading=reading,
    )
    campaign = Campaign(workshop, wanted)
    try:
        campaign.run()
    finally:
        runner.close()
    return _report(campaign, options, project)


def _report(campaign: Campaign, options: VarianceOptions, project: Path) -> AuditReport:
    experiment = campaign.experiment
    kept = {variant: experiment.replicas(variant.name)[: options.runs] for variant in options.variants}
    results = {
        variant: [read_result(each, options.sources) for each in found]
        for variant, found in kept.items()
        if found and variant not in campaign.undrawn
    }
    everything = [each for found in kept.values() for each in found]
    now = source_digests(project, campaign.workshop.store)
    paths, changed = changed_sources(experiment, everything, now, campaign.workshop.own_files())
    set_up = ReplicaSetUp(
        experiment=experiment.id,
        command=experiment.conditions.command,
        variants=tuple(variant.name for variant in options.variants),
        planned=options.runs,
        threads=experiment.conditions.threads,
        fixed_seeds=_fixed_seeds([each for variant, found in kept.items() if variant.algorithmic for each in found]),
        varied=options.vary != "none",
        interrupted=campaign.interrupted,
        changed=paths,
    )
    split = first_draws(kept)
    remarks = [
        *campaign.failed(),
        *changed,
        *left_behind(everything),
        *machines(everything),
        *versions([each for found in results.values() for each in found]),
        *switched_back(results, experiment.conditions.threads),
        *draw_warnings(split),
        *(without_gradients(everything) if options.keep_gradients else ()),
    ]
    variance = replace(
        variance_report(results, campaign.wanted.reading, set_up, remarks),
        sources=source_draws(next(iter(split.values()), None)),
        undrawn=tuple(campaign.undrawn.values()),
    )
    return AuditReport(tool=f"repro-audit {auditor.__version__}", project=project.name, variance=variance)


def _fixed_seeds(replicas: Sequence[Kept]) -> tuple[str, ...]:
    """Seeds that all replicas with algorithmic noise pass, in the order of the first."""
    if len(replicas) < 2:
        return ()
    passed = [{seed.partition(" at ")[0] for seed in each.seeds} for each in replicas]
    common = set.intersection(*passed)
    return tuple(seed for seed in replicas[0].seeds if seed.partition(" at ")[0] in common)


def _experiment(command: tuple[str, ...], cwd: Path, store: Path, options: VarianceOptions) -> ExperimentFolder:
    conditions = Conditions(
        command=command,
        cwd=str(cwd),
        python=str(options.python or ""),
        threads=options.threads or own_threads(),
        vary=options.vary,
    )
    if options.resume:
        return find_experiment(store, conditions)
    return new_experiment(store, conditions, hash_seed(os.environ))


def _check(options: VarianceOptions) -> None:
    if options.runs < 2:
        raise UsageError(f"--runs {options.runs}: a spread needs at least two replicas of each variant")
    if options.vary not in VARY:
        raise UsageError(f"--vary-seeds: expected one of {', '.join(VARY)}, found `{options.vary}`")
    if options.jobs is not None and options.jobs < ROOM:
        raise UsageError(f"--jobs {options.jobs}: expected 1 or more")
    if options.retries < 0:
        raise UsageError(f"--retries {options.retries}: expected 0 or more")


def _check_files(sources: Sources, executor: Executor) -> None:
    """Find out before the first training what would be found out after it."""
    if sources.predictions:
        check_kind(Path(sources.predictions))
    if sources.labels is not None:
        one_column(sources.labels, read_columns(sources.labels), LABEL_NAMES, "labels")
    outside = [name for name in sources.files() if Path(name).is_absolute()]
    if outside and executor.parallel:
        raise UsageError(
            f"{outside[0]}: replicas that run side by side would all write this file; name one inside the "
            "project, by a relative path"
        )
