"""What is kept of activations: every step while there is room, then fewer; whole tensors or samples spread evenly."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.probe.activations.keeping import FOLDER, Keeper, places
from auditor.runs.activations import KeptActivations


def keeper(folder: Path, budget: int = 1 << 20) -> Keeper:
    return Keeper(str(folder), lambda: "0-0", {"budget_bytes": budget, "elements": 4})


def index(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FOLDER / "0-0.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("total", "count"), [(5, 4), (64, 64), (131_072, 4096), (4097, 4096)])
def test_places_are_spread_over_the_whole_tensor(total: int, count: int) -> None:
    found = places(total, count)
    assert found == places(total, count)
    assert len(found) == count
    assert all(index * total // count <= place < (index + 1) * total // count for index, place in enumerate(found))


def test_a_process_that_keeps_nothing_leaves_no_file(tmp_path: Path) -> None:
    keeper(tmp_path).finish(3)
    assert not (tmp_path / FOLDER).exists()


def test_steps_are_kept_one_by_one_then_ever_fewer_within_the_budget(tmp_path: Path) -> None:
    budget = 40_000
    kept = keeper(tmp_path, budget)
    for step in range(2000):
        if kept.keeps(step):
            kept.call("Net", "0", "Linear", [("float32", [4], 1, bytes(16), 4, None)])
    kept.finish(2000)
    steps = [record["step"] for record in index(tmp_path) if record["record"] == "step"]
    gaps = [second - first for first, second in itertools.pairwise(steps)]
    assert gaps[:40] == [1] * 40
    assert gaps == sorted(gaps)
    assert steps[-1] > 1800
    size = sum(path.stat().st_size for path in (tmp_path / FOLDER).iterdir())
    assert size <= budget + 500  # records of steps and of the end come on top


def test_a_step_that_does_not_fit_is_cut_and_said_to_be(tmp_path: Path) -> None:
    kept = keeper(tmp_path, 1000)
    assert kept.keeps(0)
    kept.call("Net", "0", "Linear", [("float32", [4], 1, bytes(16), 4, None)])
    kept.call("Net", "1", "Linear", [("float32", [400], 1, bytes(1600), 400, None)])
    assert not kept.keeps(0)
    kept.finish(1)
    found = KeptActivations(tmp_path / FOLDER / "0-0.jsonl")
    assert [call.layer for call in found.calls] == ["0"]
    assert found.cuts == {0: "--margin-budget is used up"}
    assert found.complete
    found.close()


def test_calls_are_numbered_within_a_step(tmp_path: Path) -> None:
    kept = keeper(tmp_path)
    for step in (0, 1):
        for layer in ("0", "1", "0"):
            assert kept.keeps(step)
            kept.call("Net", layer, "Linear", [])
    kept.finish(2)
    calls = [(each["step"], each["layer"], each["call"]) for each in index(tmp_path) if each["record"] == "call"]
    assert calls == [(0, "0", 0), (0, "1", 0), (0, "0", 1), (1, "0", 0), (1, "1", 0), (1, "0", 1)]
