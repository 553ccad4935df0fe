"""One program with many uses of listed operators: what holds where, counted, timed and placed."""

from __future__ import annotations

from pathlib import Path

import pytest

import auditor
from auditor.cli.exit_codes import ExitCode, of_report
from auditor.errors import ProgramError, UsageError
from auditor.model.lean import replace
from auditor.model.profile import Holding, OperatorProfile, OperatorUse
from auditor.model.report import AuditReport
from auditor.model.trace import Phase
from auditor.report import RenderOptions, render
from auditor.services.profile import ProfileOptions, profile_program, profile_run
from auditor.services.record import RecordOptions, record
from auditor.services.settings import Settings

PROGRAM = """\
import torch
torch.manual_seed(0)
torch.set_num_threads(4)
n = 9000
i = torch.randint(0, 7, (n,))

class Table(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rows = torch.nn.Parameter(torch.randn(7, 4))
    def forward(self, i):
        return self.rows[i]  # race

table = Table()
for _ in range(2):
    (table(i) * torch.randn(n, 4)).sum().backward()
small = torch.randn(7, 3, requires_grad=True)
small[i].sum().backward()  # small
half = torch.randn(7, 4).bfloat16().requires_grad_()
half[i].sum().backward()  # half
whole = torch.randn(n, 4, requires_grad=True)
whole[torch.randperm(n)].sum().backward()  # unique
cells = torch.zeros(7)
cells[i] = torch.randn(n)  # write
cells[i] = 3.0  # same value
torch.zeros(300, 300)[torch.ones(300, 300) > 0] = torch.randn(90000)  # mask
flat = torch.zeros(7)
flat.put_(torch.randint(-7, 7, (40000,)), torch.randn(40000), accumulate=True)  # put
rows = torch.zeros(7, 64)
rows.index_copy_(0, i, torch.randn(n, 64))  # copy
a, b = torch.randn(30, 5), torch.randn(30, 2)
torch.linalg.lstsq(a, b)  # gelsy
torch.linalg.lstsq(a, b, driver="gelsd")  # gelsd
torch.empty(500) + 1  # unwritten
torch.empty(500).fill_(1.0)  # written
x = torch.randn(2, 3, 16, 16)
y, places = torch.nn.functional.max_pool2d(x, 2, return_indices=True)
torch.nn.functional.max_unpool2d(y, places, 2)  # planes
torch.nn.functional.max_unpool2d(y, places * 0, 2)  # one cell
torch.zeros(7, 4).scatter_add_(0, i[:, None].expand(n, 4), torch.randn(n, 4))
torch.set_num_threads(1)
cells[i] = torch.randn(n)  # one thread
torch.set_num_threads(4)
torch.use_deterministic_algorithms(True)
cells[i] = torch.randn(n)  # on
torch.use_deterministic_algorithms(True, warn_only=True)
cells[i] = torch.randn(n)  # warn
torch.use_deterministic_algorithms(False)
for _ in range(2):
    cells[i[:2000] if _ else i] = torch.randn(2000 if _ else n)  # mixed
"""
HOLDS = ("race", "write", "put", "copy", "gelsy", "unwritten", "one cell", "mixed")
FAILS = ("small", "half", "unique", "same value", "mask", "gelsd", "written", "planes", "one thread", "on", "warn")


def lines(word: str) -> set[int]:
    found = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith(f"# {word}")}
    assert found, word
    return found


def at(profile: OperatorProfile, word: str) -> OperatorUse:
    (found,) = [use for use in profile.uses if use.site is not None and use.site.line in lines(word)]
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiled")
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text(PROGRAM)
    return folder


def settings_of(project: Path) -> Settings:
    return Settings(store=project.parent / "store")


@pytest.fixture(scope="module")
def report(project: Path) -> AuditReport:
    options = ProfileOptions(quiet_program=True)
    return profile_program(["python", "train.py"], cwd=project, settings=settings_of(project), options=options)


@pytest.fixture(scope="module")
def profile(report: AuditReport) -> OperatorProfile:
    assert report.profile is not None
    return report.profile


@pytest.mark.parametrize("word", HOLDS)
def test_an_operator_that_races_here_holds(profile: OperatorProfile, word: str) -> None:
    assert at(profile, word).holding is Holding.HOLDS


@pytest.mark.parametrize("word", FAILS)
def test_an_operator_that_lacks_a_condition_does_not_hold(profile: OperatorProfile, word: str) -> None:
    use = at(profile, word)
    assert (use.holding, use.removal) == (Holding.FAILS, None)


def test_a_gradient_is_told_at_the_line_and_module_of_its_forward_op(profile: OperatorProfile) -> None:
    use = at(profile, "race")
    assert (use.phase, use.backward_site, use.module, use.calls) == (Phase.BACKWARD, True, "Table", 2)


def test_only_the_calls_that_hold_are_counted_as_holding(profile: OperatorProfile) -> None:
    use = at(profile, "mixed")
    assert (use.calls, use.holding_calls) == (2, 1)


def test_operators_that_no_entry_knows_on_this_device_are_counted_apart(profile: OperatorProfile) -> None:
    assert profile.off_list["aten::scatter_add_"] == 1
    assert profile.operators == profile.listed + len(profile.off_list)
    assert profile.calls == sum(profile.off_list.values()) + sum(use.calls for use in profile.uses)


def test_times_add_up_to_the_operators_own(profile: OperatorProfile) -> None:
    assert profile.time_s is not None
    assert profile.wall_s is not None
    assert profile.notes_s is not None
    assert 0 < sum(use.time_s or 0.0 for use in profile.uses) < profile.time_s < profile.wall_s
    assert profile.notes_s < profile.wall_s
    shares = [use.share or 0.0 for use in profile.uses if use.holding is Holding.HOLDS]
    assert shares == sorted(shares, reverse=True)


def test_the_report_says_how_often_where_why_and_what_it_does_not_know(report: AuditReport) -> None:
    text = render(report, "text", RenderOptions())
    wide = [
        line
        for line in text.splitlines()
        if len(line) > 80 and "https://" not in line and not line.startswith("  repro-audit")
    ]
    assert wide == []
    assert text.splitlines()[2].startswith("NON-DETERMINISTIC here: operators at 8 places")
    assert "which is no proof that they are deterministic" in " ".join(text.split())
    assert of_report(report) is ExitCode.FOUND
    assert "::error file=train.py,line=12," in render(report, "github", RenderOptions())


def test_the_kept_run_gives_the_same_report_again(report: AuditReport, project: Path) -> None:
    again = profile_run(report.runs[0], settings=settings_of(project))
    assert render(again, "json", RenderOptions()) == render(report, "json", RenderOptions())


def test_a_run_that_was_not_profiled_tells_all_but_time(project: Path) -> None:
    settings = settings_of(project)
    options = RecordOptions(quiet_program=True)
    kept = record(["python", "train.py"], cwd=project, settings=settings, options=options)
    report = profile_run(kept.runs[0], settings=settings, scan=False)
    profile = report.profile
    assert profile is not None
    assert profile.time_s is None
    for holding, words in ((Holding.HOLDS, HOLDS), (Holding.FAILS, FAILS)):
        assert {word: at(profile, word).holding for word in words} == dict.fromkeys(words, holding)
    assert at(profile, "race").calls == 2
    assert profile.off_list["aten::scatter_add_"] == 1
    assert "Time was not measured" in render(report, "text", RenderOptions())


def test_a_profile_that_lost_a_call_is_not_whole(report: AuditReport, project: Path) -> None:
    (run,) = report.runs
    assert report.profile is not None
    assert report.profile.complete
    (process,) = run.processes
    failed = replace(process, problems=("profile aten::put_: ValueError: no",))
    told = profile_run(replace(run, processes=(failed,)), settings=settings_of(project), scan=False).profile
    assert told is not None
    assert not told.complete


def test_nothing_that_was_seen_is_no_clean_answer(project: Path) -> None:
    (project / "silent.py").write_text("print('no torch')\n")
    report = auditor.profile(["python", "silent.py"], project, scan=False, settings=settings_of(project))
    assert of_report(report) is ExitCode.INCONCLUSIVE


def test_a_program_that_fails_is_an_error(project: Path) -> None:
    (project / "broken.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(ProgramError, match="failed with exit code 3"):
        profile_program(["python", "broken.py"], cwd=project, settings=settings_of(project))


def test_a_run_whose_files_are_gone_is_a_mistake(report: AuditReport, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its trace is gone"):
        profile_run(replace(report.runs[0], folder=str(tmp_path)), settings=Settings())
