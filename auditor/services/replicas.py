"""Runs replicas of one program, with noise or without, and keeps what they leave."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from auditor.errors import TraceFormatError, UsageError
from auditor.experiments.schedule import Task
from auditor.experiments.variants import Variant
from auditor.model.lean import dataclass
from auditor.model.run import Ending, RunRecord
from auditor.model.tape import TapeLaunch
from auditor.runs import native as native_code
from auditor.runs.executor import Executor, Told
from auditor.runs.gradients import keep_gradients
from auditor.runs.plan import LaunchPlan
from auditor.runs.replicas import COLLECTED, DRAWS, TAPE, ExperimentFolder, Kept
from auditor.runs.tapefile import open_tape, read_process, write_launch
from auditor.runs.workplace import Workplace
from auditor.services.outside import Setup
from auditor.services.progress import Progress
from auditor.services.tape import hash_seed, outcome

GLOBAL_SEEDS = ("random.seed", "numpy.random.seed", "torch.manual_seed")
LISTING = ("listing",)
"""What is taped beside entropy where it is fixed: a copy of a folder may list its files in another order."""

_REPORT = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One replica that ended."""

    task: Task
    run: RunRecord
    kept: Kept | None
    """None where it failed or was interrupted."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where the replicas of an experiment are run."""

    experiment: ExperimentFolder
    command: tuple[str, ...]
    cwd: Path
    project: Path
    store: Path
    executor: Executor
    progress: Progress
    python: Path | None
    timeout_s: float | None
    isolated: bool
    """Each replica works in its own copy of the project."""

    keep_weights: bool
    keep_gradients: bool
    evaluate: str
    files: tuple[str, ...]
    """Files that the program writes and that are kept, as they were asked for: below `cwd`, or absolute."""

    sources: str = ""
    """Under what the experiment keeps the digests of the project's sources as they are now."""

    def own_files(self) -> frozenset[str]:
        """The files that the program writes and that are kept, relative to the project as `RunRecord.files_written`."""
        return frozenset(Path(os.path.relpath(self.cwd / name, self.project)).as_posix() for name in self.files)

    def run(self, tasks: Iterable[Task | None], told: Told = lambda _: None) -> Generator[Done, None, None]:
        """Run replicas and yield each as it ends; those that ended well are kept. Closing it ends what still runs."""
        begun: dict[str, tuple[Task, dict[str, int | None]]] = {}

        def plans() -> Iterator[LaunchPlan | None]:
            for task in tasks:
                if task is None:
                    yield None
                    continue
                plan = self._plan(task)
                begun[plan.run_id] = task, {name: _stamp(plan.cwd / name) for name in self.files}
                yield plan

        for plan, record in self.executor.run(plans(), self.progress.cancelled, told):
            task, before = begun[plan.run_id]
            kept = None
            if record.status.ending is Ending.FINISHED:
                if task.record:
                    self.experiment.keep_tape(plan.run_dir / TAPE)
                kept = self._keep(task, plan, record, before)
            shutil.rmtree(plan.run_dir / "project", ignore_errors=True)
            yield Done(task=task, run=record, kept=kept)

    # starting

    def _plan(self, task: Task) -> LaunchPlan:
        variant = task.variant
        folder = self.experiment.replica(variant.name, task.number, keep=task.again)
        place = Workplace.of(self.command, self.cwd, self.project)
        if self.isolated:
            place = place.copied_to(folder, self.store, self.python)
        setup = Setup(
            deterministic=not variant.implementation,
            threads=None if variant.implementation else self.experiment.conditions.threads,
        )
        secret = self._secret(variant)
        tape, native = self._tape(task, folder, secret)
        return LaunchPlan(
            argv=place.command,
            cwd=place.cwd,
            project=place.project,
            run_dir=folder,
            run_id=f"{variant.name}/{task.number}",
            python=self.python,
            environment={**place.variables, **setup.environment(), **native, "PYTHONHASHSEED": secret},
            probe={
                "mode": "none",
                "xxhash_path": "",
                "tape": tape,
                "switches": setup.switches(),
                "split": self._split(variant, folder),
                "collect": {
                    "folder": str(folder / COLLECTED),
                    "keep": self.keep_weights,
                    "evaluate": self.evaluate,
                    "nudge": task.number - 1 if variant.nudged else None,
                    "gradients": keep_gradients(folder, whole=False) if self.keep_gradients else None,
                },
            },
            timeout_s=self.timeout_s,
            quiet=True,
        )

    def _split(self, variant: Variant, folder: Path) -> dict[str, object] | None:
        """From what the streams of each source start; kept beside the replica, so that it can be run again."""
        if variant.sources is None:
            return None
        settings: dict[str, object] = {
            "folder": str(folder / DRAWS),
            "vary": list(variant.sources),
            "base": self.experiment.hash_seed,
            "seed": secrets.token_hex(8),
            "private": self.experiment.conditions.vary == "all",
        }
        (folder / "split.json").write_text(json.dumps(settings, sort_keys=True) + "\n")
        return settings

    def _secret(self, variant: Variant) -> str:
        """The hash secret: one for all without algorithmic noise; else a fresh one, or what a person has set."""
        if not variant.algorithmic:
            return self.experiment.hash_seed
        return hash_seed({} if self.experiment.conditions.vary != "none" else os.environ)

    def _tape(self, task: Task, folder: Path, secret: str) -> tuple[dict[str, object], dict[str, str]]:
        """What the probe does with entropy, and the variables by which native code takes part.

        Replicas with algorithmic noise are recorded, so that each of them can be replayed.
        """
        variant = task.variant
        volatile = () if variant.algorithmic else LISTING
        built = self._interposer()
        if variant.algorithmic or task.record:
            write_launch(folder / TAPE, self._launch(secret, volatile, built is not None))
            settings: dict[str, object] = {"mode": "record", "folder": str(folder / TAPE), "volatile": list(volatile)}
            if variant.algorithmic and self.experiment.conditions.vary != "none":
                private = self.experiment.conditions.vary == "all"
                settings["vary"] = {"seed": secrets.token_hex(8), "private": private}
                (folder / "vary.json").write_text(json.dumps(settings["vary"], sort_keys=True) + "\n")
            return settings, _native(built, "record", folder / TAPE, folder / TAPE)
        settings = {
            "mode": "replay",
            "folder": str(self.experiment.tape),
            "report": str(folder / _REPORT),
            "strict": False,
            "volatile": list(volatile),
        }
        return settings, _native(built, "lenient", self.experiment.tape, folder / _REPORT)

    def _interposer(self) -> Path | None:
        """The built library for native code, where programs see it; None where there is none."""
        built, _ = native_code.library()
        if built is None or not self.executor.remote:
            return built
        shared = self.experiment.path / built.name
        if not shared.is_file():
            shutil.copy2(built, shared)
        return shared

    def _launch(self, secret: str, volatile: tuple[str, ...], native: bool) -> TapeLaunch:
        return TapeLaunch(
            argv=self.command,
            hash_seed=secret,
            python=platform.python_version(),
            volatile=volatile,
            native=native,
            recorded_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            exit_code=0,
        )

    # keeping

    def _keep(self, task: Task, plan: LaunchPlan, record: RunRecord, before: Mapping[str, int | None]) -> Kept:
        files = {}
        notes = []
        own = self.own_files()
        for number, name in enumerate(self.files):
            source = plan.cwd / name
            now = _stamp(source)
            if now is None:
                notes.append(f"{name} was not written")
            elif now == before[name]:
                notes.append(f"{name} was there before and was not written anew")
            else:
                copy = f"{number}-{source.name}"
                shutil.copyfile(source, plan.run_dir / copy)
                files[name] = copy
        if not task.variant.algorithmic and not task.record:
            notes += self._strayed(plan.run_dir)
        kept = Kept(
            variant=task.variant.name,
            number=task.number,
            folder=plan.run_dir,
            duration_s=record.duration_s,
            seeds=_seeds(plan.run_dir / TAPE) if task.variant.algorithmic else (),
            files=files,
            written=() if self.isolated else tuple(path for path in record.files_written if path not in own),
            notes=tuple(notes),
            machine=record.machine,
            sources=self.sources,
        )
        self.experiment.keep(kept)
        return kept

    def _strayed(self, folder: Path) -> list[str]:
        """What a replay asked for that is not on the tape: it got fresh entropy there."""
        told = outcome(open_tape(self.experiment.tape), folder / _REPORT, 0, self.command)
        found = [divergence.text for divergence in told.divergences if not divergence.tape_was_cut]
        return [f"left the tape: {text}" for text in (*found, *told.problems)]


def _native(built: Path | None, mode: str, folder: Path, report: Path) -> dict[str, str]:
    return {} if built is None else native_code.variables(built, mode, folder, report, False)


def _stamp(path: Path) -> int | None:
    """Tells two writings of a file apart; None where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _seeds(tape: Path) -> tuple[str, ...]:
    """Seeds of global generators that the first process of a program passed, in order, each once."""
    found: dict[str, str] = {}
    for path in sorted(tape.glob("*-0.tape")):
        try:
            entries = read_process(path).entries
        except (TraceFormatError, UsageError):
            continue  # what a killed process left; the replica itself ended well
        for entry in entries:
            if entry.kind == "seed" and entry.call in GLOBAL_SEEDS and entry.site is not None:
                place = f"{entry.site.path}:{entry.site.line}"
                value = entry.payload.decode("utf-8", "replace")
                found.setdefault(f"{entry.call}({value})", place)
    return tuple(f"{seed} at {place}" for seed, place in found.items())
