"""What is promised of executions that were shared out over the layers of a walk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.services.noise_allocation import Allocation, allocate_executions


def shared(folder: Path, *walked: str) -> Allocation:
    points = [{"name": name, "injectable": name != "words"} for name in ("words", "first", "second")]
    tolerances = [{"name": name, "status": "measured", "midpoint": 2.0} for name in walked]
    content = {"sensitivity": {"kind": "add", "points": points, "tolerances": tolerances}}
    (folder / "walk.json").write_text(json.dumps(content), encoding="utf-8")
    return allocate_executions(folder / "walk.json", 4, 1.0)


def test_a_walk_of_every_layer_promises_something_of_all(tmp_path: Path) -> None:
    found = shared(tmp_path, "first", "second")
    assert found.promised == pytest.approx(2 * 2 / 2**0.5)
    assert "promised: with noise in all layers" in found.to_text()


def test_a_walk_of_some_layers_promises_nothing_of_all(tmp_path: Path) -> None:
    found = shared(tmp_path, "first")
    assert (found.promised, found.left_out) == (None, ("second",))
    assert "nothing is promised of noise in all layers: the walk leaves out second" in found.to_text()
