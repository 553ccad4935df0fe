"""`run`, `compare`, `overhead`, `runs` and `trace`: what is passed on, and once for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ProgramError
from auditor.model.report import AuditReport
from auditor.model.verdict import Status, Verdict

pytestmark = pytest.mark.usefixtures("light_imports")

Command = Callable[..., Any]

TRAIN = """\
import sys

import numpy as np
import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for step in range(int(sys.argv[1])):
    data = torch.from_numpy(np.random.rand(3, 4).astype("float32"))
    loss = model(data).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.6f}")
"""


class Recorder:
    """Stands in for a service: remembers how it was called and returns a report."""

    def __init__(self, status: Status = Status.REPRODUCIBLE) -> None:
        verdict = Verdict(status=status, comparison=None, causes=(), reasons=("all equal.",))
        self.report = AuditReport(tool="repro-audit 0", project="p", verdict=verdict)
        self.error: Exception | None = None
        self.command: list[str] = []
        self.values: dict[str, Any] = {}

    def __call__(self, command: list[str], **values: Any) -> AuditReport:
        self.command, self.values = list(command), values
        values["progress"].stage("reference", 10)
        values["progress"].update(3, "step 3")
        if self.error is not None:
            raise self.error
        return self.report


@pytest.fixture
def twice(project: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    (project / "train.py").write_text("print(1)\n")
    recorder = Recorder()
    monkeypatch.setattr("auditor.services.twice.run_twice", recorder)
    return recorder


@pytest.mark.parametrize(
    ("words", "launched"),
    [
        (["train.py", "--twice"], ["python", "train.py"]),
        (["--twice", "train.py", "--", "--epochs", "1"], ["python", "train.py", "--epochs", "1"]),
        (["train.py", "--twice", "--", "--", "-m"], ["python", "train.py", "--", "-m"]),
        (["-m", "pkg.train", "--twice", "--", "x"], ["python", "-m", "pkg.train", "x"]),
        (["--twice", "--", "env", "A=1", "python", "train.py"], ["env", "A=1", "python", "train.py"]),
        (["--twice", "--", "python", "-u", "train.py"], ["python", "-u", "train.py"]),
    ],
)
def test_program_is_launched_as_it_was_named(
    command: Command, twice: Recorder, words: list[str], launched: list[str]
) -> None:
    ran = command("run", *words)
    assert (ran.code, ran.err) == (0, "")
    assert twice.command == launched


def test_options_reach_the_service(command: Command, twice: Recorder, project: Path) -> None:
    words = "--steps 5 --timeout 9 --isolate copy --compile eager --full --no-closeup --no-scan --quiet-program"
    command("run", "train.py", "--twice", *words.split(), "--python", sys.executable, "--store", "kept")
    options = twice.values["options"]
    assert (options.steps, options.timeout_s, options.isolate, options.compile) == (5, 9.0, "copy", "eager")
    assert (options.full, options.closeup, options.scan, options.quiet_program) == (True, False, False, True)
    assert options.python == Path(sys.executable)
    assert twice.values["cwd"] == project
    assert twice.values["settings"].store == project / "kept"


def test_defaults_are_those_of_the_service(command: Command, twice: Recorder) -> None:
    from auditor.services.twice import TwiceOptions

    command("run", "train.py", "--twice")
    assert twice.values["options"] == TwiceOptions()


@pytest.mark.parametrize(
    ("status", "code"), [(Status.REPRODUCIBLE, 0), (Status.DIVERGENT, 1), (Status.INCONCLUSIVE, 4)]
)
def test_verdict_decides_the_exit_code(command: Command, twice: Recorder, status: Status, code: int) -> None:
    assert twice.report.verdict is not None
    twice.report = replace(twice.report, verdict=replace(twice.report.verdict, status=status))
    ran = command("run", "train.py", "--twice")
    assert ran.code == code
    assert status.name in ran.out


def test_failing_program_exits_with_3_and_gives_no_verdict(command: Command, twice: Recorder) -> None:
    twice.error = ProgramError("  ValueError: boom\nthe program failed with exit code 1")
    ran = command("run", "train.py", "--twice", "--exit-zero")
    assert (ran.code, ran.out) == (3, "")
    assert "ValueError: boom" in ran.err


def test_tui_is_refused_before_anything_runs(command: Command, twice: Recorder) -> None:
    ran = command("run", "train.py", "--twice", "--tui")
    assert ran.code == 2
    assert "needs a terminal" in ran.err
    assert twice.command == []


def test_tui_without_a_terminal_names_the_other_way(command: Command) -> None:
    ran = command("tui")
    assert ran.code == 2
    assert "repro-audit scan" in ran.err


def test_overhead_passes_its_options(command: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr("auditor.services.overhead.measure_overhead", recorder)
    (project / "train.py").write_text("print(1)\n")
    assert command("overhead", "train.py", "--runs", "4", "--warmup-steps", "1", "--steps", "9", "--", "x").code == 0
    assert recorder.command == ["python", "train.py", "x"]
    assert [recorder.values[name] for name in ("runs", "warmup_steps", "steps")] == [4, 1, 9]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], subprocess.CompletedProcess[str]]:
    """A project, the environment in which it was run twice, and what the command printed."""
    folder = tmp_path_factory.mktemp("recorded")
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\n')
    (project / "train.py").write_text(TRAIN)
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "OMP_NUM_THREADS": "1",
    }
    return project, environment, audit(project, environment, "run", "train.py", "--twice", "--", "3")


def audit(project: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


Recorded = tuple[Path, dict[str, str], subprocess.CompletedProcess[str]]


def test_unseeded_numpy_is_named_as_the_cause(recorded: Recorded) -> None:
    _, _, ran = recorded
    assert ran.returncode == 1, ran.stderr
    assert "DIVERGENT at step 0, " in ran.stdout
    assert "train.py:10" in ran.stdout
    assert "NumPy's global generator is never seeded" in ran.stdout
    assert "RA102 unseeded-numpy" in ran.stdout


def test_output_of_the_program_is_not_on_stdout(recorded: Recorded) -> None:
    _, _, ran = recorded
    assert "\nloss " not in "\n" + ran.stdout
    assert ran.stderr.count("loss ") >= 2


def test_compare_gives_the_same_verdict_again(recorded: Recorded) -> None:
    project, environment, _ = recorded
    ran = audit(project, environment, "compare", "r1", "r2", "--format", "json")
    assert ran.returncode == 1, ran.stderr
    content = json.loads(ran.stdout)
    assert content["verdict"]["status"] == "divergent"
    assert content["verdict"]["causes"][0]["kind"] == "unseeded-rng"
    assert str(project) not in ran.stdout
    itself = audit(project, environment, "compare", "r1", "r1", "-q")
    assert (itself.returncode, itself.stdout.split(":")[0]) == (0, "REPRODUCIBLE")


def test_runs_and_their_traces_can_be_looked_at(recorded: Recorded) -> None:
    project, environment, _ = recorded
    listed = audit(project, environment, "runs", "list")
    assert listed.stdout.splitlines()[0].startswith("r1 ")
    shown = audit(project, environment, "runs", "show", "r1")
    assert shown.returncode == 0
    assert "3 steps" in shown.stdout
    trace = audit(project, environment, "trace", "show", "r1", "--step", "0", "--phase", "forward")
    assert "aten::addmm" in trace.stdout
    assert "train.py:11" in trace.stdout
    lines = audit(project, environment, "trace", "show", "r1", "--json", "--op", "addmm").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["identity"]["step"] for event in events if event["kind"] == "op"] == [0, 1, 2]
    none = audit(project, environment, "trace", "show", "r1", "--op", "no such operator")
    assert (none.returncode, none.stdout) == (0, "")
    assert "r1: no event to show" in none.stderr


def test_a_single_run_says_what_was_recorded(recorded: Recorded) -> None:
    project, environment, _ = recorded
    ran = audit(project, environment, "run", "train.py", "--steps", "1", "--quiet-program", "--", "3")
    assert ran.returncode == 0, ran.stderr
    assert "One run alone says nothing about reproducibility" in ran.stdout
    assert "1 step " in ran.stdout
    assert ran.stderr == ""


def test_crash_of_the_program_exits_with_3_and_its_own_words(recorded: Recorded) -> None:
    project, environment, _ = recorded
    ran = audit(project, environment, "run", "train.py", "--twice")
    assert ran.returncode == 3
    assert ran.stdout == ""
    assert "IndexError" in ran.stderr
    assert "failed with exit code 1" in ran.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--margins",), "--margins: add --twice"),
        (("--twice", "--accept-margin", "3"), "--accept-margin and --walk: add --margins"),
        (("--twice", "--walk", "last"), "--accept-margin and --walk: add --margins"),
        (("--twice", "--margins", "--margin-budget", "12X"), "--margin-budget: expected a size such as 64M or 2G"),
        (("--twice", "--margins", "--margin-budget", "9K"), "--margin-budget: expected at least 1M"),
        (("--twice", "--margins", "--accept-margin", "0"), "--accept-margin: expected decades above 0"),
    ],
)
def test_margins_that_cannot_be_are_told_before_anything_runs(
    command: Command, project: Path, words: tuple[str, ...], told: str
) -> None:
    (project / "train.py").write_text("raise SystemExit('it ran')\n")
    ran = command("run", "train.py", *words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "it ran" not in ran.err


def test_margins_are_passed_on(command: Command, twice: Recorder) -> None:
    ran = command("run", "train.py", "--twice", "--margins", "--accept-margin", "3", "--margin-budget", "2M")
    assert ran.code == 0
    margins = twice.values["options"].margins
    assert (margins.accept, margins.budget_bytes, margins.walk) == (3, 2 << 20, None)


def test_a_divergence_within_tolerance_exits_with_0(command: Command, twice: Recorder) -> None:
    verdict = Verdict(status=Status.WITHIN_TOLERANCE, comparison=None, causes=(), reasons=("small.",))
    twice.report = replace(twice.report, verdict=verdict)
    ran = command("run", "train.py", "--twice", "--margins", "--accept-margin", "3")
    assert ran.code == 0
    assert "DIVERGENT WITHIN TOLERANCE: small." in ran.out


def test_margin_names_what_is_missing(command: Command, project: Path) -> None:
    for words, told in ((("last",), "no run in"), (("r3",), "no run r3"), (("nowhere/r3",), "no such run folder")):
        ran = command("margin", *words)
        assert (ran.code, ran.out) == (2, "")
        assert told in ran.err
