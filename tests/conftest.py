"""Small programs, run under the probe as a user's would be."""

from __future__ import annotations

import gc
import os
import signal
import textwrap
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from auditor.model.run import RunRecord
from auditor.model.tape import ReplayOutcome
from auditor.runs import launch as launching
from auditor.runs.launch import launch, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store
from auditor.runs.tracefile import ProcessTrace, RunTraces, open_run
from auditor.services import experiment
from auditor.services.tape import record_tape, replay_tape

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background makes them, and all that they start, deaf to ctrl-c.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(
        signal.SIGHUP, signal.SIG_DFL
    )  # `nohup` says that we stay, not that nothing of ours may be told to go

# The same examples in every run, and none that fails because the machine was busy when its turn came.
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(autouse=True, scope="session")
def patience() -> Iterator[None]:
    """A busy machine takes its time: no program is terminated at its end for that, none is too long to be repeated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launching, "INTERRUPT_GRACE_S", 240.0)
        patch.setattr(experiment, "CHEAP_S", 600.0)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import the tests without looking for garbage: that was a third of their time. What they hold stays for good."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@dataclass
class Audited:
    """A project folder, and runs of its programs."""

    project: Path
    store: Store
    path: str = ""
    """PYTHONPATH of the programs."""

    def write(self, name: str, text: str) -> Path:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def run(
        self,
        *argv: str,
        probe: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        bare: bool = False,
        **plan: Any,
    ) -> RunRecord:
        """Run a command; `bare` leaves the probe out."""
        folder = self.store.new()
        on_poll = plan.pop("on_poll", None)
        return launch(
            LaunchPlan(
                argv=argv,
                cwd=plan.pop("cwd", self.project),
                project=self.project,
                run_dir=folder.path,
                run_id=folder.id,
                probe=None if bare else dict(probe or {}),
                environment={"PYTHONPATH": self.path, **(environment or {})},
                quiet=True,
                **plan,
            ),
            on_poll,
        )

    def script(self, text: str, *arguments: str, **plan: Any) -> RunRecord:
        """Run a script given as text."""
        self.write("program.py", text)
        return self.run("python", "program.py", *arguments, **plan)

    def traces(self, run: RunRecord) -> RunTraces:
        return open_run(Path(run.folder))

    def trace(self, run: RunRecord) -> ProcessTrace:
        """The trace of a run that has only one."""
        (trace,) = self.traces(run).processes.values()
        return trace

    def printed(self, run: RunRecord, lines: int = 200) -> list[str]:
        return list(log_tail(run, lines))


@pytest.fixture
def audited(tmp_path: Path, request: pytest.FixtureRequest) -> Audited:
    """`audited.script(text)` runs a program under the probe and returns its RunRecord."""
    project = tmp_path / "project"
    project.mkdir()
    path = request.getfixturevalue("light_imports") if "light_imports" in request.fixturenames else ""
    return Audited(project=project, store=Store(tmp_path / "runs"), path=path)


@pytest.fixture(scope="session")
def stand_ins() -> Callable[..., str]:
    """`stand_ins("light_torch", "light_sklearn")` is a PYTHONPATH with these folders of the tests in front."""

    def path(*names: str) -> str:
        folders = (str(Path(__file__).with_name(name)) for name in names)
        return os.pathsep.join(filter(None, [*folders, os.environ.get("PYTHONPATH", "")]))

    return path


@pytest.fixture(scope="module")
def light_imports(stand_ins: Callable[..., str]) -> Iterator[str]:
    """Programs of this module, none of which compiles, load no compiler; of scikit-learn they get the digits alone.

    The originals cost each process that trains more than a second each. The value is their PYTHONPATH.
    """
    path = stand_ins("light_torch", "light_sklearn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        yield path


@dataclass
class Taped:
    """A project folder whose programs are recorded and replayed; `capfd` sees what they print."""

    project: Path
    capfd: pytest.CaptureFixture[str]

    def write(self, text: str, name: str = "program.py") -> None:
        (self.project / name).write_text(textwrap.dedent(text))

    def record(self, *argv: str, tape: str = "tape", **options: Any) -> str:
        """Record a command, `python program.py` by default; return what it printed."""
        self.capfd.readouterr()
        options = {"native": False, "environment": {"PYTHONPATH": ""}, **options}
        record_tape(argv or ("python", "program.py"), self.project / tape, cwd=self.project, force=True, **options)
        return self.capfd.readouterr().out

    def replay(self, *argv: str, tape: str = "tape", **options: Any) -> tuple[str, ReplayOutcome]:
        """Replay a command, the recorded one by default; return what it printed, and what came of it."""
        self.capfd.readouterr()
        options = {"environment": {"PYTHONPATH": ""}, **options}
        outcome = replay_tape(self.project / tape, argv or None, cwd=self.project, **options)
        return self.capfd.readouterr().out, outcome


@pytest.fixture
def taped(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Taped:
    """`taped.write(text)`, then `taped.record()` and `taped.replay()`."""
    project = tmp_path / "taped"
    project.mkdir()
    return Taped(project=project, capfd=capfd)
