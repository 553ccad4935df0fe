"""What a program prints, on its way through us."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from auditor.runs.output import tail

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
        [sys.executable, "-c", LAUNCH, str(tmp_path)], stdin=subprocess.DEVNULL, stderr=theirs, check=True, timeout=60
    )
    os.close(theirs)
    assert os.read(ours, 1000).replace(b"\r\n", b"\n") == b"True True False\n111\n"
    assert (tmp_path / "run" / "program.log").read_bytes() == b"True True False\n111\n"
    os.close(ours)


def test_without_a_terminal_the_program_has_none(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == (b"", b"False False False\n")


def test_a_reader_that_went_away_does_not_stop_the_program(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("for i in range(20000): print(i)\nopen('done', 'w').close()")
    auditor = subprocess.Popen([sys.executable, "-c", LAUNCH, str(tmp_path)], stderr=subprocess.PIPE)
    assert auditor.stderr is not None
    auditor.stderr.close()
    assert auditor.wait(60) == 0
    assert (tmp_path / "done").exists()
    assert (tmp_path / "run" / "program.log").read_bytes().endswith(b"19999\n")


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
