"""Noise walks are kept, and found again where they fit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.services.walks import FOLDER, FORMAT, VERSION, find_walk, newest_fitting, script_digest

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


def fitting(project: Path, *command: str) -> str | None:
    found = newest_fitting(command, script_digest(command, project), [project / "store"])
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


def test_a_name_that_is_not_there_is_told_with_those_that_are(project: Path) -> None:
    with pytest.raises(UsageError, match="no noise walk is kept of this project"):
        find_walk("last", [project / "store"])
    keep(project, "walk-a", 1)
    with pytest.raises(UsageError, match="no walk walk-x; there are: walk-a"):
        find_walk("walk-x", [project / "store"])
    (project / "broken.json").write_text("{")
    with pytest.raises(UsageError, match=r"broken\.json: is no noise walk: JSONDecodeError"):
        find_walk(str(project / "broken.json"), [project / "store"])
