"""The functions of the public API: paths as text or `Path`, settings found where the project is, a report back.

All of them raise the errors of `auditor.errors` and print nothing. Progress is not shown; use the services themselves
where that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.model.rule import Rule
from auditor.model.run import RunRecord
from auditor.services.settings import Settings, load_settings

if TYPE_CHECKING:
    from auditor.model.tape import ReplayOutcome
    from auditor.services.apply import Applied, Undone
    from auditor.services.fix import FixPlan
    from auditor.services.tape import Recorded

AnyPath = str | PathLike[str]


def scan(*paths: AnyPath, settings: Settings | None = None) -> AuditReport:
    """Read source and report what makes its programs non-deterministic; nothing is executed or imported.

    `settings` None means those that the project has; what their baseline accepts is left out. Without paths the current
    folder is scanned.
    """
    from auditor.services.check import check as service

    chosen = [Path(path) for path in paths] or [Path()]
    return service(chosen, settings or load_settings(chosen[0]))


def fix(*paths: AnyPath, settings: Settings | None = None) -> FixPlan:
    """Scan and plan patches; nothing is written. `plan.patches` has them, `plan.diff(ids)` shows any of them together.

    Without paths the current folder is scanned. Raises what `scan` raises.
    """
    from auditor.services.fix import plan_fixes

    chosen = [Path(path) for path in paths] or [Path()]
    return plan_fixes(chosen, settings or load_settings(chosen[0]))


def apply(
    what: AuditReport | FixPlan,
    root: AnyPath = ".",
    applicability: str = "safe",
    *,
    settings: Settings | None = None,
) -> Applied | None:
    """Write the patches of a plan, or of what a scan of `root` found; None where there are none to write.

    `applicability`: `safe`, or `unsafe` for those too that may change results or speed; patches that a person has to
    look at are never written. Of patches that exclude each other the first is taken. All files are written as one step,
    which `undo` takes back. Raises `ProjectError` where a file changed since the scan or cannot be written.
    """
    from auditor.services.apply import apply as service
    from auditor.services.fix import FixPlan, plan_for

    if applicability not in ("safe", "unsafe"):
        raise UsageError(f"applicability: expected `safe` or `unsafe`, found `{applicability}`")
    if isinstance(what, FixPlan):
        plan = what
        chosen = settings or load_settings(plan.root)
    else:
        chosen = settings or load_settings(Path(root))
        plan = plan_for(what, [Path(root)], chosen)
    ids, _ = plan.compatible(plan.ids(unsafe=applicability == "unsafe"))
    return service(plan, ids, store=chosen.store) if ids else None


def undo(root: AnyPath = ".", step: str | None = None, *, settings: Settings | None = None) -> Undone:
    """Take back what `apply` wrote: the last step, or the one with this id. See `auditor.services.apply.undo`."""
    from auditor.services.apply import undo as service
    from auditor.static.files.discovery import find_root

    chosen = settings or load_settings(Path(root))
    return service(find_root([Path(root)]), step, store=chosen.store)


def run_twice(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    steps: int | None = None,
    python: AnyPath | None = None,
    closeup: bool = True,
    settings: Settings | None = None,
) -> AuditReport:
    """Run a program two times in fresh processes and say whether it does the same, bit for bit, and if not, why.

    A leading `python` in `command` stands for `python`, or else for the interpreter that runs us. Both runs stop
    after `steps` optimizer steps; None lets them run to their end. `closeup` runs the program again to measure a
    difference. Raises `ProgramError` where the program fails.
    """
    from auditor.services.twice import TwiceOptions
    from auditor.services.twice import run_twice as service

    options = TwiceOptions(steps=steps, python=_path(python), closeup=closeup, quiet_program=True)
    return service(command, cwd=Path(cwd), settings=settings or load_settings(Path(cwd)), options=options)


def verify(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    plan: FixPlan | None = None,
    steps: int | None = None,
    python: AnyPath | None = None,
    timed_runs: int = 6,
    settings: Settings | None = None,
) -> AuditReport:
    """Prove which patches make a program reproducible, by running it in a copy of its project: `report.proof`.

    `plan` None means all patches of the project; `timed_runs` 0 leaves their price out. Raises `ProgramError` where the
    program fails as it is.
    """
    from auditor.services.fix import plan_fixes
    from auditor.services.program import script_of
    from auditor.services.verify import VerifyOptions
    from auditor.services.verify import verify as service
    from auditor.static.files.discovery import find_root

    settings = settings or load_settings(Path(cwd))
    root = find_root([script_of(command, Path(cwd)) or Path(cwd)])
    return service(
        command,
        plan or plan_fixes([root], settings),
        cwd=Path(cwd),
        settings=settings,
        options=VerifyOptions(steps=steps, python=_path(python), timed_runs=timed_runs),
    )


def record(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    steps: int | None = None,
    python: AnyPath | None = None,
    settings: Settings | None = None,
) -> RunRecord:
    """Run a program once under the probe and keep the trace. Raises `ProgramError` where the program fails."""
    from auditor.services.record import RecordOptions
    from auditor.services.record import record as service

    options = RecordOptions(steps=steps, python=_path(python), quiet_program=True)
    report = service(command, cwd=Path(cwd), settings=settings or load_settings(Path(cwd)), options=options)
    return report.runs[0]


def open_run(run: AnyPath, cwd: AnyPath = ".", *, settings: Settings | None = None) -> RunRecord:
    """Return a stored run by its id (of the project that `cwd` is in) or by its folder."""
    from auditor.services.history import find_run

    return find_run(str(run), Path(cwd), settings or load_settings(Path(cwd)))


def compare(reference: RunRecord, candidate: RunRecord, *, settings: Settings | None = None) -> AuditReport:
    """Compare two runs that exist; the report holds the verdict and the comparison behind it."""
    from auditor.services.compare import compare_runs

    return compare_runs(reference, candidate, settings or load_settings(Path(candidate.project)))


def record_tape(
    command: Sequence[str],
    tape: AnyPath,
    cwd: AnyPath = ".",
    *,
    volatile: Sequence[str] = (),
    python: AnyPath | None = None,
    force: bool = False,
) -> Recorded:
    """Run a program and tape all randomness that it is given; the program keeps its output.

    `volatile`: what is taped wherever it is read, some of `time`, `pid`, `host`, `listing`. Raises `UsageError` where
    `tape` exists, unless `force`; how the program ended is `exit_code` of what is returned.
    """
    from auditor.services.tape import record_tape as service

    return service(command, Path(tape), cwd=Path(cwd), volatile=volatile, python=_path(python), force=force)


def replay(
    tape: AnyPath,
    command: Sequence[str] | None = None,
    cwd: AnyPath = ".",
    *,
    strict: bool = True,
    python: AnyPath | None = None,
) -> ReplayOutcome:
    """Run a program and give it from a tape what it was given before; `command` None means the one that was recorded.

    Strict replay ends the program at the first request that is not the recorded one. `divergences` of what is returned
    has those requests, `problems` what could not be given back. Raises `UsageError` where there is no tape,
    `TraceFormatError` where it is damaged.
    """
    from auditor.services.tape import replay_tape

    return replay_tape(Path(tape), command, cwd=Path(cwd), strict=strict, python=_path(python))


def compare_criteria(
    reference: AnyPath, candidate: AnyPath, cwd: AnyPath = ".", *, settings: Settings | None = None
) -> AuditReport:
    """Hold the results of two trainings against each other, criterion by criterion: `report.criteria`.

    Each is a stored run (`r1`), a replica (`v1/algo/2`), a folder or a file of results. Raises `UsageError` for one
    that stands for nothing.
    """
    from auditor.services.criteria import compare_criteria as service

    return service(str(reference), str(candidate), cwd=Path(cwd), settings=settings or load_settings(Path(cwd)))


def measure_overhead(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    runs: int = 10,
    warmup_steps: int = 3,
    steps: int | None = None,
    python: AnyPath | None = None,
    settings: Settings | None = None,
) -> AuditReport:
    """Measure what deterministic mode costs: `runs` runs of each kind, in turns. Raises `ProgramError` as above."""
    from auditor.services.overhead import measure_overhead as service

    return service(
        command,
        cwd=Path(cwd),
        settings=settings or load_settings(Path(cwd)),
        runs=runs,
        warmup_steps=warmup_steps,
        steps=steps,
        python=_path(python),
    )


def profile(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    steps: int | None = None,
    timeout_s: float | None = None,
    scan: bool = True,
    python: AnyPath | None = None,
    settings: Settings | None = None,
) -> AuditReport:
    """Run a program once and say which of its operators are non-deterministic here, and why: `report.profile`.

    `steps` ends it cleanly after so many optimizer steps; without `scan` no patches are looked for in the source.
    Raises `ProgramError` where the program fails, `UsageError` where it cannot be started.
    """
    from auditor.services.profile import ProfileOptions, profile_program

    options = ProfileOptions(steps=steps, timeout_s=timeout_s, scan=scan, python=_path(python))
    return profile_program(command, cwd=Path(cwd), settings=settings or load_settings(Path(cwd)), options=options)


def measure_variance(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    runs: int = 10,
    variants: Sequence[str] = (),
    vary: Sequence[str] = (),
    metrics: Sequence[str] = (),
    predictions: str = "",
    labels: AnyPath | None = None,
    groups: AnyPath | None = None,
    evaluate: str = "",
    vary_seeds: bool = False,
    gradients: bool = False,
    jobs: int | None = None,
    executor: str = "local",
    needs: str = "",
    retries: int = 1,
    resume: bool = False,
    python: AnyPath | None = None,
    settings: Settings | None = None,
) -> AuditReport:
    """Run replicas with and without each source of noise and say how far their results spread: `report.variance`.

    `variants`: some of `both`, `algo`, `impl`, `control`; empty means all. `vary`: sources of randomness that are free
    alone, in a variant each: some of `init`, `order`, `augment`, `dropout`, `other`. Sources of results are spelled as
    on the command line: `name=REGEX` and the like for `metrics`, `module:function` for `evaluate`; so is where replicas
    run: `executor` (`local`, `ray[:ADDRESS]`, `slurm[:PARTITION]`) and what each `needs` (`cpus=4,gpus=1`). `gradients`
    keeps those of some steps, for `repro-audit margin`. Raises
    `ProgramError` where the program fails in every variant, `UsageError` where there is nothing by which replicas can
    be held against each other.
    """
    from auditor.runs.executor import parse_needs
    from auditor.services.replica_results import Sources
    from auditor.services.variance import VarianceOptions, parse_metrics, parse_variants
    from auditor.services.variance import measure_variance as service

    options = VarianceOptions(
        runs=runs,
        variants=parse_variants(variants, sources=vary),
        sources=Sources(
            metrics=parse_metrics(metrics), predictions=predictions, labels=_path(labels), evaluate=evaluate
        ),
        groups=_path(groups),
        vary="global" if vary_seeds else "none",
        keep_gradients=gradients,
        jobs=jobs,
        executor=executor,
        needs=parse_needs(needs),
        retries=retries,
        resume=resume,
        python=_path(python),
    )
    return service(command, cwd=Path(cwd), settings=settings or load_settings(Path(cwd)), options=options)


def measure_sensitivity(
    command: Sequence[str],
    cwd: AnyPath = ".",
    *,
    kind: str = "add",
    sigmas: Sequence[float] = (),
    layers: str = "all",
    repeats: int = 3,
    precision: float | None = 0.1,
    evaluate: str | None = None,
    metric: str | None = None,
    clamp: float | None = None,
    seed: int = 0,
    python: AnyPath | None = None,
    settings: Settings | None = None,
) -> AuditReport:
    """Train once and measure the noise at which each layer's quality has fallen half-way: `report.sensitivity`.

    `kind`: `add`, `mul` or `combined`; `sigmas`: levels above 0, rising, empty for those of the command line;
    `precision` None measures all of them. `layers`, `evaluate` and `metric` are spelled as on the command line. Method:
    Borras, Klein, Fröning (arXiv 2212.10430). Raises `ProgramError` where the program or its evaluation fails,
    `UsageError` where it has no model or evaluates it nowhere.
    """
    from auditor.experiments.noiselevels import DEFAULT_LEVELS, parse_levels
    from auditor.model.sensitivity import NoiseKind
    from auditor.services.noise import walk_noise
    from auditor.services.noise_options import WalkOptions
    from auditor.services.noise_session import NoiseProgram

    if kind not in DEFAULT_LEVELS:
        raise UsageError(f"kind: expected one of {', '.join(DEFAULT_LEVELS)}, found `{kind}`")
    options = WalkOptions(
        kind=NoiseKind(kind),
        sigmas=tuple(sigmas) or parse_levels(DEFAULT_LEVELS[kind]),
        layers=layers,
        repeats=repeats,
        precision=precision,
        evaluate=evaluate,
        metric=metric,
        clamp=clamp,
        seed=seed,
    )
    program = NoiseProgram(command=command, cwd=Path(cwd), python=_path(python), quiet=True)
    return walk_noise(program, options, settings=settings or load_settings(Path(cwd)))


def follow_guideline(
    project: AnyPath = ".", *, script: AnyPath | None = None, settings: Settings | None = None
) -> AuditReport:
    """Walk through the guideline for reproducible training with the evidence that is kept: `report.guideline`.

    Nothing of the project is run. Raises `ProjectError` as `scan` does.
    """
    from auditor.services.guideline.report import GuidelineOptions, guideline

    options = GuidelineOptions(script=_path(script))
    return guideline(Path(project), settings=settings or load_settings(Path(project)), options=options)


def rules() -> tuple[Rule, ...]:
    """Return every rule, sorted by id."""
    from auditor.services.catalog import all_rules

    return all_rules()


def explain(rule: str) -> Rule:
    """Return the rule with this id or name; raises `UsageError` naming the nearest one."""
    from auditor.services.catalog import find_rule

    return find_rule(rule)


def _path(path: AnyPath | None) -> Path | None:
    return None if path is None else Path(path)
