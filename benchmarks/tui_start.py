"""What the TUI costs on a slow line: CPU until the first frame, bytes for it, for a cursor move, for nothing.

Run by hand: `.venv/bin/python benchmarks/tui_start.py [ROUNDS]`. A table is printed, with the budgets beside it.
The TUI runs in a pseudo-terminal of 120×40 on a project with 60 findings.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

SCRIPT = "import numpy\n\n\ndef main():\n    print(numpy.random.rand())\n\n\nif __name__ == '__main__':\n    main()\n"


class Terminal:
    """A program in a pseudo-terminal; counts what it writes."""

    def __init__(self, argv: list[str], *, columns: int = 120, rows: int = 40) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.environ.pop("NO_COLOR", None)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(argv[0], argv)

    def read(self, *, until: bytes = b"", quiet_s: float = 0.3, timeout_s: float = 30.0) -> bytes:
        """Read until a text was seen, or nothing came for `quiet_s`; raises `TimeoutError` without the text."""
        data = b""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], 0.02 if until else quiet_s)
            if ready:
                try:
                    data += os.read(self.fd, 65536)
                except OSError:  # the program has ended
                    break
            elif not until:
                break
            if until and until in data:
                return data
        if until and until not in data:
            raise TimeoutError(f"{until!r} did not appear in {data[-2000:]!r}")
        return data

    def type(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def close(self) -> float:
        """End the program; return the CPU time that it used, its children included."""
        os.kill(self.pid, signal.SIGKILL)
        _, _, usage = os.wait4(self.pid, 0)
        os.close(self.fd)
        return usage.ru_utime + usage.ru_stime


def make_project(folder: Path, findings: int = 60) -> Path:
    """Write programs of which each has one finding."""
    for number in range(findings):
        (folder / f"train_{number:03}.py").write_text(SCRIPT)
    return folder


def tui_command(project: Path) -> list[str]:
    program = (
        "import sys; from pathlib import Path; from auditor.services.settings import load_settings;"
        "from auditor.tui.opening import run; root = Path(sys.argv[1]); sys.exit(run([root], [], load_settings(root)))"
    )
    return [sys.executable, "-c", program, str(project)]


SMALLEST = (
    "from textual.app import App; from textual.widget import Widget\n"
    "class Smallest(App):\n    def compose(self): yield Widget()\n    def on_mount(self): self.notify('Findings')\n"
    "Smallest().run()"
)


def main(rounds: int) -> None:
    frames, least, scans, firsts, sizes = [], [], [], [], []
    moves, settled, pages, idle = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        project = make_project(Path(name))
        os.environ["XDG_STATE_HOME"] = name
        for _ in range(rounds):
            terminal = Terminal([sys.executable, "-c", SMALLEST])
            terminal.read(until=b"Findings")
            least.append(terminal.close())
            terminal = Terminal(tui_command(project))
            firsts.append(len(terminal.read(until=b"Findings")))
            frames.append(terminal.close())
            terminal = Terminal(tui_command(project))
            first = terminal.read(until=b"60 findings in")
            first += terminal.read(quiet_s=1.0)
            sizes.append(len(first))
            terminal.read(until=b"patch 1 of 60")
            terminal.read(quiet_s=0.5)
            idle.append(len(terminal.read(quiet_s=2.0)))
            terminal.type(b"j")
            at_once = terminal.read(quiet_s=0.03)
            moves.append(len(at_once))
            settled.append(len(at_once) + len(terminal.read(quiet_s=0.5)))
            terminal.type(b"\x1b[6~")
            pages.append(len(terminal.read(quiet_s=0.5)))
            scans.append(terminal.close())
    print(f"median of {rounds} rounds, 120×40, 60 findings{'':<12}budget")
    print(f"CPU to the first frame              {statistics.median(frames) * 1e3:8.0f} ms      350 ms")
    print(f"CPU of the smallest Textual app     {statistics.median(least) * 1e3:8.0f} ms")
    print(f"CPU with scan and a few keys        {statistics.median(scans) * 1e3:8.0f} ms")
    print(f"bytes until the first frame         {statistics.median(firsts):8,.0f} B       25,000 B")
    print(f"bytes until the scan is shown       {statistics.median(sizes):8,.0f} B")
    print(f"bytes for a cursor move, list       {statistics.median(moves):8,.0f} B       600 B")
    print(f"bytes for it, other panes included  {statistics.median(settled):8,.0f} B")
    print(f"bytes for a page, all panes         {statistics.median(pages):8,.0f} B       8,000 B")
    print(f"bytes in 2 s without a key          {max(idle):8,.0f} B       0 B")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
