"""One run of a program whose trained model is asked about noise at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from auditor.errors import ProgramError, UsageError
from auditor.model.lean import dataclass
from auditor.model.run import Ending
from auditor.runs.launch import check, launch
from auditor.runs.noiselink import NoiseLink
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import open_store
from auditor.services.noise_trainings import NO_MODEL
from auditor.services.program import script_of
from auditor.services.progress import Progress
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root

T = TypeVar("T")
Use = Callable[[NoiseLink, Mapping[str, Any]], T]
"""What is done with the link, and with what the program's end told of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseProgram:
    """The program whose model is looked at."""

    command: Sequence[str]
    cwd: Path
    python: Path | None = None
    timeout_s: float | None = None
    quiet: bool = False
    """Keep the program's output out of our stderr."""


def project_of(program: NoiseProgram) -> Path:
    """Return the top of the project that a program belongs to."""
    cwd = program.cwd.resolve()
    return find_root([script_of(program.command, cwd) or cwd]).resolve()


def use_model(
    program: NoiseProgram,
    probe: Mapping[str, object],
    use: Use[T],
    settings: Settings,
    progress: Progress,
    *,
    eager: bool = False,
) -> T:
    """Launch the program, and use its model in a thread of ours when it has ended; return what came of that.

    `eager`: without compilation. Raises `ProgramError` where the program fails, `UsageError` where it has no model, and
    what `use` raises.
    """
    cwd = program.cwd.resolve()
    project = project_of(program)
    folder = open_store(project, settings.store).new()
    with NoiseLink() as link:
        user = _User(link, use)
        plan = LaunchPlan(
            argv=program.command,
            cwd=cwd,
            project=project,
            run_dir=folder.path,
            run_id=folder.id,
            python=program.python,
            timeout_s=program.timeout_s,
            probe={
                "mode": "noise",
                "noise": {**probe, "address": link.address},
                "compile": "eager" if eager else "keep",
            },
            quiet=program.quiet,
        )
        progress.stage("train")
        user.start()
        try:
            # Once the program has ended, stopping means to ask no more: an interrupt would only damage its end.
            run = launch(plan, lambda elapsed: _poll(progress, elapsed, link))
        finally:
            link.close()
            user.join()
    if user.error is not None and not isinstance(user.error, UsageError):
        check(run)
    if user.error is not None:
        raise user.error
    check(run)
    if user.result is None and run.status.ending is Ending.INTERRUPTED:
        raise ProgramError("interrupted before the program had ended; its model was not evaluated")
    if user.result is None:
        raise UsageError(f"{NO_MODEL} (run {run.id}, log {run.folder}/program.log)")
    return user.result


class _User(threading.Thread, Generic[T]):
    """Waits for the program's model and works with it; what comes of it is read after `join`."""

    def __init__(self, link: NoiseLink, use: Use[T]) -> None:
        super().__init__(daemon=True)
        self._link = link
        self._use = use
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            hello = self._link.accept()
            if hello is not None:
                self.result = self._use(self._link, hello)
        except Exception as error:  # told by the thread that started us
            self.error = error
        finally:
            self._link.close()


def _poll(progress: Progress, elapsed_s: float, link: NoiseLink) -> bool:
    if link.connected:
        return False
    progress.update(int(elapsed_s))
    return progress.cancelled()
