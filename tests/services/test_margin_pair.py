"""What two runs were of is kept when they ran."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.services.margin_pair import PAIR, find_pair, keep_pair, program_of
from auditor.services.settings import Settings


def record(folder: Path, project: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    argv = ("python", "train.py")
    return SimpleNamespace(id=folder.name, folder=str(folder), project=str(project), cwd=str(project), argv=argv)


def test_an_edit_after_the_runs_does_not_change_what_they_were_of(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("print(1)\n")
    pair = record(tmp_path / "store" / "r1", tmp_path), record(tmp_path / "store" / "r2", tmp_path)
    keep_pair(pair)
    before = program_of(pair)
    script.write_text("print(2)\n")
    assert program_of(pair) == before
    (Path(pair[0].folder) / PAIR).unlink()
    assert program_of(pair).script_digest != before.script_digest


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"reference": "r1"})])
def test_a_run_that_is_of_no_pair_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    run = record(tmp_path / "r1", tmp_path)
    monkeypatch.setattr("auditor.services.margin_pair.find_run", lambda *anything: run)
    (tmp_path / "r1" / PAIR).write_text(content)
    with pytest.raises(UsageError, match="run r1 has kept no activations"):
        find_pair("r1", tmp_path, Settings(store=tmp_path))
