"""Lock files of conda and pixi: which packages they name in which versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.static.files.condalocks import conda_locks, locked_by_conda
from auditor.static.files.pins import read_pins


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("package:\n- name: numpy\n  version: 1.26.4\n  manager: conda\n", {("numpy", "1.26.4")}),
        ("  name: torch\n  version: '2.4.0'\n", {("torch", "2.4.0")}),
        ("https://c/linux-64/pytorch-cuda-12.1-ha16c6d3_5.conda#a1\n", {("pytorch-cuda", "12.1")}),
        ("- conda: https://c/linux-64/pytorch-2.4.0-py3.10_cuda12.1_0.tar.bz2\n", {("pytorch", "2.4.0")}),
        ("metadata:\n  name: x\n  channels: []\n", set()),
        ("dependencies:\n    numpy: '>=1.21'\n", set()),
    ],
)
def test_names_and_versions(text: str, found: set[tuple[str, str]]) -> None:
    assert set(locked_by_conda(text)) == found


def test_locks_are_found_in_a_fixed_order(tmp_path: Path) -> None:
    names = ["conda-osx-64.lock", "conda-lock.yml", "pixi.lock", "conda-linux-64.lock", "other.lock"]
    for name in names:
        (tmp_path / name).touch()
    found = [path.name for path in conda_locks(tmp_path)]
    assert found == ["pixi.lock", "conda-lock.yml", "conda-linux-64.lock", "conda-osx-64.lock"]


def test_pip_knows_what_conda_calls_pytorch_as_torch(tmp_path: Path) -> None:
    (tmp_path / "conda-lock.yml").write_text("package:\n- name: pytorch\n  version: 2.4.0\n")
    assert read_pins(tmp_path).versions == {"torch": frozenset({"2.4.0"})}
