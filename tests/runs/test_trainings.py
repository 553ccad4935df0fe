"""Which kept trainings a walk goes on with: those of the same conditions, files that the program writes left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs.trainings import open_trainings

THEN = {"train.py": "1", "data.json": "1"}


def conditions(**sources: str) -> dict[str, object]:
    return {
        "command": ["python", "train.py"],
        "sources": {**THEN, **{k.replace("_", "."): v for k, v in sources.items()}},
    }


def test_what_the_program_writes_is_no_other_source_unless_it_is_python(tmp_path: Path) -> None:
    store = open_trainings(tmp_path, conditions(), resume=False)
    store.folder("plain")
    store.keep("plain", {"written": ["metrics.json", "data.json", "train.py"]})
    found = open_trainings(tmp_path, conditions(metrics_json="2", data_json="2"), resume=True)
    assert found.path == store.path
    for other in (conditions(train_py="2"), conditions(config_yaml="1")):
        with pytest.raises(UsageError, match=r"has other sources \((train\.py|config\.yaml)\)"):
            open_trainings(tmp_path, other, resume=True)


def test_a_walk_that_an_earlier_version_began_does_not_go_on(tmp_path: Path) -> None:
    open_trainings(tmp_path, {"command": ["python", "train.py"], "source": "0123"}, resume=False)
    with pytest.raises(UsageError, match="has other source, sources"):
        open_trainings(tmp_path, conditions(), resume=True)
