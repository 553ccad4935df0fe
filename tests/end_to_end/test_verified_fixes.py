"""`fix --verify` on real programs: from the command line to a patch file that git and patch take."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.cli import main

pytestmark = pytest.mark.usefixtures("light_imports")

TRAIN = """\
import torch

import unused

noise = torch.arange(4.0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(40):
    optimizer.zero_grad()
    loss = model(noise).pow(2).sum()
    loss.backward()
    optimizer.step()
print("final loss", loss.item())"""  # no newline at the end of the file

UNUSED = """\
import os

NAMES = os.listdir(".") if False else []
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "train.py").write_text(TRAIN)
    (root / "unused.py").write_text(UNUSED)
    (root / "other.py").write_text("import random\nprint(random.random())\n")
    monkeypatch.chdir(root)
    monkeypatch.setenv("REPRO_AUDIT_STORE", str(tmp_path / "store"))
    return root


def test_an_unseeded_program_is_proven_reproducible_with_a_patch_that_applies(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in project.iterdir()}
    patch = tmp_path / "proven.patch"
    words = ["fix", "--verify", "train.py", "--steps", "6", "--runs", "1", "--write-patch", str(patch)]
    assert main([*words, "--format", "json", "--no-progress"]) == 0
    out, err = capfd.readouterr()
    proof = json.loads(out)["proof"]
    assert proof["status"] == "reproducible"
    assert proof["minimal"]
    assert {each["need"] for each in proof["patches"]} >= {"needed"}
    assert all(each["status"] == "divergent" for each in proof["rounds"][:-1])
    assert proof["training"]["metrics"][0]["name"] == "final loss"
    assert proof["price"]["notes"][0].startswith("fewer than")
    assert f"patch: {patch}" in err
    assert {path.name: path.read_bytes() for path in project.iterdir()} == before
    for command in (["git", "apply", str(patch)], ["patch", "-p1", "-i", str(patch)]):
        copy = tmp_path / command[0]
        shutil.copytree(project, copy)
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        text = (copy / "train.py").read_text()
        assert "manual_seed" in text
        compile(text, "train.py", "exec")


def test_mistakes_are_told_before_anything_runs(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cases = {
        ("--verify", "trian.py"): "trian.py: no such file",
        ("--verify", ""): "nothing to run",
        ("--verify", "train.py 'x"): "No closing quotation",
        ("--verify", "train.py", "--apply"): "exclude each other",
        ("--verify", "train.py", "--format", "sarif"): "a proof has no `sarif`",
        ("--verify", "train.py", "--confidence", "2"): "--confidence 2.0",
        ("--verify", "train.py", "--write-patch", "train.py"): "exists already",
        ("--verify", "train.py", "--write-patch", "no/such/x.patch"): "does not exist",
        ("--verify", "train.py", "--python", "no-python"): "no such interpreter",
        ("--write-patch", "x.patch"): "--write-patch writes what --verify has proven",
    }
    for words, message in cases.items():
        assert main(["fix", *words]) == 2, words
        assert message in capfd.readouterr().err, words
    assert not (tmp_path / "store").exists()


def test_a_program_that_fails_in_the_copy_is_told_as_such(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "train.py").write_text("raise SystemExit('no data here')\n")
    assert main(["fix", "--verify", "train.py", "--no-progress"]) == 3
    err = capfd.readouterr().err
    assert "no data here" in err
    assert "it ran in a copy of" in err
