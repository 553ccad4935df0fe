"""What a run wrote is remembered before the next run writes it again."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from auditor.runs import written
from auditor.runs.written import digests, keep, kept_copy, kept_tensors, tensors_digest


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


def saved(folder: Path, name: str, content: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(content, folder / name)
    return folder / name


def test_tensors_of_a_checkpoint_are_told_from_what_else_is_in_it(tmp_path: Path) -> None:
    weights = torch.arange(6.0).reshape(2, 3)
    first = saved(tmp_path / "a", "last.pt", {"weights": weights, "at": "Monday"})
    later = saved(tmp_path / "b", "last.pt", {"weights": weights, "at": "Tuesday, in the afternoon"})
    other = saved(tmp_path / "c", "last.pt", {"weights": weights.nextafter(weights + 1), "at": "Monday"})
    assert first.read_bytes() != later.read_bytes()
    assert tensors_digest(first) == tensors_digest(later) != tensors_digest(other)
    (tmp_path / "x.pt").write_bytes(b"no checkpoint")
    assert tensors_digest(tmp_path / "x.pt") == tensors_digest(saved(tmp_path, "y.pt", "no tensors")) == ""


def test_tensors_of_safetensors_are_what_follows_the_header(tmp_path: Path) -> None:
    def written_as(name: str, header: bytes, data: bytes) -> str:
        (tmp_path / name).write_bytes(len(header).to_bytes(8, "little") + header + data)
        return tensors_digest(tmp_path / name)

    assert written_as("a.safetensors", b"{}", b"12") == written_as("b.safetensors", b'{"at": "Monday"}', b"12")
    assert written_as("a.safetensors", b"{}", b"12") != written_as("c.safetensors", b"{}", b"13")


def test_what_only_has_the_name_of_a_file_of_tensors_has_no_digest(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path, "whole.pt", {"weights": torch.ones(4096)}).read_bytes()
    zipped = tmp_path / "zipped.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data/0", bytes(range(256)) * 64)
    deflated = bytearray(zipped.read_bytes())
    deflated[60:90] = b"\xff" * 30
    for name, content in {
        "a.safetensors": b"\xff" * 64,
        "b.safetensors": b"",
        "c.safetensors": b"version https://git-lfs",
        "d.pt": checkpoint[: len(checkpoint) // 2],
        "e.bin": bytes(deflated),
        "f.ckpt": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert tensors_digest(tmp_path / name) == "", name


def test_digests_of_tensors_are_kept_however_large_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "KEPT_BYTES", 10)
    path = saved(tmp_path / "project", "last.pt", {"weights": torch.ones(100)})
    keep(tmp_path / "project", {"last.pt": "", "gone.pt": ""}, tmp_path / "run")
    assert kept_tensors(tmp_path / "run", "last.pt").read_text() == tensors_digest(path)
    assert not kept_tensors(tmp_path / "run", "gone.pt").exists()
