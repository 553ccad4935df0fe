"""`repro-audit scan --watch` as a process of its own: it prints after each save, and Ctrl-C ends it quietly."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""

DIRTY = "import numpy as np\n\nprint(np.random.rand(3))\n"
PATIENCE_S = 240


def save(path: Path, text: str) -> None:
    """Whole at once: on a busy machine a file that was opened may be seen empty before its text is there."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


class Watching:
    """A running `scan --watch`; everything that it printed so far is in `text`."""

    def __init__(self, project: Path, *words: str, terminal: bool = False) -> None:
        self.text = ""
        if terminal:
            self._reader, writer = pty.openpty()
        else:
            self._reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "auditor", "scan", ".", "--watch", *words],
            cwd=project,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            # Shells start background jobs with SIGINT ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        os.close(writer)

    def until(self, wanted: str, times: int = 1) -> str:
        """Read until a text was printed so often; return everything."""
        end = time.monotonic() + PATIENCE_S
        while self.text.count(wanted) < times:
            assert time.monotonic() < end, f"{wanted!r} did not come in:\n{self.text}"
            if select.select([self._reader], [], [], 0.2)[0]:
                data = self._read()
                assert data, f"it ended before {wanted!r} came in:\n{self.text}"
                self.text += data
        return self.text

    def _read(self) -> str:
        """What can be read now; empty where there will be no more."""
        try:
            return os.read(self._reader, 65536).decode()
        except OSError:  # how a terminal says that it is over
            return ""

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        while select.select([self._reader], [], [], 0)[0] and (data := self._read()):
            self.text += data
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._reader)


@pytest.fixture
def watching(project: Path) -> Iterator[Callable[..., Watching]]:
    started: list[Watching] = []

    def start(*words: str, terminal: bool = False) -> Watching:
        started.append(Watching(project, *words, terminal=terminal))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_it_scans_again_on_save_and_ctrl_c_ends_it_quietly(project: Path, watching: Callable[..., Watching]) -> None:
    (project / "train.py").write_text(DIRTY)
    running = watching()
    running.until("ctrl-c ends")
    assert "train.py" in running.text
    assert "since the last scan" not in running.text
    save(project / "train.py", "print(1)\n")
    running.until("ctrl-c ends", times=2)
    assert "changed: train.py\nsince the last scan: 0 new, 1 gone\n  gone  train.py:3 RA102: " in running.text
    before = running.text
    assert running.interrupt() == 130
    assert running.text == before


def test_a_terminal_is_cleared_before_each_report(project: Path, watching: Callable[..., Watching]) -> None:
    (project / "train.py").write_text(DIRTY)
    running = watching("--format", "concise", terminal=True)
    before, cleared, _ = running.until("ctrl-c ends").partition("\x1b[H\x1b[2J")
    assert cleared
    assert "RA102" not in before  # a slow scan shows its progress
    save(project / "more.py", DIRTY)
    assert running.until("ctrl-c ends", times=2).count("\x1b[H\x1b[2J") == 2
    assert running.interrupt() == 130
    assert "Traceback" not in running.text


def test_it_ends_when_nobody_reads_any_more(project: Path) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m auditor scan . --watch -q 2> err.txt | head -c 0; sleep 1; touch x.py"],
        cwd=project,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-o", "x.txt"), "--watch and -o exclude each other"),
        (("--write-baseline", "b.json"), "--watch and --write-baseline exclude each other"),
    ],
)
def test_what_cannot_be_watched_is_told_at_once(
    command: Command, project: Path, words: tuple[str, ...], told: str
) -> None:
    (project / "train.py").write_text(DIRTY)
    ran = command("scan", "--watch", *words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
