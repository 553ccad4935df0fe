"""Where the TUI does not start, and where it speaks ASCII."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.services.settings import Settings
from auditor.tui.opening import run
from auditor.tui.terminal import refusal, speaks_ascii


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdin", "stdout", "term", "reason"),
    [
        (io.StringIO(), Tty(), "xterm", "standard input is not a terminal"),
        (Tty(), io.StringIO(), "xterm", "standard output is not a terminal"),
        (Tty(), Tty(), "dumb", "TERM is dumb"),
        (Tty(), Tty(), "", "TERM is not set"),
        (Tty(), Tty(), "tmux-256color", ""),
    ],
)
def test_refusal_names_what_is_missing(stdin: io.StringIO, stdout: io.StringIO, term: str, reason: str) -> None:
    found = refusal(stdin, stdout, {"TERM": term})
    assert reason in found
    assert bool(found) is bool(reason)


def test_no_terminal_is_a_usage_error_that_names_the_commands_to_use() -> None:
    with pytest.raises(UsageError, match="repro-audit scan"):
        run([Path()], [], Settings(), stdin=io.StringIO(), stdout=Tty())


def test_three_runs_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="compares two runs, not 3"):
        run([Path()], ["r1", "r2", "r3"], Settings(), stdin=Tty(), stdout=Tty())


@pytest.mark.parametrize(
    ("environ", "encoding", "ascii_only"),
    [
        ({"LANG": "C.UTF-8"}, "UTF-8", False),
        ({"LANG": "C"}, "ANSI_X3.4-1968", True),
        ({"LANG": "ja_JP.UTF-8"}, "UTF-8", True),
        ({"LANG": "de_DE.UTF-8", "REPRO_AUDIT_ASCII": "1"}, "utf8", True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "utf-8", False),
    ],
)
def test_ascii_follows_locale_and_wish(environ: dict[str, str], encoding: str, ascii_only: bool) -> None:
    assert speaks_ascii(environ, encoding) is ascii_only


def test_no_color_is_back_for_programs_that_we_start() -> None:
    program = (
        "import os; from auditor.tui.opening import _no_color_kept, AuditApp\n"
        "from auditor.tui.session import Session; from auditor.tui.gateway import real_services\n"
        "from auditor.services.settings import Settings; from pathlib import Path\n"
        "with _no_color_kept():\n"
        "    app = AuditApp(Session(root=Path('.'), paths=()), real_services(Settings()))\n"
        "print(app.no_color, os.environ.get('NO_COLOR'))\n"
    )
    for value, expected in (("1", "True 1"), ("", "False ")):
        environ = {**os.environ, "NO_COLOR": value}
        done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
        assert done.stdout.strip("\n") == expected


def test_importing_the_tui_loads_no_torch_numpy_or_libcst() -> None:
    program = "import sys, auditor.tui.opening; print({'torch', 'numpy', 'libcst', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
