"""What a run wrote is remembered before the next run writes it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.runs import written
from auditor.runs.written import digests, keep, kept_copy


def test_digests_are_of_all_bytes_and_what_is_gone_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_bytes(b"x" * 2_999_999 + b"y")
    found = digests(tmp_path, ["a", "b", "gone"])
    assert sorted(found) == ["a", "b"]
    assert found["a"] != found["b"]


def test_small_results_are_kept_and_large_or_other_files_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "KEPT_BYTES", 10)
    project, run = tmp_path / "project", tmp_path / "run"
    (project / "out").mkdir(parents=True)
    for name, text in (("out/m.json", "{}"), ("model.pt", "w"), ("preds.csv", "1\n" * 50)):
        (project / name).write_text(text)
    keep(project, {"out/m.json": "", "model.pt": "", "preds.csv": ""}, run)
    assert kept_copy(run, "out/m.json").read_text() == "{}"
    assert not kept_copy(run, "model.pt").exists()
    assert not kept_copy(run, "preds.csv").exists()
