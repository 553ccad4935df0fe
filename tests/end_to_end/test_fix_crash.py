"""`fix --apply`, killed while it writes: each file is whole, old or new, and `--undo` works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.services.apply import history, undo

FILES = 20
SOURCE = """import torch
from torch.utils.data import DataLoader

loader = DataLoader([1, 2, 3], shuffle=True)
"""

KILLED = """
import os, signal, sys
from auditor.cli import main

original = os.replace
left = int(sys.argv[1])

def replace(source, target):
    global left
    if str(target).endswith(".py"):
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
    original(source, target)

os.replace = replace
sys.exit(main(sys.argv[2:]))
"""


def run_killed(root: Path, store: Path, after: int) -> int:
    words = ["fix", str(root), "--apply", "--unsafe", "--select", "RA301", "--store", str(store), "--no-progress"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(after), *words], env=environ, capture_output=True, timeout=600, check=False
    )
    return done.returncode


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL")
@pytest.mark.parametrize("after", [0, 7, FILES - 1])
def test_kill_in_the_middle_leaves_every_file_whole_and_undo_works(after: int, tmp_path: Path) -> None:
    root, store = tmp_path / "project", tmp_path / "store"
    root.mkdir()
    files = [root / f"train_{number:02}.py" for number in range(FILES)]
    for number, file in enumerate(files):
        file.write_text(f"{SOURCE}# {number}\n")
    old = {file: file.read_bytes() for file in files}

    assert run_killed(root, store, after) == -9

    changed = [file for file in files if file.read_bytes() != old[file]]
    assert len(changed) == after
    for file in changed:
        assert b"generator=torch.Generator()" in file.read_bytes()
        assert file.read_bytes().endswith(old[file].rsplit(b"\n", 2)[1] + b"\n")
    (step,) = history(root, store=store)
    assert not step.is_finished

    undone = undo(root, store=store)

    assert len(undone.files) == after
    assert {file: file.read_bytes() for file in files} == old
    assert sorted(root.iterdir()) == files


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL")
def test_apply_after_a_kill_does_the_rest_and_leaves_nothing_beside_the_files(tmp_path: Path) -> None:
    root, store = tmp_path / "project", tmp_path / "store"
    root.mkdir()
    files = [root / f"train_{number:02}.py" for number in range(3)]
    for file in files:
        file.write_text(SOURCE)
    assert run_killed(root, store, 1) == -9
    assert run_killed(root, store, FILES) == 0
    assert all(b"generator=" in file.read_bytes() for file in files)
    assert sorted(root.iterdir()) == files
    undo(root, store=store)
    undo(root, store=store)
    assert all(file.read_text() == SOURCE for file in files)
