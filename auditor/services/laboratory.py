"""Versions of a program, run in one copy of its project: as it is, and with patches.

A version is named by its measures: ids of patches, and variables for the launcher (`PYTHONHASHSEED=0`). Every run is
made once and kept until the end, so that all questions about a version share its runs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from statistics import median
from typing import Protocol

from auditor.errors import UsageError
from auditor.model.lean import dataclass, field, replace
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.report.prose.numbers import duration
from auditor.runs.launch import launch
from auditor.runs.plan import LaunchPlan
from auditor.runs.relocation import Relocation
from auditor.runs.store import Store, open_store
from auditor.runs.workcopy import WorkCopy
from auditor.services.compare import Pair, scan_for_causes
from auditor.services.following import Follower
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.services.telling import Original
from auditor.services.twice import Session, TwiceOptions
from auditor.static.patches import PlannedPatch, Refused

Version = frozenset[str]
AS_IS: Version = frozenset()
_PREFIX = "verify-"
PATIENCE_S = 120.0
SLOWER = 10.0
FAILED = (Ending.FAILED, Ending.TIMED_OUT)


class Plan(Protocol):
    """What a proof needs of a fix plan."""

    @property
    def report(self) -> AuditReport:
        """Of the scan that the patches were planned for."""

    @property
    def patches(self) -> tuple[PlannedPatch, ...]:
        """In the order of the findings."""

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Findings without a patch."""

    @property
    def root(self) -> Path:
        """Root of the project, which paths are relative to."""

    def texts(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """New contents of every file that the patches change; raises `ConflictError` where two do not go together."""

    def diff(self, ids: Collection[str]) -> str:
        """The patches together, as one unified diff."""

    def original(self, path: str) -> bytes:
        """A file as it was when the patches were planned."""


class StoppedError(Exception):
    """Somebody asked to stop; what is known stays known."""


class _Plain:
    """Progress without the stage's name in front of each note, where it stands already."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._name = ""
        self.cancelled = progress.cancelled

    def stage(self, name: str, total: int | None = None) -> None:
        self._name = name
        self._progress.stage(name, total)

    def update(self, done: int, note: str = "") -> None:
        self._progress.update(done, note.removeprefix(self._name).strip())


@dataclass(frozen=True, kw_only=True)
class _Session(Session):
    """Runs of one version."""

    variables: Mapping[str, str]
    made: list[RunRecord]
    """Where every run is noted down, close-ups and experiments too."""

    def run(
        self,
        stage: str,
        *,
        follower: Follower | None = None,
        probe: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        stop_after: int | None = None,
    ) -> RunRecord:
        record = super().run(
            stage,
            follower=follower,
            probe={"losses": True, **(probe or {})},
            environment={**self.variables, **(environment or {})},
            stop_after=stop_after,
        )
        self.made.append(record)
        return record


@dataclass(kw_only=True)
class Laboratory:
    """Where versions are made and run."""

    plan: Plan
    command: tuple[str, ...]
    cwd: Path
    settings: Settings
    options: TwiceOptions
    progress: Progress = field(default_factory=Silent)
    fresh: bool = False
    """Every run starts from the project's own files; else the runs of a version see what earlier ones left."""

    def __post_init__(self) -> None:
        self.project = self.plan.root.resolve()
        self.cwd = self.cwd.resolve()
        if not self.cwd.is_relative_to(self.project):
            raise UsageError(f"a copy of {self.project} is run; start from a folder inside it, not from {self.cwd}")
        self.store: Store = open_store(self.project, self.settings.store)
        _remove_left_over(self.store.root)
        self._folder = self.store.root / f"{_PREFIX}{os.getpid()}"
        self.copy = WorkCopy(self.project, self._folder, (self.store.root,))
        self.expected = 0
        """Runs that are still to come, as far as anybody can tell; for the progress line."""
        self._move = Relocation(project=self.project, copy=self.copy.root)
        self._variables: dict[str, str] | None = None
        self._current: Version | None = None
        self._runs: dict[Version, list[RunRecord]] = {}
        self._made: list[RunRecord] = []
        self._timed = 0
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._scans: dict[Version, AuditReport | None] = {}
        self._durations: list[float] = []

    @property
    def launches(self) -> int:
        """All runs so far."""
        return len(self._made) + self._timed

    # versions

    def prepare(self, version: Version) -> None:
        """Make the copy hold this version."""
        if self._current != version:
            self._current = None
            self.copy.reset(self.plan.texts(patches_of(version)))
            self._current = version

    def runs(self, version: Version) -> list[RunRecord]:
        """The traced runs of a version so far."""
        return self._runs.setdefault(version, [])

    def run(self, version: Version, label: str) -> RunRecord:
        """Run a version once more under the tracer; raises `StoppedError` where somebody stopped it."""
        self._start(version)
        earlier = self.runs(version)
        session = self.session(version)
        follower = Follower.of(earlier[0], full=session.follows_to_the_end) if earlier else None
        stage = f"{label}, run {len(earlier) + 1}{self._left()}"
        record = session.run(stage, follower=follower, stop_after=None)
        self._ended(record)
        earlier.append(record)
        return record

    def timed(self, version: Version, label: str) -> RunRecord:
        """Run a version once with step times and losses alone."""
        self._start(version)
        folder = self.store.new()
        plan = LaunchPlan(
            argv=self._move.command(self.command, self.cwd),
            cwd=self._inside(),
            project=self.copy.root,
            run_dir=folder.path,
            run_id=folder.id,
            python=self.options.python,
            environment=self._environment(version),
            probe={"mode": "timing", "losses": True, "stop_after_steps": self.options.steps},
            timeout_s=self._limit_s(version),
            quiet=True,
            watch_files=False,
        )
        record = launch(plan, lambda _: self.progress.cancelled())
        self._timed += 1
        self._ended(record)
        return record

    def session(self, version: Version) -> Session:
        """What further runs of a version need: close-ups and the like. The copy must hold it."""
        return _Session(
            command=tuple(self._move.command(self.command, self.cwd)),
            cwd=self._inside(),
            project=self.copy.root,
            store=self.store,
            options=replace(self.options, timeout_s=self._limit_s(version)),
            progress=_Plain(self.progress),
            variables=self._environment(version),
            made=self._made,
        )

    def pair(self, reference: RunRecord, candidate: RunRecord) -> Pair:
        """Two runs held against each other."""
        key = reference.id, candidate.id
        if key not in self._pairs:
            self._pairs[key] = Pair.of((reference, candidate))
        return self._pairs[key]

    def scanned(self, version: Version) -> AuditReport | None:
        """What a scan finds in a version; its lines are those of the patched files."""
        if version not in self._scans:
            self.prepare(version)
            script = script_of(self.session(version).command, self._inside())
            self._scans[version] = scan_for_causes(self.copy.root, script, self.settings, Silent())
        return self._scans[version]

    # the end

    def told(self, record: RunRecord) -> RunRecord:
        """The record as if the run had been in the project itself."""
        return replace(record, project=str(self.project), cwd=str(self.cwd), argv=self.command)

    def original(self, version: Version) -> Original:
        """From what runs of a version say to the project as it is."""
        return Original(self.copy.root, self.project, self.plan.texts(patches_of(version)), self.plan.original)

    def close(self, keep: Collection[RunRecord]) -> None:
        """Delete the copy, and all runs but those that the report speaks of."""
        self.copy.remove()
        shutil.rmtree(self._folder, ignore_errors=True)
        kept = {record.id for record in keep}
        for record in self._made:
            if record.id not in kept:
                shutil.rmtree(record.folder, ignore_errors=True)

    def _start(self, version: Version) -> None:
        if self.progress.cancelled():
            raise StoppedError
        if self.fresh and self._current == version:
            self._current = None
        self.prepare(version)

    def _ended(self, record: RunRecord) -> None:
        self.expected = max(0, self.expected - 1)
        self.copy.check_originals()
        if record.status.ending is Ending.INTERRUPTED:
            shutil.rmtree(record.folder, ignore_errors=True)
            raise StoppedError
        self._durations.append(record.duration_s)

    def _limit_s(self, version: Version) -> float | None:
        """The time limit that was asked for; without one, a patched program that takes ten times as long is stuck."""
        plain = [record.duration_s for record in self.runs(AS_IS)]
        if self.options.timeout_s is not None or version == AS_IS or not plain:
            return self.options.timeout_s
        return max(PATIENCE_S, SLOWER * max(plain))

    def _left(self) -> str:
        if not self._durations or not self.expected:
            return ""
        return f" (about {duration(self.expected * median(self._durations))} left)"

    def _inside(self) -> Path:
        return self.copy.root / self.cwd.relative_to(self.project)

    def _environment(self, version: Version) -> dict[str, str]:
        if self._variables is None:
            self._variables = self._move.variables(self.options.python, self.cwd)
        return {**self._variables, **dict(variable.split("=", 1) for variable in variables_of(version))}


def _remove_left_over(store: Path) -> None:
    """Delete the copies of verifications that were killed."""
    for folder in store.glob(f"{_PREFIX}*"):
        process = folder.name.removeprefix(_PREFIX)
        if process.isdigit() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def patches_of(version: Collection[str]) -> tuple[str, ...]:
    """The patches of a version, without variables."""
    return tuple(sorted(measure for measure in version if "=" not in measure))


def variables_of(version: Collection[str]) -> tuple[str, ...]:
    """The variables of a version, `NAME=value`."""
    return tuple(sorted(measure for measure in version if "=" in measure))
