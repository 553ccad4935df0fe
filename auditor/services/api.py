"""The functions of the public API: paths as text or `Path`, settings found where the project is, a report back.

All of them raise the errors of `auditor.errors` and print nothing. Progress is not shown; use the services themselves
where that matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from auditor.model.report import AuditReport
from auditor.model.rule import Rule
from auditor.model.run import RunRecord
from auditor.services.settings import Settings, load_settings

AnyPath = str | PathLike[str]


def scan(*paths: AnyPath, settings: Settings | None = None) -> AuditReport:
    """Read source and report what makes its programs non-deterministic; nothing is executed or imported.

    `settings` None means those that the project has; what their baseline accepts is left out. Without paths the current
    folder is scanned.
    """
    from auditor.services.check import check as service

    chosen = [Path(path) for path in paths] or [Path()]
    return service(chosen, settings or load_settings(chosen[0]))


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
