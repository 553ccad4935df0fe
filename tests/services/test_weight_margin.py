"""The distance of final weights, beside that of replicas where some with other seeds are kept."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pytest

from auditor.model.margin import MarginState
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.probe.replica import FORMAT, VERSION
from auditor.runs.replicas import COLLECTED, Conditions, Kept, new_experiment
from auditor.services.weight_margin import weight_margin

COMMAND = ("python", "train.py", "--epochs", "2")


def leave(folder: Path, *numbers: float) -> Path:
    """What a process leaves of its final weights."""
    (folder / COLLECTED).mkdir(parents=True, exist_ok=True)
    (folder / COLLECTED / "0-0.weights").write_bytes(struct.pack(f"<{len(numbers)}f", *numbers))
    tensor = {"name": "w", "dtype": "torch.float32", "shape": [len(numbers)], "digest": repr(numbers)}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "steps": 3,
        "digest": repr(numbers),
        "tensors": [{**tensor, "kept": {"offset": 0, "dtype": "float32", "count": len(numbers)}}],
        "problems": [],
    }
    (folder / COLLECTED / "0-0.json").write_text(json.dumps(content))
    return folder


def record(folder: Path) -> RunRecord:
    return RunRecord(
        id=folder.name,
        argv=("/usr/bin/python3", *COMMAND[1:]),
        cwd="/p",
        project="/p",
        changes={},
        started_at="",
        duration_s=1.0,
        status=ExitStatus(ending=Ending.FINISHED, code=0),
        processes=(),
        files_written=(),
        folder=str(folder),
    )


def replicas(store: Path, *weights: float, variant: str = "algo+impl", command: tuple[str, ...] = COMMAND) -> None:
    conditions = Conditions(command=command, cwd="/p", python="3", threads=2, vary="global")
    experiment = new_experiment(store, conditions, "0")
    for number, weight in enumerate(weights, 1):
        folder = leave(experiment.replica(variant, number), weight, 0.0)
        experiment.keep(
            Kept(
                variant=variant, number=number, folder=folder, duration_s=1.0, seeds=(), files={}, written=(), notes=()
            )
        )


@pytest.fixture
def pair(tmp_path: Path) -> tuple[RunRecord, RunRecord]:
    return record(leave(tmp_path / "r1", 3.0, 4.0)), record(leave(tmp_path / "r2", 3.0, 4.5))


def test_the_distance_is_told_beside_that_of_replicas(pair: tuple[RunRecord, RunRecord], tmp_path: Path) -> None:
    replicas(tmp_path, 1.0, 3.0)
    found, _ = weight_margin(pair, [tmp_path])
    assert found is not None
    assert (found.numbers, found.distance, found.relative) == (2, pytest.approx(0.5), pytest.approx(0.1))
    assert (found.spread, found.ratio) == (pytest.approx(2), pytest.approx(0.25))
    assert found.source == "2 replicas of v1, algo+impl"


def test_each_parameter_stands_beside_the_deviation_of_the_replicas(
    pair: tuple[RunRecord, RunRecord], tmp_path: Path
) -> None:
    """Runs 0.5 apart in one of two numbers, replicas 2 apart in the other: deviations of √2 and 0."""
    replicas(tmp_path, 1.0, 3.0)
    found, beside = weight_margin(pair, [tmp_path])
    assert found is not None
    assert beside is not None
    (w,) = found.parameters
    assert w.nearest is not None
    assert (w.nearest.rms, w.nearest.spread) == (pytest.approx(0.5 / math.sqrt(2)), pytest.approx(1))
    assert w.decades == pytest.approx(math.log10(2 * math.sqrt(2)))


def test_without_replicas_a_parameter_has_a_size_and_no_ratio(
    pair: tuple[RunRecord, RunRecord], tmp_path: Path
) -> None:
    found, _ = weight_margin(pair, [tmp_path])
    assert found is not None
    (w,) = found.parameters
    assert (w.state, w.decades, w.steps[0].spread) == (MarginState.UNKNOWN, None, None)


def test_the_newest_replicas_that_differ_count(pair: tuple[RunRecord, RunRecord], tmp_path: Path) -> None:
    replicas(tmp_path, 1.0, 3.0)
    replicas(tmp_path, 0.0, 8.0, 4.0, variant="algo")
    replicas(tmp_path, 1.0, 1.0)
    replicas(tmp_path, 5.0, 50.0, command=("python", "train.py"))
    found, _ = weight_margin(pair, [tmp_path])
    assert found is not None
    assert found.source == "3 replicas of v2, algo"


def test_without_replicas_it_says_what_would_measure_them(pair: tuple[RunRecord, RunRecord], tmp_path: Path) -> None:
    found, _ = weight_margin(pair, [tmp_path])
    assert found is not None
    assert (found.spread, found.ratio) == (None, None)
    assert found.source == "no spread measured: repro-audit variance train.py --vary-seeds --gradients -- --epochs 2"
    replicas(tmp_path, 1.0, 1.0)
    same, _ = weight_margin(pair, [tmp_path])
    assert same is not None
    assert same.source.startswith("the replicas of v1, algo+impl, all end with the same weights: no spread measured")


def test_weights_that_are_missing_or_of_another_shape_have_no_distance(tmp_path: Path) -> None:
    first, other = record(leave(tmp_path / "r1", 1.0)), record(leave(tmp_path / "r2", 1.0, 2.0))
    assert weight_margin((first, other), []) == (None, None)
    (tmp_path / "r3").mkdir()
    assert weight_margin((first, record(tmp_path / "r3")), []) == (None, None)
    assert weight_margin((first, record(leave(tmp_path / "r4", float("nan")))), []) == (None, None)
