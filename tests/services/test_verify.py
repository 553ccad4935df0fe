"""A proof as a whole: which versions run, what is concluded from them. Programs are played by a fake."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.exit_codes import ExitCode, of_report
from auditor.errors import ConflictError, UsageError
from auditor.model.finding import Finding
from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.model.proof import Likeness, Need, PatchProof, Proof
from auditor.model.report import AuditReport
from auditor.model.rule import Confidence, RuleId, Severity
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.model.verdict import Status
from auditor.probe import wire
from auditor.report import render
from auditor.runs import record
from auditor.runs.launch import with_processes
from auditor.runs.plan import LaunchPlan
from auditor.services import laboratory, twice
from auditor.services.proof_report import TOGETHER
from auditor.services.settings import Settings
from auditor.services.twice import RunFailedError
from auditor.services.verify import VerifyOptions, verify
from auditor.static.patches import PlannedPatch, Refused


def _trace_builder() -> Any:
    path = Path(__file__).parents[1] / "dynamic" / "conftest.py"
    spec = importlib.util.spec_from_file_location("trace_builder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["trace_builder"] = module
    spec.loader.exec_module(module)
    return module


Trace = _trace_builder().Trace
ORIGINAL = "\n" * 60


@dataclass(kw_only=True)
class Source:
    """Something that makes runs differ: an op at a line, with another value in each run unless a measure is in."""

    line: int
    cured_by: str
    value: Callable[[int], object] = lambda number: number
    linked: bool = True
    """The scan has a finding at that line, whose patch is the cure."""


@dataclass(kw_only=True)
class Fake:
    """A plan and a program in one. The patched file lists its patches, one a line, after the original's lines."""

    root: Path
    sources: list[Source] = field(default_factory=list)
    patches: tuple[PlannedPatch, ...] = ()
    refused: tuple[Refused, ...] = ()
    breaks: Collection[str] = ()
    conflicts: tuple[str, ...] = ()
    loss: Callable[[int, Collection[str]], float] = lambda number, measures: 1.0
    step_ns: Callable[[Collection[str]], int] = lambda measures: 1000
    launched: list[tuple[frozenset[str], str]] = field(default_factory=list)
    interrupt_at: int | None = None
    prints: Callable[[int, Collection[str]], str] = lambda number, measures: ""

    @property
    def report(self) -> AuditReport:
        return AuditReport(tool="t", project="project", findings=self.findings())

    def findings(self) -> tuple[Finding, ...]:
        keys = {source.cured_by: source.line for source in self.sources if source.linked}
        return tuple(
            Finding(
                rule_id=patch.rule_ids[0],
                severity=Severity.WARNING,
                confidence=Confidence.HIGH,
                message="m",
                advice="a",
                location=Location(path="train.py", line=keys.get(patch.id, 1)),
                key=key,
            )
            for patch in self.patches
            for key in patch.finding_keys
        )

    def texts(self, ids: Collection[str]) -> Mapping[str, bytes]:
        clash = sorted(set(ids) & set(self.conflicts))
        if len(clash) > 1:
            raise ConflictError(f"{clash[0]} and {clash[1]} do not go together")
        return {"train.py": (ORIGINAL + "\n".join(sorted(ids))).encode()} if ids else {}

    def diff(self, ids: Collection[str]) -> str:
        return "".join(f"+{each}\n" for each in sorted(ids))

    def original(self, path: str) -> bytes:
        return ORIGINAL.encode()

    def launch(self, plan: LaunchPlan, on_poll: Any = None) -> RunRecord:
        measures = {line for line in (plan.project / "train.py").read_text().split("\n") if line.startswith("RA")}
        measures |= {f"{k}={v}" for k, v in plan.environment.items() if k == "PYTHONHASHSEED"}
        mode = str((plan.probe or {}).get("mode", "trace"))
        number = len(self.launched)
        self.launched.append((frozenset(measures), mode))
        ending = Ending.FAILED if set(self.breaks) & measures else Ending.FINISHED
        if number == self.interrupt_at:
            ending = Ending.INTERRUPTED
        self._trace(measures, number, mode).write(plan.run_dir)
        printed = f"{plan.project}/train.py: boom\n" if ending is Ending.FAILED else self.prints(number, measures)
        (plan.run_dir / "program.log").write_text(printed)
        found = RunRecord(
            id=plan.run_id,
            argv=tuple(plan.argv),
            cwd=str(plan.cwd),
            project=str(plan.project),
            changes={},
            started_at="2025-01-01T00:00:00+00:00",
            duration_s=1.0,
            status=ExitStatus(ending=ending, code=int(ending is Ending.FAILED)),
            processes=(),
            files_written=(),
            folder=str(plan.run_dir),
        )
        found = with_processes(found)
        record.write(found, plan.run_dir)
        return found

    def _trace(self, measures: Collection[str], number: int, mode: str) -> Any:
        trace = Trace()
        for step, source in enumerate(self.sources):
            value = "cured" if source.cured_by in measures else source.value(number)
            trace.event(f"aten::op{source.line}", (source.line, value), inputs=("x", step), line=source.line)
        trace.event("aten::mul", "y", line=59)
        for step in range(6):
            trace.record("loss", step=step, value=self.loss(number, measures))
            phase, trace.phase = trace.phase, wire.OPTIMIZER
            trace.event("", kind=wire.STEP, line=0, state=step * self.step_ns(measures) if mode == "timing" else 0)
            trace.phase, trace.step = phase, trace.step + 1
        trace.record("sources", paths=["train.py"])
        return trace


def patch(name: str, *, files: tuple[str, ...] = ("train.py",), **more: Any) -> PlannedPatch:
    values: dict[str, Any] = {
        "id": name,
        "title": f"do {name}",
        "rule_ids": (RuleId(name[:5]),),
        "finding_keys": (f"key-{name}",),
        "location": Location(path=files[0], line=1),
        "applicability": Applicability.SAFE,
        "effect": "",
        "files": files,
        "diff": "",
        "changes": (),
    }
    return PlannedPatch(**{**values, **more})


@dataclass
class Bench:
    root: Path
    store: Path
    monkeypatch: pytest.MonkeyPatch

    def prove(self, fake: Fake, **options: Any) -> tuple[AuditReport, Proof]:
        self.monkeypatch.setattr(twice, "launch", fake.launch)
        self.monkeypatch.setattr(laboratory, "launch", fake.launch)
        self.monkeypatch.setattr(laboratory, "scan_for_causes", lambda *_: fake.report)
        report = verify(
            ["python", "train.py"],
            fake,
            cwd=self.root,
            settings=Settings(store=self.store),
            options=VerifyOptions(**{"timed_runs": 0, **options}),
        )
        assert report.proof is not None
        assert (self.root / "train.py").read_text() == ORIGINAL
        assert not list(self.store.glob("*/verify-*"))
        return report, report.proof


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    root = tmp_path / "project"
    root.mkdir()
    (root / "train.py").write_text(ORIGINAL)
    (root / "pyproject.toml").write_text("")
    # A close-up is another service's business, and asks for a program that can be run again.
    monkeypatch.setattr("auditor.services.proof_search.diagnose", lambda session, pair, scanned: (pair, (), []))
    return Bench(root, tmp_path / "store", monkeypatch)


def needs(proof: Proof) -> dict[str, Need]:
    return {each.id: each.need for each in proof.patches}


def the(proof: Proof, name: str) -> PatchProof:
    return next(each for each in proof.patches if each.id == name)


def test_divergences_are_removed_one_after_the_other_and_each_patch_is_judged(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a"), Source(line=20, cured_by="RA102-b")],
        patches=(patch("RA101-a"), patch("RA102-b"), patch("RA103-c")),
    )
    report, proof = bench.prove(fake)
    assert proof.status is Status.REPRODUCIBLE
    assert [each.added for each in proof.rounds] == [(), ("RA101-a",), ("RA102-b",)]
    assert [each.first.reference.site.line for each in proof.rounds if each.first and each.first.reference and
            each.first.reference.site] == [10, 20]  # fmt: skip
    assert needs(proof) == {"RA101-a": Need.NEEDED, "RA102-b": Need.NEEDED, "RA103-c": Need.NOT_NEEDED}
    assert proof.minimal == ("RA101-a", "RA102-b")
    assert proof.diff == "+RA101-a\n+RA102-b\n"
    assert "op20" in the(proof, "RA102-b").reason
    assert of_report(report) is ExitCode.CLEAN
    # Both versions that differ were run six times: nobody knows that every pair differs. So was the one that agrees.
    versions = [measures for measures, _ in fake.launched]
    assert versions.count(frozenset()) == versions.count(frozenset({"RA101-a", "RA102-b"})) == 6
    assert all(each.rate is None or each.rate > 0.6 for each in proof.rounds)
    # Without RA102-b is a version that is known to differ: only leaving out RA101-a had to be tried.
    assert versions.count(frozenset({"RA102-b"})) == 2


def test_figures_that_differ_outside_torch_are_patched_too(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        patches=(patch("RA101-a"), patch("RA102-b")),
        prints=lambda number, measures: f"accuracy {0.5 if 'RA102-b' in measures else number}\n",
    )
    _, proof = bench.prove(fake)
    assert proof.rounds[0].status is Status.INCONCLUSIVE
    assert (proof.status, proof.minimal) == (Status.REPRODUCIBLE, ("RA102-b",))
    assert "in what the program prints" in the(proof, "RA102-b").reason
    assert needs(proof)["RA101-a"] is Need.NOT_NEEDED


def test_a_race_that_shows_rarely_is_no_proof(bench: Bench) -> None:
    rare = Source(line=10, cured_by="RA201-a", value=lambda number: number == 1)
    report, proof = bench.prove(Fake(root=bench.root, sources=[rare], patches=(patch("RA201-a"),)))
    assert proof.status is Status.INCONCLUSIVE
    assert "stays hidden" in proof.reasons[0]
    assert "--max-runs" in proof.reasons[1]
    assert proof.minimal == ()
    assert report.verdict is not None
    assert report.verdict.status is Status.INCONCLUSIVE
    assert of_report(report) is ExitCode.INCONCLUSIVE


def test_too_few_runs_to_bound_a_rate_are_told_with_the_number_that_would_do(bench: Bench) -> None:
    fake = Fake(root=bench.root, sources=[Source(line=10, cured_by="RA201-a")], patches=(patch("RA201-a"),))
    _, proof = bench.prove(fake, max_runs=3)
    assert (proof.status, proof.reasons[1]) == (Status.INCONCLUSIVE, "--max-runs 6 would settle it.")


def test_a_patch_that_breaks_the_program_is_left_out_with_its_log(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a"), Source(line=20, cured_by="RA102-b")],
        patches=(patch("RA101-a"), patch("RA102-b"), patch("RA103-c")),
        breaks=("RA102-b",),
    )
    report, proof = bench.prove(fake)
    assert proof.status is Status.DIVERGENT
    assert needs(proof) == {"RA101-a": Need.UNKNOWN, "RA102-b": Need.BREAKS, "RA103-c": Need.UNKNOWN}
    assert the(proof, "RA102-b").log == (f"{bench.root}/train.py: boom",)
    assert "moved from" in the(proof, "RA101-a").reason
    assert proof.reasons[0].startswith("Still diverges with 2 patches at step 0, forward: aten::op20 at train.py:20")
    assert of_report(report) is ExitCode.FOUND


def test_of_patches_that_nothing_links_the_needed_ones_are_found(bench: Bench) -> None:
    names = [f"RA10{number}-x" for number in range(7)]
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA103-x", linked=False)],
        patches=tuple(patch(name, finding_keys=(f"key-{name}",)) for name in names),
    )
    _, proof = bench.prove(fake)
    assert proof.minimal == ("RA103-x",)
    assert needs(proof) == {name: Need.NEEDED if name == "RA103-x" else Need.NOT_NEEDED for name in names}
    assert "ruled out at 95 %" in the(proof, "RA100-x").reason


def test_a_reproducible_program_needs_no_patch(bench: Bench) -> None:
    fake = Fake(root=bench.root, patches=(patch("RA101-a"), patch("RA102-b", applicability=Applicability.DISPLAY)))
    report, proof = bench.prove(fake, timed_runs=3)
    assert (proof.status, proof.minimal, proof.diff, proof.price) == (Status.REPRODUCIBLE, (), "", None)
    assert needs(proof) == {"RA101-a": Need.NOT_NEEDED, "RA102-b": Need.NOT_TRIED}
    assert {measures for measures, _ in fake.launched} == {frozenset()}
    assert len(fake.launched) == 6
    assert of_report(report) is ExitCode.CLEAN


def test_a_clean_program_without_findings_takes_three_runs(bench: Bench) -> None:
    fake = Fake(root=bench.root)
    _, proof = bench.prove(fake)
    assert (proof.status, len(fake.launched), proof.patches) == (Status.REPRODUCIBLE, 3, ())


def test_files_that_the_run_never_loaded_are_idle(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a")],
        patches=(patch("RA101-a"), patch("RA102-b", files=("evaluate.py",))),
    )
    _, proof = bench.prove(fake)
    assert needs(proof)["RA102-b"] is Need.NOT_EXERCISED
    assert "evaluate.py" in the(proof, "RA102-b").reason
    assert all("RA102-b" not in measures for measures, _ in fake.launched)


def test_what_has_no_patch_is_told_with_the_reason(bench: Bench) -> None:
    fake = Fake(root=bench.root, sources=[Source(line=10, cured_by="RA999-z")], patches=(patch("RA101-a"),))
    report, proof = bench.prove(fake)
    assert proof.status is Status.DIVERGENT
    assert "no known patch" in proof.reasons[0]
    assert proof.advice
    assert "still differ at" in the(proof, "RA101-a").reason
    text = render(report)
    assert text.startswith("python train.py   ")
    assert "DIVERGENT: Still diverges" in text


def test_patches_that_do_not_go_together_are_told(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a")],
        patches=(patch("RA101-a"), patch("RA102-b"), patch("RA103-c")),
        conflicts=("RA101-a", "RA102-b"),
    )
    fake.sources.append(Source(line=20, cured_by="RA999-z"))
    _, proof = bench.prove(fake)
    assert needs(proof)["RA102-b"] is Need.NOT_TRIED
    assert the(proof, "RA102-b").reason == "RA101-a and RA102-b do not go together"


def test_a_program_that_fails_as_it_is_is_quoted(bench: Bench) -> None:
    class Failing(Fake):
        def launch(self, plan: LaunchPlan, on_poll: Any = None) -> RunRecord:
            (plan.project / "train.py").write_text("RA000-0")
            return super().launch(plan, on_poll)

    with pytest.raises(RunFailedError, match="boom"):
        bench.prove(Failing(root=bench.root, breaks=("RA000-0",)))


@pytest.mark.parametrize(("fresh", "status"), [(False, Status.DIVERGENT), (True, Status.REPRODUCIBLE)])
def test_what_a_run_left_is_seen_by_the_next_one_unless_each_starts_fresh(
    bench: Bench, fresh: bool, status: Status
) -> None:
    class Resuming(Fake):
        def launch(self, plan: LaunchPlan, on_poll: Any = None) -> RunRecord:
            resumed = (plan.project / "last.pt").exists()
            (plan.project / "last.pt").write_text("state")
            self.sources = [Source(line=10, cured_by="", value=lambda number: resumed)]
            return super().launch(plan, on_poll)

    _, proof = bench.prove(Resuming(root=bench.root), fresh=fresh)
    assert proof.status is status


@pytest.mark.parametrize("at", [0, 1, 3, 7, 12, 17, 18, 19])
def test_an_interrupt_at_any_time_keeps_what_is_known_and_proves_no_more(bench: Bench, at: int) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a"), Source(line=20, cured_by="RA102-b")],
        patches=(patch("RA101-a"), patch("RA102-b")),
        interrupt_at=at,
    )
    report, proof = bench.prove(fake)
    assert proof.interrupted
    # Two runs of three versions; four more of each, for the rates and the proof; then RA101-a is left out.
    assert (proof.status is Status.REPRODUCIBLE) == (at >= 18)
    assert needs(proof)["RA101-a"] is Need.UNKNOWN
    assert of_report(report) is not ExitCode.CLEAN
    render(report)


def test_the_set_and_each_patch_alone_are_priced_in_turns(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a"), Source(line=20, cured_by="RA102-b")],
        patches=(patch("RA101-a"), patch("RA102-b")),
        loss=lambda number, measures: 0.5 if len(measures) == 2 else 0.5 + number % 7 / 100,
        step_ns=lambda measures: 1000 + 100 * ("RA101-a" in measures),
    )
    _, proof = bench.prove(fake, timed_runs=6)
    assert proof.price is not None
    assert {ratio.label: round(ratio.ratio, 3) for ratio in proof.price.ratios} == {
        TOGETHER: 1.1, "RA101-a": 1.1, "RA102-b": 1.0
    }  # fmt: skip
    timed = [measures for measures, mode in fake.launched if mode == "timing"]
    assert timed[:4] == timed[4:8]
    assert the(proof, "RA101-a").price is not None
    assert proof.training is not None
    assert proof.training.likeness is Likeness.SAME
    assert len(proof.training.metrics[0].unpatched) == 6


def test_a_patch_that_changes_what_is_learned_is_told(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a")],
        patches=(patch("RA101-a"),),
        loss=lambda number, measures: 5.0 if measures else 0.5 + number % 7 / 100,
    )
    _, proof = bench.prove(fake, timed_runs=6)
    assert proof.training is not None
    assert proof.training.likeness is Likeness.DIFFERENT
    assert "change what is learned" in proof.training.reason


def test_losses_that_differ_without_the_tracer_disprove_it(bench: Bench) -> None:
    fake = Fake(
        root=bench.root,
        sources=[Source(line=10, cured_by="RA101-a")],
        patches=(patch("RA101-a"),),
        loss=lambda number, measures: float(number),
    )
    report, proof = bench.prove(fake, timed_runs=2)
    assert proof.status is Status.DIVERGENT
    assert "hidden by the tracer" in proof.reasons[0]
    assert proof.minimal == ()
    assert of_report(report) is ExitCode.FOUND


def test_runs_and_paths_are_told_as_those_of_the_project(bench: Bench) -> None:
    fake = Fake(root=bench.root, sources=[Source(line=10, cured_by="RA101-a")], patches=(patch("RA101-a"),))
    report, _ = bench.prove(fake)
    assert {run.project for run in report.runs} == {str(bench.root)}
    assert {run.argv for run in report.runs} == {("python", "train.py")}
    assert "verify-" not in render(report, "json").replace("fix --verify", "")
    kept = [path.name for path in bench.store.glob("*/r*")]
    assert sorted(kept) == sorted(run.id for run in report.runs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 1.0}, "--confidence"),
        ({"max_runs": 2}, "--max-runs 2"),
        ({"timed_runs": -1}, "--runs"),
        ({"steps": 0}, "--steps 0"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(bench: Bench, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        bench.prove(Fake(root=bench.root), **options)


def test_what_a_killed_verification_left_is_deleted(bench: Bench) -> None:
    bench.prove(Fake(root=bench.root))
    (store,) = bench.store.iterdir()
    (store / "verify-999999999" / "project").mkdir(parents=True)
    bench.prove(Fake(root=bench.root))
    assert not list(store.glob("verify-*"))


def test_a_copy_needs_the_command_to_start_inside_the_project(bench: Bench, tmp_path: Path) -> None:
    outside = replace(Bench(tmp_path, bench.store, bench.monkeypatch))
    (tmp_path / "train.py").write_text(ORIGINAL)
    with pytest.raises(UsageError, match="start from a folder inside it"):
        outside.prove(Fake(root=bench.root))
