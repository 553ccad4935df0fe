"""The real thing: in tmux with real keys, and in a pseudo-terminal that counts bytes."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# Budgets in bytes; `benchmarks/tui_start.py` prints what is used of them.
MOVE = 600
SETTLED_MOVE = 6_000
PAGE = 8_000
CURSOR = b"\x1b[1;3H"  # ends what is written at a time


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The benchmark's terminal: what is tested here is what is measured there."""
    spec = importlib.util.spec_from_file_location("tui_start", ROOT / "benchmarks" / "tui_start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "project"
    folder.mkdir()
    return bench.make_project(folder)  # type: ignore[no-any-return]


def rest(terminal: Any) -> bytes:
    """Read until nothing more comes, which is told by a silence; on a busy machine there are silences in between."""
    data = b""
    for _ in range(60):
        more = terminal.read(quiet_s=3.0)
        if not more:
            return data
        data += more
    raise AssertionError("it never stops to write")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")
def test_bytes_for_a_move_for_a_page_and_for_nothing(bench: ModuleType, project: Path) -> None:
    terminal = bench.Terminal(bench.tui_command(project))
    try:
        terminal.read(until=b"patch 1 of 60", timeout_s=240)  # planned after the scan
        rest(terminal)
        terminal.type(b"j")
        moved = terminal.read(until=b"patch 2 of 60", timeout_s=240) + rest(terminal)
        at_once = moved.partition(CURSOR)[0]
        if b"patch" not in at_once:  # on a busy machine both may come together
            assert len(at_once) <= MOVE
        assert len(moved) <= SETTLED_MOVE
        terminal.type(b"\x1b[6~")
        page = terminal.read(until=b"of 60", timeout_s=240) + rest(terminal)
        assert len(page) <= PAGE
    finally:
        terminal.close()


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]

    def call(*arguments: str) -> str:
        done = subprocess.run([*server, *arguments], capture_output=True, text=True, timeout=600, check=True)
        return done.stdout

    yield call
    subprocess.run([*server, "kill-server"], capture_output=True, check=False)


def wait_for(tmux: Callable[..., str], text: str, timeout_s: float = 240) -> str:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        shown = tmux("capture-pane", "-p")
        if text in shown:
            return shown
        time.sleep(0.1)
    raise AssertionError(f"{text!r} did not appear:\n{shown}")


def test_keys_work_through_tmux(tmux: Callable[..., str], bench: ModuleType, project: Path) -> None:
    command = shlex.join(bench.tui_command(project))
    tmux("new-session", "-d", "-x", "80", "-y", "24", f"env LC_ALL=C.UTF-8 {command}; echo ended with $?; sleep 60")
    shown = wait_for(tmux, "60 findings in 60 files")
    assert "RA102" in shown
    tmux("send-keys", "j", "j", "Enter")
    shown = wait_for(tmux, "train_002.py:5 ─")
    assert "▌▶   5 │     print(numpy.random.rand())" in shown
    tmux("send-keys", "/")
    wait_for(tmux, "words  rule:RA3")
    tmux("send-keys", "-l", "path:train_03")
    wait_for(tmux, "10 of 60 findings")
    tmux("send-keys", "Enter", "2")
    wait_for(tmux, "No two runs were compared yet")
    tmux("resize-window", "-x", "160", "-y", "48")
    tmux("send-keys", "1")
    wait_for(tmux, "10 of 60 findings")
    tmux("send-keys", "q")
    wait_for(tmux, "ended with 0")
