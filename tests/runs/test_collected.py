"""What the processes of a replica left."""

from __future__ import annotations

import json
from pathlib import Path

from auditor.probe.replica import FORMAT, VERSION
from auditor.runs.collected import Collected, read_collected


def left(folder: Path, **values: object) -> Collected:
    content = {"format": FORMAT, "version": VERSION, "steps": 1, "digest": "00" * 16, "problems": [], **values}
    (folder / "0-0.json").write_text(json.dumps(content))
    found = read_collected(folder)
    assert found is not None
    return found


def test_models_that_were_trained_before_are_part_of_the_digest(tmp_path: Path) -> None:
    """Folds, stages: the last model may be equal where an earlier one is not."""
    alone = left(tmp_path)
    one, other = left(tmp_path, earlier=["11" * 16]), left(tmp_path, earlier=["22" * 16])
    assert alone.digest == "00" * 16
    assert len({alone.digest, one.digest, other.digest}) == 3
    assert left(tmp_path, digest=None, earlier=["11" * 16]).digest is None
