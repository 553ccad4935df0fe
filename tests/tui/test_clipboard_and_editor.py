from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.tui import clipboard
from auditor.tui.editor import editor_command


def test_outside_tmux_the_terminal_is_asked() -> None:
    sent: list[str] = []
    assert clipboard.copy("train.py:14", sent.append, {}) == "terminal's clipboard (OSC 52)"
    assert sent == ["train.py:14"]


def test_inside_tmux_its_buffer_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append((command, options["input"]))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(clipboard.subprocess, "run", run)
    sent: list[str] = []
    assert clipboard.copy("x", sent.append, {"TMUX": "/tmp/tmux"}) == "tmux buffer and clipboard"
    assert (calls, sent) == ([(["tmux", "load-buffer", "-w", "-"], b"x")], [])


def test_tmux_that_fails_leaves_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(clipboard.subprocess, "run", run)
    sent: list[str] = []
    clipboard.copy("x", sent.append, {"TMUX": "/tmp/tmux"})
    assert sent == ["x"]


def test_what_no_terminal_takes_goes_to_a_file(tmp_path: Path) -> None:
    text = "a" * (clipboard.LIMIT_BYTES + 1)
    way = clipboard.copy(text, lambda _: pytest.fail("too long for OSC 52"), {}, tmp_path)
    assert Path(way).read_text() == text


@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({"EDITOR": "vim"}, ["vim", "+14", "a.py"]),
        ({"EDITOR": "vim", "VISUAL": "nvim -R"}, ["nvim", "-R", "+14", "a.py"]),
        ({"EDITOR": "/usr/bin/code"}, ["/usr/bin/code", "--goto", "a.py:14", "--wait"]),
        ({"EDITOR": "hx"}, ["hx", "a.py:14"]),
        ({}, None),
    ],
)
def test_editor_opens_at_the_line(environ: dict[str, str], command: list[str] | None) -> None:
    assert editor_command(Path("a.py"), 14, environ) == command
