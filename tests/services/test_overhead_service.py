"""The overhead service on real programs, a few runs each."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import ProgramError, UsageError
from auditor.services.overhead import BASELINE, DETERMINISTIC, measure_overhead
from auditor.services.settings import Settings

pytestmark = pytest.mark.usefixtures("light_imports")

TRAIN = """
import torch
torch.manual_seed(0)
w = torch.ones(8, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.01)
for step in range({steps}):
    x = torch.zeros(8)
    {body}
    optimizer.zero_grad()
    (w * x).sum().backward()
    optimizer.step()
"""


class Recording:
    def __init__(self, cancel_after: int | None = None) -> None:
        self.notes: list[str] = []
        self.total: int | None = None
        self._cancel_after = cancel_after

    def stage(self, name: str, total: int | None = None) -> None:
        self.total = total

    def update(self, done: int, note: str = "") -> None:
        self.notes.append(note)

    def cancelled(self) -> bool:
        return self._cancel_after is not None and len(self.notes) > self._cancel_after


def project(tmp_path: Path, *, steps: int = 8, body: str = "pass") -> tuple[Path, Settings]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text(TRAIN.format(steps=steps, body=body))
    return folder, Settings(store=tmp_path / "store")


def test_both_kinds_are_measured_in_turns_and_leave_no_run_behind(tmp_path: Path) -> None:
    folder, settings = project(tmp_path, steps=1000)
    progress = Recording()
    report = measure_overhead(
        ["python", "train.py"], cwd=folder, settings=settings, runs=1, steps=7, warmup_steps=2, progress=progress
    )
    overhead = report.overhead
    assert overhead is not None
    assert report.project == "project"
    assert (overhead.baseline.label, overhead.baseline.steps) == (BASELINE, 5)
    assert [timing.label for timing in overhead.variants] == [DETERMINISTIC]
    assert overhead.ratios[0].ratio > 0
    assert not overhead.ratios[0].conclusive
    assert overhead.baseline.peak_memory_bytes > 50_000_000
    assert progress.total == 2
    assert [note.rpartition(", ")[2] for note in progress.notes if note] == [BASELINE, DETERMINISTIC]
    assert not list((tmp_path / "store").glob("*/r*"))


def test_an_op_without_a_deterministic_kernel_is_told_as_such(tmp_path: Path) -> None:
    folder, settings = project(tmp_path, body="x.put_(torch.tensor([1, 1]), torch.tensor([1.0, 2.0]))")
    overhead = measure_overhead(["python", "train.py"], cwd=folder, settings=settings, runs=3).overhead
    assert overhead is not None
    assert overhead.ratios == ()
    assert overhead.baseline.runs == 1
    assert overhead.notes[0].startswith(
        "the program cannot run in deterministic mode: RuntimeError: put_ does not have a deterministic implementation"
    )


def test_a_program_that_fails_as_it_is_gives_no_numbers(tmp_path: Path) -> None:
    folder, settings = project(tmp_path, body="raise ValueError('own fault')")
    with pytest.raises(ProgramError, match="own fault"):
        measure_overhead(["python", "train.py"], cwd=folder, settings=settings, runs=1)


def test_a_program_with_too_few_steps_is_told_what_to_do(tmp_path: Path) -> None:
    folder, settings = project(tmp_path, steps=3)
    with pytest.raises(UsageError, match=r"saw 3 optimizer steps; with 3 for warm-up, nothing is left.*--warmup-steps"):
        measure_overhead(["python", "train.py"], cwd=folder, settings=settings, runs=1)


@pytest.mark.parametrize(
    ("arguments", "message"), [({"runs": 0}, "at least one run"), ({"steps": 4}, "leaves nothing to time")]
)
def test_impossible_wishes_are_refused_before_anything_runs(
    tmp_path: Path, arguments: dict[str, int], message: str
) -> None:
    folder, settings = project(tmp_path)
    with pytest.raises(UsageError, match=message):
        measure_overhead(["python", "train.py"], cwd=folder, settings=settings, **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "store").exists()


def test_a_program_that_has_deterministic_mode_on_is_told(tmp_path: Path) -> None:
    folder, settings = project(tmp_path, body="torch.use_deterministic_algorithms(True)")
    overhead = measure_overhead(["python", "train.py"], cwd=folder, settings=settings, runs=1).overhead
    assert overhead is not None
    assert any("switches deterministic mode on by itself" in note for note in overhead.notes)


def test_cancelling_before_the_first_run_is_whole_measures_nothing(tmp_path: Path) -> None:
    folder, settings = project(tmp_path, steps=10**9)
    with pytest.raises(ProgramError, match="interrupted before the first run"):
        measure_overhead(
            ["python", "train.py"], cwd=folder, settings=settings, runs=2, progress=Recording(cancel_after=0)
        )
