"""Noise walks are kept, and found again where they fit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.services.sourcedigest import file_digest, source_digests
from auditor.services.walks import FOLDER, FORMAT, VERSION, Ran, find_walk, newest_fitting, script_digest

COMMAND = ("python", "train.py", "--epochs", "2")
CURVE = [{"sigma": 0.1, "values": [1.0], "quality": 1.0}, {"sigma": 10.0, "values": [0.0], "quality": 0.0}]
LAYER = {
    "name": "0",
    "status": "measured",
    "midpoint": 1.5,
    "interval": {"low": 1.0, "high": 2.0, "level": 0.95},
    "curve": CURVE,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("print(1)\n")
    return tmp_path


def keep(project: Path, name: str, at: int, command: tuple[str, ...] = COMMAND, **changes: Any) -> Path:
    content = {
        "format": FORMAT,
        "version": changes.pop("version", VERSION),
        "command": list(command),
        "script_digest": script_digest(command, project),
        "sensitivity": {"kind": "add", "metric": "accuracy", "models": ["Net"], "tolerances": [LAYER], **changes},
    }
    folder = project / "store" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content))
    os.utime(path, (at, at))
    return path


def ran(project: Path, *command: str, **sources: str) -> Ran:
    return Ran(command=command, script_digest=script_digest(command, project), sources=sources)


def fitting(project: Path, *command: str) -> str | None:
    found = newest_fitting(ran(project, *command), [project / "store"])
    return found.name if found is not None else None


def test_the_newest_walk_of_the_same_script_and_arguments_fits(project: Path) -> None:
    keep(project, "walk-a", 1)
    keep(project, "walk-b", 2)
    keep(project, "walk-c", 3, command=("python", "train.py"))
    keep(project, "walk-d", 4, kind="mul")
    keep(project, "walk-e", 5, tolerances=[])
    keep(project, "walk-f", 6, mode="train")
    keep(project, "walk-g", 7, version=99)
    assert fitting(project, "/env/bin/python3", *COMMAND[1:]) == "walk-b"
    assert fitting(project, "python", "train.py", "--epochs", "3") is None
    (project / "train.py").write_text("print(2)\n")
    assert fitting(project, *COMMAND) is None


def test_a_walk_is_found_by_id_by_path_and_as_the_last(project: Path) -> None:
    keep(project, "walk-a", 1)
    path = keep(project, "walk-b", 2)
    stores = [project / "store"]
    for name, found in (("walk-a", "walk-a"), ("last", "walk-b"), (str(path), str(path))):
        walk = find_walk(name, stores)
        assert walk.name == found
        (layer,) = walk.layers
        assert (layer.name, layer.midpoint, layer.smallest_sigma, layer.greatest_sigma) == ("0", 1.5, 0.1, 10.0)
        assert layer.interval is not None
        assert (layer.interval.low, layer.interval.high) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "mul"}, "its noise is not additive"),
        ({"mode": "train"}, "noise was in the training, too"),
        ({"trained_under": {"layers": ["0"], "sigma": 1.0}}, "noise was in the training, too"),
        ({"clamp": 0.5}, "weights were clamped in its training"),
        ({"tolerances": [{**LAYER, "executions": 16}]}, "the noise at 0 was averaged over several executions"),
        ({"tolerances": []}, "holds no layer"),
        ({"kind": None}, "holds no noise walk"),
        ({"version": 2}, "walk version 2; this program reads version 1"),
        ({"kind": "other"}, "is no noise walk: ValueError"),
    ],
)
def test_a_walk_that_cannot_serve_says_why(project: Path, changes: dict[str, Any], told: str) -> None:
    keep(project, "walk-a", 1, **changes)
    with pytest.raises(UsageError, match=told):
        find_walk("walk-a", [project / "store"])


def test_a_walk_of_every_layer_goes_before_a_newer_one_of_some(project: Path) -> None:
    points = [{"name": name, "injectable": name != "2"} for name in ("0", "1", "2")]
    keep(project, "walk-a", 1, points=points, tolerances=[LAYER, {**LAYER, "name": "1"}])
    keep(project, "walk-b", 2, points=points)
    assert fitting(project, *COMMAND) == "walk-a"
    assert not find_walk("walk-b", [project / "store"]).is_whole
    keep(project, "walk-c", 3, tolerances=[{**LAYER, "status": "above", "midpoint": None}])
    assert fitting(project, *COMMAND) == "walk-a"


@pytest.mark.parametrize(
    ("command", "changed", "doubt"),
    [
        (COMMAND, {}, ""),
        (("python", "train.py"), {}, "walk-a is of another command: python train.py --epochs 2"),
        (COMMAND, {"train.py": "print(3)"}, "walk-a is of another version of the script"),
        (COMMAND, {"model.py": "HIDDEN = 4"}, "walk-a is of another version of model.py"),
        (COMMAND, {"unused.py": "x = 2"}, ""),
    ],
)
def test_a_walk_of_another_program_is_doubted(
    project: Path, command: tuple[str, ...], changed: dict[str, str], doubt: str
) -> None:
    for name in ("model.py", "unused.py"):
        (project / name).write_text("x = 1")
    path = keep(project, "walk-a", 1)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "sources": source_digests(project)}))
    for name, text in changed.items():
        (project / name).write_text(text)
    loaded = {name: file_digest(project / name) for name in ("model.py", "train.py")}
    found = ran(project, *command)
    found = Ran(command=found.command, script_digest=found.script_digest, sources=loaded)
    assert find_walk("walk-a", [project / "store"]).doubt(found) == doubt


def test_a_report_does_not_tell_of_which_script_it_is(project: Path) -> None:
    path = keep(project, "walk-a", 1)
    report = project / "report.json"
    report.write_text(json.dumps({"sensitivity": json.loads(path.read_text())["sensitivity"]}))
    found = find_walk(str(report), [])
    assert "does not tell of which program it is" in found.doubt(ran(project, *COMMAND))


@pytest.mark.parametrize(
    ("status", "together", "reacts"),
    [("measured", None, True), ("above", "below", True), ("above", "above", False), ("above", None, False)],
)
def test_a_metric_that_no_noise_moves_does_not_react(
    project: Path, status: str, together: str | None, reacts: bool
) -> None:
    everywhere = None if together is None else {**LAYER, "status": together}
    keep(project, "walk-a", 1, tolerances=[{**LAYER, "status": status}], all_layers=everywhere)
    assert find_walk("last", [project / "store"]).reacts is reacts


def test_a_name_that_is_not_there_is_told_with_those_that_are(project: Path) -> None:
    with pytest.raises(UsageError, match="no noise walk is kept of this project"):
        find_walk("last", [project / "store"])
    keep(project, "walk-a", 1)
    with pytest.raises(UsageError, match="no walk walk-x; there are: walk-a"):
        find_walk("walk-x", [project / "store"])
    (project / "broken.json").write_text("{")
    with pytest.raises(UsageError, match=r"broken\.json: is no noise walk: JSONDecodeError"):
        find_walk(str(project / "broken.json"), [project / "store"])
