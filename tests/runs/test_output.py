"""What a program prints, on its way through us."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from auditor.runs.output import Output, first_complaint, tail

LAUNCH = """
import sys
from pathlib import Path
from auditor.runs.launch import launch
from auditor.runs.plan import LaunchPlan

folder = Path(sys.argv[1])
(folder / "run").mkdir()
launch(LaunchPlan(argv=["python", "program.py"], cwd=folder, project=folder, run_dir=folder / "run", run_id="r1",
                  probe=None))
"""

PROGRAM = """
import os, sys
print(sys.stdout.isatty(), sys.stderr.isatty(), sys.stdin.isatty())
if sys.stdout.isatty():
    print(os.get_terminal_size().columns)
"""


def test_on_a_terminal_the_program_has_a_terminal_of_the_same_width(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 111, 0, 0))
    subprocess.run(
        [sys.executable, "-c", LAUNCH, str(tmp_path)], stdin=subprocess.DEVNULL, stderr=theirs, check=True, timeout=240
    )
    os.close(theirs)
    shown = os.read(ours, 1000).replace(b"\r\n", b"\n")
    assert shown.replace(b"\r\x1b[K", b"") == b"True True False\n111\n"
    assert (tmp_path / "run" / "program.log").read_bytes() == b"True True False\n111\n"
    os.close(ours)


def test_without_a_terminal_the_program_has_none(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=240,
    )
    assert (done.stdout, done.stderr) == (b"", b"False False False\n")


def test_a_reader_that_went_away_does_not_stop_the_program(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("for i in range(20000): print(i)\nopen('done', 'w').close()")
    auditor = subprocess.Popen([sys.executable, "-c", LAUNCH, str(tmp_path)], stderr=subprocess.PIPE)
    assert auditor.stderr is not None
    auditor.stderr.close()
    assert auditor.wait(600) == 0
    assert (tmp_path / "done").exists()
    assert (tmp_path / "run" / "program.log").read_bytes().endswith(b"19999\n")


def test_what_was_printed_is_in_the_log_however_late_we_come_to_it(tmp_path: Path) -> None:
    """The other end stays open, as with a process that was left behind: its end tells nothing."""
    behind = threading.Event()

    class Slow(io.BytesIO):
        def write(self, data: Any) -> int:
            assert behind.wait(600)
            return super().write(data)

    output = Output(tmp_path / "log", Slow(), terminal=False)
    theirs = os.dup(output.child_fd)
    output.start()
    os.write(theirs, b"first\n")
    looked = output._has_more

    def look() -> bool:
        more = looked()
        behind.set()
        return more

    output._has_more = look  # type: ignore[method-assign]
    while (tmp_path / "log").read_bytes() != b"first\n":  # now it waits in `Slow`
        time.sleep(0.001)
    os.write(theirs, b"second\n")
    output.finish(0)
    assert (tmp_path / "log").read_bytes() == b"first\nsecond\n"
    os.close(theirs)


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        (b"", ()),
        (b"a\nb\nc\n", ("b", "c")),
        (b"10%\r50%\r100%\ndone\r\n\n", ("100%", "done")),
        (b"\xff\nlast", ("\ufffd", "last")),
        (b"\x1b[1;31mred\x1b[0m\n\x1b[2Kend", ("red", "end")),
    ],
)
def test_the_tail_of_a_log_is_its_last_lines_as_they_stood_on_the_screen(
    tmp_path: Path, log: bytes, lines: tuple[str, ...]
) -> None:
    path = tmp_path / "program.log"
    path.write_bytes(log)
    assert tail(path, 2) == lines


def test_a_huge_line_is_cut_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "program.log"
    path.write_bytes(b"x" * 1_000_000 + b"\nend\n")
    line, end = tail(path, 2)
    assert (set(line), end) == ({"x"}, "end")
    assert len(line) < 10_000


def test_a_log_that_is_not_there_has_no_tail(tmp_path: Path) -> None:
    assert tail(tmp_path / "program.log", 5) == ()


def test_a_line_of_progress_goes_before_what_the_program_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    shown = io.BytesIO()
    output = Output(tmp_path / "log", shown, terminal=True)
    for data in (b"epoch 1\n", b"epoch 2 ", b"ends\n", b"epoch 3\n"):
        output._pass_on(data)
    assert shown.getvalue() == b"\r\x1b[Kepoch 1\n\r\x1b[Kepoch 2 ends\n\r\x1b[Kepoch 3\n"


def test_a_pipe_gets_the_bytes_of_the_program(tmp_path: Path) -> None:
    shown = io.BytesIO()
    Output(tmp_path / "log", shown, terminal=False)._pass_on(b"epoch 1\n")
    assert shown.getvalue() == b"epoch 1\n"


RANKS = """\
[rank1]: Traceback (most recent call last):
[rank1]:   File "/home/someone/train.py", line 12, in <module>
[rank1]:     raise RuntimeError("bad shard")
[rank1]: RuntimeError: bad shard
[rank0]: Traceback (most recent call last):
[rank0]:   File "/home/someone/train.py", line 13, in <module>
[rank0]: RuntimeError: Connection closed by peer
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
"""


def test_the_first_rank_that_failed_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "program.log"
    log.write_text(RANKS)
    place, said = first_complaint(log)
    assert place == '[rank1]:   File "/home/someone/train.py", line 12, in <module>'
    assert said == "[rank1]: RuntimeError: bad shard"
    assert first_complaint(log, shown=tail(log, 10)) == ()


@pytest.mark.parametrize("text", ["", "epoch 1\n[rank0]: Traceback (most recent call last):\n"])
def test_a_log_without_a_rank_that_failed_has_no_complaint(tmp_path: Path, text: str) -> None:
    log = tmp_path / "program.log"
    log.write_text(text)
    assert first_complaint(log) == first_complaint(tmp_path / "none.log") == ()
