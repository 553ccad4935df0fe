"""The twice-run as a whole: what is launched, when it is stopped, what is concluded. Programs are played by a fake."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.model.criteria import Agreement, CriterionResult
from auditor.model.report import AuditReport
from auditor.model.rule import Confidence
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.model.variance import Criterion
from auditor.model.verdict import Status
from auditor.probe import wire
from auditor.runs import record
from auditor.runs.launch import with_processes
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import open_store
from auditor.runs.written import digests, keep
from auditor.services import twice
from auditor.services.criteria import compare_criteria
from auditor.services.experiment import SECRETS
from auditor.services.progress import Silent
from auditor.services.settings import Settings
from auditor.services.twice import RunFailedError, Session, TwiceOptions, run_twice


def _trace_builder() -> Any:
    """The trace builder of the tests of the comparison."""
    path = Path(__file__).parents[1] / "dynamic" / "conftest.py"
    spec = importlib.util.spec_from_file_location("trace_builder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["trace_builder"] = module
    spec.loader.exec_module(module)
    return module


Trace = _trace_builder().Trace
Program = Callable[["Launch"], Any]


@dataclass
class Launch:
    """One launch of the fake: what was asked for, and the number of this launch."""

    plan: LaunchPlan
    number: int
    on_poll: Callable[[float], bool | None] | None
    ending: Ending = Ending.FINISHED
    code: int = 0
    prints: str = ""
    writes: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> int | None:
        return (self.plan.probe or {}).get("stop_after_steps")  # type: ignore[return-value]

    def poll(self, trace: Any, elapsed_s: float) -> bool:
        """Put the trace on disk as far as it is, and let the auditor look at it."""
        complete, trace.complete = trace.complete, False
        trace.write(self.plan.run_dir)
        trace.complete = complete
        return bool(self.on_poll(elapsed_s)) if self.on_poll is not None else False


class Launcher:
    """Stands in for `launch`: writes the trace that a function of the launch returns."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.launches: list[Launch] = []

    def __call__(self, plan: LaunchPlan, on_poll: Any = None) -> RunRecord:
        launch = Launch(plan, len(self.launches), on_poll)
        self.launches.append(launch)
        trace = self.program(launch)
        if trace is not None:
            trace.write(plan.run_dir)
        (plan.run_dir / "program.log").write_text(launch.prints)
        for path, text in launch.writes.items():
            (plan.project / path).write_text(text)
        found = RunRecord(
            id=plan.run_id,
            argv=tuple(plan.argv),
            cwd=str(plan.cwd),
            project=str(plan.project),
            changes=dict(plan.environment),
            started_at="2025-01-01T00:00:00+00:00",
            duration_s=1.0,
            status=ExitStatus(ending=launch.ending, code=launch.code),
            processes=(),
            files_written=tuple(sorted(launch.writes)),
            file_digests=digests(plan.project, sorted(launch.writes)),
            folder=str(plan.run_dir),
        )
        keep(plan.project, found.file_digests, plan.run_dir)
        found = with_processes(found)
        record.write(found, plan.run_dir)
        return found

    @property
    def variables(self) -> list[dict[str, str]]:
        return [dict(launch.plan.environment) for launch in self.launches]


@dataclass
class Lab:
    """A project, a store, and the fake."""

    project: Path
    store: Path
    monkeypatch: pytest.MonkeyPatch
    launcher: Launcher | None = None
    command: tuple[str, ...] = ("python", "train.py")

    def run(self, program: Program, progress: Any = None, **options: Any) -> AuditReport:
        self.launcher = Launcher(program)
        self.monkeypatch.setattr(twice, "launch", self.launcher)
        return run_twice(
            self.command,
            cwd=self.project,
            settings=Settings(store=self.store),
            options=TwiceOptions(**{"scan": False, "closeup": False, **options}),
            progress=progress,
        )


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text("print('train')\n")
    (project / "pyproject.toml").write_text("")
    return Lab(project, tmp_path / "store", monkeypatch)


def training(steps: int, differs_from: int | None = None, side: int = 0) -> Any:
    """So many steps; from `differs_from` on, one op gives another result on each side."""
    trace = Trace()
    for step in range(steps):
        odd = side if differs_from is not None and step >= differs_from else 0
        trace.event("aten::index_add_", ("sum", step, odd), inputs=("x", step), line=7)
        trace.event("aten::mul", ("y", step, odd), inputs=("sum", step, odd), line=8)
        trace.end_step()
    return trace.weights(w=(steps, side if differs_from is not None else 0))


def test_equal_runs_are_reproducible_and_both_are_kept(lab: Lab) -> None:
    report = lab.run(lambda launch: training(5))
    assert report.verdict is not None
    assert report.verdict.status is Status.REPRODUCIBLE
    assert [run.id for run in report.runs] == ["r1", "r2"]
    assert all(Path(run.folder).is_dir() for run in report.runs)
    assert report.project == "project"


def test_the_candidate_is_told_to_stop_twenty_steps_after_it_diverged(lab: Lab) -> None:
    stops: list[str] = []

    def program(launch: Launch) -> Any:
        if launch.number == 0:
            return training(200, differs_from=30)
        growing = training(100, differs_from=30, side=1)
        launch.poll(growing, 1.0)
        stops.append((launch.plan.run_dir / "stop").read_text())
        return growing

    report = lab.run(program)
    assert stops == ["50"]
    assert report.verdict is not None
    assert report.verdict.comparison is not None
    assert report.verdict.comparison.first is not None
    assert report.verdict.comparison.first.reference is not None
    assert report.verdict.comparison.first.reference.identity.step == 30


@pytest.mark.parametrize(("differs_from", "full"), [(None, False), (3, True)])
def test_a_candidate_that_agrees_or_must_run_in_full_is_left_alone(
    lab: Lab, differs_from: int | None, full: bool
) -> None:
    def program(launch: Launch) -> Any:
        trace = training(100, differs_from, side=launch.number)
        launch.poll(trace, 1.0)
        assert not (launch.plan.run_dir / "stop").exists()
        return trace

    lab.run(program, full=full)


def test_steps_are_passed_to_the_probe_of_both_runs(lab: Lab) -> None:
    lab.run(lambda launch: training(3), steps=3, compile="eager")
    assert lab.launcher is not None
    assert [(launch.steps, launch.plan.probe["compile"]) for launch in lab.launcher.launches] == [(3, "eager")] * 2  # type: ignore[index]


def test_a_program_that_fails_is_quoted_and_gives_no_verdict(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        launch.ending, launch.code, launch.prints = Ending.FAILED, 1, "ValueError: boom\n"
        return Trace()

    with pytest.raises(RunFailedError, match="ValueError: boom") as raised:
        lab.run(program)
    assert raised.value.run.id == "r1"
    assert raised.value.run.status.code == 1


def test_a_second_run_that_fails_is_told_beside_the_first_that_did_not(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        if launch.number == 1:
            launch.ending, launch.code = Ending.FAILED, 1
        return training(1)

    with pytest.raises(RunFailedError, match="run r1 of the same command had ended well"):
        lab.run(program)


def test_an_interrupted_reference_leaves_a_report_and_no_second_run(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        launch.ending = Ending.INTERRUPTED
        return training(2)

    report = lab.run(program)
    assert report.verdict is not None
    assert report.verdict.status is Status.INCONCLUSIVE
    assert len(report.runs) == 1


def test_an_interrupted_candidate_is_compared_as_far_as_it_got(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        if launch.number == 0:
            return training(9)
        launch.ending = Ending.INTERRUPTED
        return training(4)

    report = lab.run(program)
    assert report.verdict is not None
    assert report.verdict.status is Status.INCONCLUSIVE
    assert report.verdict.reasons[0].startswith("Equal bit for bit over 4 steps")


def test_a_cancelled_run_is_interrupted_at_the_next_look(lab: Lab) -> None:
    class Cancelled:
        def stage(self, name: str, total: int | None = None) -> None: ...
        def update(self, done: int, note: str = "") -> None: ...
        def cancelled(self) -> bool:
            return True

    def program(launch: Launch) -> Any:
        assert launch.poll(training(1), 1.0)
        launch.ending = Ending.INTERRUPTED
        return training(1)

    assert len(lab.run(program, Cancelled()).runs) == 1


def test_progress_tells_stage_step_and_agreement(lab: Lab) -> None:
    said: list[str] = []

    class Told:
        def stage(self, name: str, total: int | None = None) -> None:
            said.append(f"{name} {total}")

        def update(self, done: int, note: str = "") -> None:
            said.append(f"{done}: {note}")

        def cancelled(self) -> bool:
            return False

    def program(launch: Launch) -> Any:
        trace = training(100, differs_from=2, side=launch.number)
        launch.poll(trace, 1.0)
        return trace

    lab.run(program, Told())
    assert said[:4] == [
        "reference None",
        "100: reference r1  step 100  301 events  ",
        "candidate 100",
        "100: candidate r2  step 100  301 events  differs since step 2",
    ]


def test_each_run_gets_a_copy_of_the_project_of_its_own(lab: Lab) -> None:
    (lab.project / "data").mkdir()
    (lab.project / "data" / "x.txt").write_text("1")
    seen: list[Path] = []
    named: list[str] = []

    def program(launch: Launch) -> Any:
        assert (launch.plan.cwd / "data/x.txt").read_text() == "1"
        (launch.plan.cwd / "data/x.txt").write_text("2")
        seen.append(launch.plan.cwd)
        named.append(launch.plan.argv[-1])
        return training(1)

    lab.command = ("python", f"{lab.project}/train.py")
    lab.run(program, isolate="copy")
    assert len(set(seen)) == 2
    assert named == [f"{cwd}/train.py" for cwd in seen], "by its absolute path too, the program is that of the copy"
    assert (lab.project / "data/x.txt").read_text() == "1"


def test_files_with_other_contents_are_mentioned(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        launch.writes = {"same.txt": "a", "log.csv": str(launch.number)}
        return training(1)

    report = lab.run(program)
    assert report.verdict is not None
    assert "Files written with other contents: log.csv." in report.verdict.reasons


def test_a_leaked_file_is_a_finding_even_where_the_runs_agree(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        launch.writes = {"last.pt": "weights"}
        trace = Trace()
        if launch.number:
            trace.file("last.pt", line=4)
        return trace.event("aten::add", 1).file("last.pt", "w")

    report = lab.run(program)
    assert report.verdict is not None
    assert report.verdict.status is Status.REPRODUCIBLE
    (found,) = report.findings
    assert found.message.startswith("State leaks between runs: the second run read last.pt")
    assert found.location.line == 4
    assert [rule.id for rule in report.rules] == [found.rule_id]


def test_files_that_leak_at_one_line_are_one_finding(lab: Lab) -> None:
    names = [f"part{number}.pt" for number in range(5)]

    def program(launch: Launch) -> Any:
        launch.writes = dict.fromkeys(names, "weights")
        trace = Trace()
        for name in names if launch.number else ():
            trace.file(name, line=4)
        trace.event("aten::add", 1)
        for name in names:
            trace.file(name, "w")
        return trace

    (found,) = lab.run(program).findings
    assert "read part0.pt, part1.pt, part2.pt and 2 more, which" in found.message


def test_runs_are_kept_where_the_user_is(lab: Lab) -> None:
    program = lab.project / "inner" / "train.py"
    program.parent.mkdir()
    program.write_text("print(1)")
    (program.parent / "pyproject.toml").write_text("")
    (lab.project / "pyproject.toml").write_text("")
    session = Session.of(["python", "inner/train.py"], lab.project, Settings(store=lab.store), TwiceOptions(), Silent())
    assert session.project == program.parent.resolve()
    assert session.store.root == open_store(lab.project, lab.store).root


def hashed(launch: Launch) -> Any:
    """A program whose data follow the hash secret: the variable, or else chance."""
    secret = launch.plan.environment.get("PYTHONHASHSEED", f"random{launch.number}")
    trace = Trace()
    trace.event("aten::zeros", 0).outside(("ids", secret), line=5)
    return trace.event("aten::embedding", ("e", secret), inputs=("ids", secret))


def test_a_fixed_hash_secret_is_tried_where_nothing_else_is_sure(lab: Lab) -> None:
    report = lab.run(hashed, closeup=True)
    assert lab.launcher is not None
    closeup = [{}, {}]
    assert lab.launcher.variables == [{}, {}, *closeup, *({"PYTHONHASHSEED": seed} for seed in SECRETS)]
    assert report.verdict is not None
    best = report.verdict.causes[0]
    assert (best.kind, best.confidence) == ("hash-order", Confidence.HIGH)
    assert len(report.runs) == 2


def test_runs_that_agree_by_chance_do_not_convict_the_hash_secret(lab: Lab) -> None:
    # The pair, its close-up, 0 and 0 agree and 1 and 1 do not, and a tape changes nothing.
    outcomes = iter([0, 1, 0, 1, 0, 0, 1, 0, 0, 1])

    def raced(_: Launch) -> Any:
        outcome = next(outcomes)
        trace = Trace()
        trace.event("aten::zeros", 0).outside(("ids", outcome), line=5)
        return trace.event("aten::embedding", ("e", outcome), inputs=("ids", outcome))

    report = lab.run(raced, closeup=True)
    assert report.verdict is not None
    assert not any(cause.kind == "hash-order" for cause in report.verdict.causes)
    assert next(outcomes, None) is None


def test_the_close_up_looks_at_the_divergent_event_and_stops_after_its_step(lab: Lab) -> None:
    lab.run(lambda launch: training(9, differs_from=3, side=launch.number), closeup=True)
    assert lab.launcher is not None
    looks = lab.launcher.launches[2:4]
    assert [launch.steps for launch in looks] == [4, 4]
    assert looks[0].plan.probe is not None
    focus = looks[0].plan.probe["focus"]
    assert isinstance(focus, dict)
    assert (focus["op"], focus["step"], focus["phase"], focus["occurrence"]) == ("aten::index_add_", 3, "forward", 0)


def test_no_close_up_is_taken_of_runs_that_leak_into_each_other(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        launch.writes = {"last.pt": str(launch.number)}
        trace = Trace()
        if launch.number:
            trace.file("last.pt", line=4)
        return trace.outside(("loaded", launch.number), line=4).file("last.pt", "w")

    report = lab.run(program, closeup=True)
    assert lab.launcher is not None
    assert len(lab.launcher.launches) == 2
    assert report.verdict is not None
    assert report.verdict.causes[0].kind == "state-leak"


def test_an_experiment_that_changes_nothing_clears_the_hashes(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        return Trace().outside(("noise", launch.number), line=5)

    report = lab.run(program, closeup=True)
    assert report.verdict is not None
    assert [cause.kind for cause in report.verdict.causes] == ["outside-source"]


def first_is_odd(launch: Launch, cache: str = "", between: int = 0) -> Any:
    """A program whose first run does what no later one does, so many events after it opened the cache."""
    trace = Trace().event("aten::zeros", 0)
    if cache:
        trace.file(cache, "r" if launch.number else "w", line=4)
    for number in range(between):
        trace.event("aten::ones", ("same", number))
    trace.outside(("stats", min(launch.number, 1)), line=9)
    return trace.event("aten::sub", ("s", min(launch.number, 1)), inputs=("stats", min(launch.number, 1)))


def test_randomness_is_not_blamed_where_only_the_first_run_is_different(lab: Lab) -> None:
    verdict = lab.run(first_is_odd, closeup=True).verdict
    assert verdict is not None
    text = " ".join(verdict.reasons)
    assert "randomness that nothing fixes is the whole cause" not in text
    assert "the reference left something behind that later runs find" in text


def test_randomness_is_not_blamed_where_only_the_second_run_is_different(lab: Lab) -> None:
    verdict = lab.run(
        lambda launch: Trace().event("aten::zeros", 0).outside(("x", launch.number == 1), line=9), closeup=True
    ).verdict
    assert verdict is not None
    assert "the difference shows now and then only, as a race does" in " ".join(verdict.reasons)


def test_a_cache_that_was_read_long_before_is_only_a_likely_cause_because_a_coin_may_fall_so(lab: Lab) -> None:
    report = lab.run(lambda launch: first_is_odd(launch, "/home/me/.cache/fonts.json", between=60), closeup=True)
    assert report.verdict is not None
    best = report.verdict.causes[0]
    assert (best.kind, best.confidence) == ("state-leak", Confidence.MEDIUM)


def test_a_cache_outside_the_project_that_the_first_run_left_is_the_cause(lab: Lab) -> None:
    report = lab.run(lambda launch: first_is_odd(launch, "/home/me/.cache/mine/stats.pt"), closeup=True)
    assert report.verdict is not None
    best = report.verdict.causes[0]
    assert (best.kind, best.confidence) == ("state-leak", Confidence.HIGH)
    assert best.title == "state leaks between runs: /home/me/.cache/mine/stats.pt"
    assert "A third run agrees with the candidate" in best.evidence[-1]
    assert "--isolate" not in best.remedy
    assert not any("RA603" in finding.rule for finding in report.findings)


def test_no_experiment_is_made_when_the_cause_is_sure(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        draw = Trace().seed("torch", "torch.manual_seed", str(launch.number), line=2)
        tensor = ("w", launch.number)
        return draw.event("aten::normal_", tensor, flags=wire.RANDOM, state=f"s{launch.number}", line=3)

    report = lab.run(program, closeup=False)
    assert lab.launcher is not None
    assert len(lab.launcher.launches) == 2
    assert report.verdict is not None
    assert report.verdict.causes[0].kind == "seed-differs"


def test_impossible_options_are_refused_with_what_to_do(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--steps 0"):
        lab.run(lambda launch: training(1), steps=0)
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    with pytest.raises(UsageError, match="--isolate copy copies"):
        run_twice(
            ["python", str(lab.project / "train.py")],
            cwd=outside,
            settings=Settings(store=lab.store),
            options=TwiceOptions(isolate="copy"),
        )


def criteria_of(lab: Lab, reference: str, candidate: str) -> dict[Criterion, CriterionResult]:
    """The criteria of two runs of the lab, by name."""
    report = compare_criteria(reference, candidate, cwd=lab.project, settings=Settings(store=lab.store))
    assert report.criteria is not None
    return {result.criterion: result for result in report.criteria.results}


def results_of(launch: Launch, loss: float, predicted: int) -> Any:
    """A training of 5 steps that prints, writes predictions, and has a loss and weights."""
    launch.prints = "epoch 1: accuracy 0.75\n"
    launch.writes = {"preds.csv": f"prediction,label\n1,1\n{predicted},0\n"}
    return training(5, 3 if predicted else None, launch.number).record("loss", event=3, step=1, value=loss)


def test_runs_that_agree_are_equal_in_every_criterion(lab: Lab) -> None:
    lab.run(lambda launch: results_of(launch, 0.5, 0))
    found = criteria_of(lab, "r1", "r2")
    assert {result.agreement for result in found.values()} == {Agreement.EQUAL}
    assert found[Criterion.TRACE].compared > 5


def test_criteria_tell_where_runs_part_though_the_second_wrote_over_the_first(lab: Lab) -> None:
    lab.run(lambda launch: results_of(launch, 0.5 + launch.number, launch.number), full=True)
    found = criteria_of(lab, "r1", "r2")
    differing = [criterion for criterion, result in found.items() if result.agreement is Agreement.DIFFERS]
    assert differing == [each for each in Criterion if each is not Criterion.OVERALL]
    places = {criterion: found[criterion].first.place for criterion in differing}  # type: ignore[union-attr]
    assert places[Criterion.PER_CLASS] == "class 0"
    assert places[Criterion.PREDICTIONS] == "sample 2"
    assert places[Criterion.LOSSES] == "step 1"
    assert places[Criterion.TRACE] == "step 3, forward"


def test_a_run_that_was_stopped_shows_no_results(lab: Lab) -> None:
    def program(launch: Launch) -> Any:
        launch.ending = Ending.INTERRUPTED if launch.number else Ending.FINISHED
        return results_of(launch, 0.5, 0)

    lab.run(program)
    found = criteria_of(lab, "r1", "r2")
    assert {result.agreement for result in found.values()} == {Agreement.NOT_SEEN}
    assert any("equal for the first 1 losses" in reason for reason in found[Criterion.LOSSES].reasons)
