"""How an experiment stands is read from its folder; leftovers of an earlier call are not under way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.probe.replica import FORMAT, VERSION
from auditor.runs import record
from auditor.runs.replicas import COLLECTED, Conditions, ExperimentFolder, Kept, new_experiment
from auditor.services.board import BoardReader


@pytest.fixture
def experiment(tmp_path: Path) -> ExperimentFolder:
    conditions = Conditions(command=("python", "train.py"), cwd="", python="", threads=1, vary="none")
    return new_experiment(tmp_path, conditions, "0")


def replica(experiment: ExperimentFolder, number: int, code: int | None, digest: str = "") -> None:
    """A replica that is whole (0), failed (1) or still runs (None)."""
    folder = experiment.replica("algo", number)
    if code is None:
        return
    status = ExitStatus(ending=Ending.FAILED if code else Ending.FINISHED, code=code)
    run = RunRecord(
        id=f"algo/{number}",
        argv=(),
        cwd="",
        project="",
        changes={},
        started_at="",
        duration_s=2.0 * number,
        status=status,
        processes=(),
        files_written=(),
    )
    record.write(run, folder)
    if not code:
        content = {"format": FORMAT, "version": VERSION, "steps": 1, "digest": digest, "problems": []}
        (folder / COLLECTED / "0-0.json").write_text(json.dumps(content))
        kept = Kept(
            variant="algo",
            number=number,
            folder=folder,
            duration_s=2.0 * number,
            seeds=(),
            files={},
            written=(),
            notes=(),
        )
        experiment.keep(kept)


def test_rows_count_what_is_done_runs_and_failed(experiment: ExperimentFolder) -> None:
    read = BoardReader(experiment, ("algo", "control"), 5)
    assert [row.running for row in read().rows] == [0, 0]
    replica(experiment, 1, 0, "same")
    replica(experiment, 2, 0, "same")
    replica(experiment, 3, None)
    replica(experiment, 4, 1)
    replica(experiment, 6, 0, "beyond what was asked for")
    row = read().rows[0]
    assert (row.done, row.running, row.failed, row.hashes, row.mean_s) == (2, 1, 1, 1, 3.0)
    replica(experiment, 3, 0, "other")
    assert (read().rows[0].done, read().rows[0].hashes) == (3, 2)


def test_a_variant_that_has_nothing_to_vary_is_not_waited_for(experiment: ExperimentFolder) -> None:
    read = BoardReader(experiment, ("algo", "algo:order"), 5)
    replica(experiment, 1, 0, "same")
    assert read().rest_s() == pytest.approx(4 * 2.0 + 5 * 2.0)
    read.leave_out("algo:order")
    assert [row.left_out for row in read().rows] == [False, True]
    assert read().rest_s() == pytest.approx(4 * 2.0)


def test_what_an_interrupted_call_left_is_not_under_way(experiment: ExperimentFolder) -> None:
    replica(experiment, 1, None)
    folder = experiment.path / "algo" / "1"
    os.utime(folder, (1, 1))
    read = BoardReader(experiment, ("algo",), 5)
    assert read().rows[0].running == 0
    replica(experiment, 1, None)
    assert read().rows[0].running == 1
