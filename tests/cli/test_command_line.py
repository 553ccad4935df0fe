"""What holds for all commands: help, versions, mistakes, bugs, colours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import COMMANDS
from auditor.cli.console import needs_ascii, use_color
from auditor.cli.program import split_program
from auditor.errors import UsageError

Command = Callable[..., Any]
"""The fixture `command`: words → exit code, stdout, stderr."""

DIRTY = "import numpy as np\n\nprint(np.random.rand(3))\n"
PAGES = [
    *COMMANDS,
    "noise layers",
    "noise walk",
    "noise simulate",
    "noise allocate",
    "metrics import",
    "runs list",
    "runs show",
    "runs prune",
    "trace show",
    "tape show",
    "tape diff",
    "tape import",
    "tape export",
]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("noise", "metrics", "runs", "trace", "tape")])
def test_every_command_has_an_example_in_its_help(command: Command, page: str) -> None:
    ran = command(*page.split(), "--help")
    assert ran.code == 0
    assert re.search(rf"Examples:\n +repro-audit {page}", ran.out), ran.out
    assert ran.err == ""


@pytest.mark.parametrize("page", PAGES)
def test_short_help_fits_on_a_small_screen(command: Command, page: str) -> None:
    short = command(*page.split(), "-h")
    assert short.code == 0
    assert len(short.out.splitlines()) <= 24
    assert all(len(line) <= 100 for line in short.out.splitlines())


def test_help_of_commands_matches_the_list(command: Command) -> None:
    out = command("--help").out
    for name, line in COMMANDS.items():
        first = " ".join(line.split()[:3])
        assert re.search(rf"^  {name} +{re.escape(first)}", out, re.MULTILINE)
        words = " ".join(command(name, "--help").out.split())
        assert line.rstrip(".").split(";")[0] in words, f"help of {name} says something else than the list"


def test_without_a_command_help_is_shown_and_it_is_a_usage_error(command: Command) -> None:
    ran = command()
    assert ran.code == 2
    assert "Commands:" in ran.out


def test_version_names_python_and_torch(command: Command) -> None:
    ran = command("--version")
    assert re.fullmatch(
        r"repro-audit \d+\.\d+\.\d+ \(python 3\.\d+\.\d+\S*, (torch \d+\.\d+\.\d+\S*|no torch)\)\n", ran.out
    )
    assert ran.code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("scn",), "Did you mean 'scan'?"),
        (("scan", "--selct", "RA1"), "No such option: --selct"),
        (("scan", "--format", "xml"), "--format: there is no `xml`; there are: concise, "),
        (("scan", "--color", "pink"), "--color: expected one of auto, always, never"),
        (("scan", "-q", "-v"), "-q and -v exclude each other"),
        (("scan", "--severity", "bad"), "--severity: expected one of"),
        (("run",), "nothing to run"),
        (("run", "nope.py"), "nope.py: no such file"),
        (("run", "nope"), "did you mean -m nope?"),
        (("run", "there.py", "-m", "mod"), "not both"),
        (("run", "."), "is a folder without a __main__.py"),
        (("run", "--", "no-such-launcher", "x"), "no-such-launcher: no such command"),
        (("run", "there.py", "--epochs", "3"), "Options of the program go after `--`"),
        (("run", "there.py", "--python", "/nope/python"), "--python /nope/python: no such interpreter"),
        (("run", "there.py", "--isolate", "jail"), "--isolate: expected one of none, copy"),
        (("run", "there.py", "--compile", "fast"), "--compile: expected one of keep, eager"),
        (("run", "there.py", "--steps", "0"), "--steps"),
        (("overhead", "there.py", "--runs", "0"), "--runs"),
        (("overhead", "there.py", "--epochs", "3"), "Options of the program go after `--`"),
        (("compare", "r1"), "Missing argument"),
        (("compare", "r1", "r2"), "no run r1 in "),
        (("compare", "./r1", "./r2"), "./r1: no such run folder"),
        (("runs", "show", "r7"), "no run r7 in "),
        (("runs", "prune"), "--keep"),
        (("runs", "prune", "--keep", "-1"), "--keep -1"),
        (("trace", "show", "r1"), "no run r1 in "),
        (("explain",), "name a rule"),
        (("explain", "RA999"), "no rule has the id or name `RA999`"),
        (("rules", "--select", "nonsense"), "no rule is called `nonsense`"),
        (("demo", "nonsense"), "no sample is called `nonsense`; there are: "),
        (("report", "nope"), "nope: no such folder; name the project's folder"),
        (("report", "--script", "nope.py"), "--script nope.py: no such file"),
        (("report", "--require", "1,7"), "--require: expected numbers of points from 1 to 6, found `1,7`"),
        (("report", "--format", "junit"), "--format junit: is for findings; this report is one of html, "),
        (("tui", "--nope"), "No such option"),
    ],
)
def test_mistakes_are_told_with_what_to_do_and_exit_with_2(
    command: Command, project: Path, words: tuple[str, ...], told: str
) -> None:
    (project / "there.py").write_text("print(1)\n")
    ran = command(*words)
    assert ran.code == 2
    assert told in ran.err
    assert ran.err.startswith("repro-audit: ")
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_a_bug_is_one_paragraph_with_a_log_and_exits_with_2(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise ZeroDivisionError("a bug")

    (project / "train.py").write_text(DIRTY)
    monkeypatch.setattr("auditor.services.check.scan", fail)
    ran = command("scan", ".")
    assert (ran.code, ran.out) == (2, "")
    assert "this is a bug in repro-audit, not in your program: ZeroDivisionError: a bug" in ran.err
    assert "Traceback" not in ran.err
    log = re.search(r"Details are in (\S+)\. ", ran.err)
    assert log is not None
    assert "ZeroDivisionError" in Path(log[1]).read_text()


def test_ctrl_c_exits_with_130(command: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    (project / "train.py").write_text(DIRTY)
    monkeypatch.setattr("auditor.services.check.scan", interrupt)
    ran = command("scan", ".")
    assert ran.code == 130
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "ours", "program"),
    [
        (["run", "a.py", "--twice", "--", "--epochs", "1"], ["run", "a.py", "--twice"], ("--epochs", "1")),
        (["run", "--twice", "--", "torchrun", "a.py", "--", "b"], ["run", "--twice"], ("torchrun", "a.py", "--", "b")),
        (["run", "a.py"], ["run", "a.py"], None),
        (["run", "a.py", "--"], ["run", "a.py"], ()),
        (["overhead", "a.py", "--", "-h"], ["overhead", "a.py"], ("-h",)),
        (["scan", "--", "-odd.py"], ["scan", "--", "-odd.py"], None),
    ],
)
def test_everything_after_the_dashes_is_the_programs(
    words: list[str], ours: list[str], program: tuple[str, ...] | None
) -> None:
    assert split_program(words) == (ours, program)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "wanted"),
    [
        ("auto", {"TERM": "xterm"}, True, True),
        ("auto", {"TERM": "xterm"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, False, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1", "TERM": "xterm"}, True, False),
    ],
)
def test_colour_is_decided_by_option_then_variables_then_terminal(
    choice: str, environ: dict[str, str], terminal: bool, wanted: bool
) -> None:
    assert use_color(choice, Terminal() if terminal else io.StringIO(), environ) is wanted


def test_unknown_colour_choice_is_an_error() -> None:
    with pytest.raises(UsageError):
        use_color("pink", io.StringIO(), {})


@pytest.mark.parametrize(("encoding", "lacking"), [("utf-8", False), ("ascii", True), ("latin-1", True)])
def test_encoding_decides_on_ascii(encoding: str, lacking: bool) -> None:
    assert needs_ascii(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is lacking


def test_rules_are_listed_and_explained(command: Command) -> None:
    listed = command("rules")
    assert listed.code == 0
    assert re.search(r"^  RA102 +error +unseeded-numpy ", listed.out, re.MULTILINE)
    explained = command("explain", "ra102")
    assert explained.out == command("explain", "unseeded-numpy").out
    assert explained.out.startswith("RA102 unseeded-numpy\n")
    assert "  > " in explained.out


def test_all_rules_can_be_explained(command: Command) -> None:
    ran = command("explain", "--all", "--ascii")
    assert ran.code == 0
    assert ran.out.isascii()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(project: Path, shell: str) -> None:
    import os
    import subprocess
    import sys

    words = {"bash": {"COMP_WORDS": "repro-audit sc", "COMP_CWORD": "1"}}.get(
        shell, {"_TYPER_COMPLETE_ARGS": "repro-audit sc", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    )
    environment = {**os.environ, "_REPRO_AUDIT_COMPLETE": f"complete_{shell}", **words}
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; from auditor.cli import main; sys.exit(main())"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "scan" in ran.stdout
    assert "overhead" not in ran.stdout
