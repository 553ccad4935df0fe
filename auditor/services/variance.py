"""Where the spread of a training comes from: many replicas, with and without each source of noise."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import auditor
from auditor.errors import ProgramError, UsageError
from auditor.experiments.variants import (
    DEFAULT,
    NAMES,
    VARIANTS,
    Variant,
    named,
    ordered,
)
from auditor.model.evidence import EvidenceKind
from auditor.model.lean import dataclass, replace
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.model.variance import ReplicaSetUp, UndrawnSource
from auditor.runs.executor import Executor, LocalProcesses
from auditor.runs.launch import check, log_tail
from auditor.runs.measures import MetricSource
from auditor.runs.replicas import Conditions, ExperimentFolder, Kept, find_experiment, new_experiment
from auditor.runs.samples import read_columns
from auditor.runs.store import open_store
from auditor.services.board import BoardReader, ShowsBoard
from auditor.services.evidence import leaves_evidence
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.replica_results import Sources, check_first, read_result
from auditor.services.replicas import Done, Task, Workshop
from auditor.services.settings import Settings
from auditor.services.source_draws import draw_warnings, first_draws, parse_sources, source_draws, undrawn_in
from auditor.services.tape import hash_seed
from auditor.services.variance_report import Reading, check_groupings, variance_report
from auditor.static.discovery import find_root

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

    jobs: int = 1
    isolate: bool = False
    timeout_s: float | None = None
    python: Path | None = None
    keep_weights: bool = True
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
    if (options.isolate or options.jobs > 1) and not cwd.is_relative_to(project):
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
        executor=executor or LocalProcesses(options.jobs),
        progress=progress or Silent(),
        python=options.python,
        timeout_s=options.timeout_s,
        isolated=options.isolate or options.jobs > 1,
        keep_weights=options.keep_weights,
        evaluate=options.sources.evaluate,
        files=options.sources.files(),
    )
    campaign = _Campaign(workshop, options, reading)
    campaign.run()
    return _report(campaign, project)


class _Campaign:
    """The replicas of one command line: which are there, which are run, which failed."""

    def __init__(self, workshop: Workshop, options: VarianceOptions, reading: Reading) -> None:
        self.workshop = workshop
        self.options = options
        self.reading = reading
        self.experiment: ExperimentFolder = workshop.experiment
        self.failed: dict[Variant, list[RunRecord]] = {}
        self.undrawn: dict[Variant, UndrawnSource] = {}
        self.checked = False
        self.interrupted = False
        self._there = {v: {kept.number for kept in self.experiment.replicas(v.name)} for v in options.variants}
        self._ended = 0

    def run(self) -> None:
        """Run what is missing; the one that makes the tape first, then in turns over the variants."""
        for variant in self.options.variants:
            for kept in self.experiment.replicas(variant.name)[:1]:
                self._check_draws(variant, kept)
        missing = sum(
            self.options.runs - len(self._due_of(variant))
            for variant in self.options.variants
            if variant not in self.undrawn
        )
        self.workshop.progress.stage("replicas", missing)
        self._show_board()
        for kept in (kept for v in self.options.variants for kept in self.experiment.replicas(v.name)[:1]):
            self._check_first(kept)
        for variant in (each for each in reversed(self.options.variants) if not each.algorithmic and not each.nudged):
            if not self.experiment.has_tape() and not self.interrupted:
                self._each(self.workshop.run([Task(variant=variant, number=1, record=True)]))
        self._each(self.workshop.run(self._tasks()))
        self.interrupted |= self.workshop.progress.cancelled()
        if not any(self.experiment.replicas(variant.name) for variant in self.options.variants):
            self._raise()

    def _show_board(self) -> None:
        progress = self.workshop.progress
        if isinstance(progress, ShowsBoard):
            names = [variant.name for variant in self.options.variants]
            progress.board(BoardReader(self.experiment, names, self.options.runs))

    def _tasks(self) -> Iterator[Task]:
        for number in range(1, self.options.runs + 1):
            for variant in self.options.variants:
                given_up = variant in self.failed and not self._there[variant]
                without_tape = not variant.algorithmic and not self.experiment.has_tape()
                given_up |= variant in self.undrawn
                if number not in self._there[variant] and not given_up and not without_tape:
                    yield Task(variant=variant, number=number)

    def _each(self, ended: Iterator[Done]) -> None:
        for done in ended:
            variant = done.task.variant
            if done.kept is not None:
                self._there[variant].add(done.task.number)
                self._check_first(done.kept)
                if variant not in self.undrawn and self._check_draws(variant, done.kept):
                    self._ended += self.options.runs - len(self._there[variant])  # those that need not be run
            elif done.run.status.ending is Ending.INTERRUPTED:
                self.interrupted = True
            else:
                self.failed.setdefault(variant, []).append(done.run)
            self._ended += 1
            counts = "  ".join(f"{each.name} {len(self._due_of(each))}" for each in self.options.variants)
            self.workshop.progress.update(self._ended, f"{counts} of {self.options.runs}")

    def _due_of(self, variant: Variant) -> list[int]:
        return [number for number in self._there[variant] if number <= self.options.runs]

    def _check_first(self, kept: Kept) -> None:
        if not self.checked:
            self.checked = True
            result = read_result(kept, self.options.sources)
            check_first(kept, result, self.options.sources)
            check_groupings({named(kept.variant): [result]}, self.reading)

    def _check_draws(self, variant: Variant, kept: Kept) -> bool:
        """Whether a variant has nothing to vary: more replicas of it would be the same again."""
        if (told := undrawn_in(variant, kept)) is not None:
            self.undrawn[variant] = told
        return variant in self.undrawn

    def _raise(self) -> None:
        for runs in self.failed.values():
            check(runs[0])
        raise ProgramError("interrupted before the first replica was whole; nothing was measured")

    def failures(self) -> list[str]:
        """A sentence for each variant in which replicas failed."""
        told = []
        for variant, runs in self.failed.items():
            last = next(
                (line.strip() for line in reversed(log_tail(runs[0], 40)) if line.strip()), "it printed nothing"
            )
            mode = "" if variant.implementation else " in deterministic mode"
            count = f"{len(runs)} of its replicas" if self._there[variant] else "the program"
            told.append(f"{variant.name}: {count} failed{mode}: {last} (log {runs[0].folder}/program.log)")
        return told


def _report(campaign: _Campaign, project: Path) -> AuditReport:
    options, experiment = campaign.options, campaign.experiment
    kept = {variant: experiment.replicas(variant.name)[: options.runs] for variant in options.variants}
    results = {
        variant: [read_result(each, options.sources) for each in found]
        for variant, found in kept.items()
        if found and variant not in campaign.undrawn
    }
    set_up = ReplicaSetUp(
        experiment=experiment.id,
        command=experiment.conditions.command,
        variants=tuple(variant.name for variant in options.variants),
        planned=options.runs,
        threads=experiment.conditions.threads,
        fixed_seeds=_fixed_seeds([each for variant, found in kept.items() if variant.algorithmic for each in found]),
        varied=options.vary != "none",
        interrupted=campaign.interrupted,
    )
    split = first_draws(kept)
    remarks = [
        *campaign.failures(),
        *_left_behind([each for found in kept.values() for each in found]),
        *draw_warnings(split),
    ]
    variance = replace(
        variance_report(results, campaign.reading, set_up, remarks),
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


def _left_behind(replicas: Sequence[Kept]) -> list[str]:
    """Files that every replica leaves in the project, where the next one may read them."""
    common = set.intersection(*(set(each.written) for each in replicas)) if replicas else set()
    paths = sorted(path for path in common if not any(part.startswith((".", "__")) for part in Path(path).parts))
    if not paths:
        return []
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    told = f"Every run writes {', '.join(paths[:3])}{more} in the project"
    return [f"{told}; a later one may start from what an earlier one left. --isolate copy rules that out."]


def _experiment(command: tuple[str, ...], cwd: Path, store: Path, options: VarianceOptions) -> ExperimentFolder:
    conditions = Conditions(
        command=command,
        cwd=str(cwd),
        python=str(options.python or ""),
        threads=options.threads or _threads(),
        vary=options.vary,
    )
    if options.resume:
        return find_experiment(store, conditions)
    return new_experiment(store, conditions, hash_seed(os.environ))


def _threads() -> int:
    """As many as operators use where nobody says anything: OMP_NUM_THREADS, else the cores that we may use."""
    named = os.environ.get("OMP_NUM_THREADS", "")
    if named.isdigit() and int(named):
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(options: VarianceOptions) -> None:
    if options.runs < 2:
        raise UsageError(f"--runs {options.runs}: a spread needs at least two replicas of each variant")
    if options.vary not in VARY:
        raise UsageError(f"--vary-seeds: expected one of {', '.join(VARY)}, found `{options.vary}`")
    outside = [name for name in options.sources.files() if Path(name).is_absolute()]
    if outside and options.jobs > 1:
        raise UsageError(f"{outside[0]}: with --jobs every replica would write this file; name one inside the project")
