"""Two readers of one command line, Typer and ours, agree on every line that ours takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.cli.help import Invocation
from auditor.cli.option_table import OUTPUT, PATHS, SCAN
from auditor.cli.scan import app
from auditor.cli.scan_line import read_scan_line

TABLE = (*SCAN, *OUTPUT)
REFUSALS = (typer.BadParameter.__mro__[2], typer.Exit)
"""What ends the reading of a line: Click's own exception, wherever this version of Typer has it, and help."""

WORDS = [
    *(flag for entry in TABLE for flag in entry.flags),
    *(f"{flag}=x" for entry in TABLE for flag in entry.flags),
    *(
        "-ox",
        "-qv",
        "-vo",
        "-qx",
        "-q=",
        "--",
        "-",
        "--nope",
        "-z",
        ".",
        "src",
        "",
        "-h",
        "--help",
        "--form",
        "RA1,RA2",
    ),
]


def _typer_values(words: list[str]) -> dict[str, Any] | None:
    """What the command gets from Typer for a line; None where Typer complains or shows help."""
    command: Any = typer.main.get_command(app)
    with patch("auditor.cli.scan.run_scan") as run:
        try:
            command.main(args=list(words), standalone_mode=False, obj=Invocation())
        except REFUSALS:
            return None
    return dict(run.call_args.args[0]) if run.called else None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=6))
@example(["--select", "--ignore", "x"])
@example(["a", "--", "-q", "--format"])
@example(["-vo", "file", "-o", "other", "."])
@example(["--output=", "."])
def test_a_line_that_we_read_means_what_typer_says(words: list[str]) -> None:
    ours = read_scan_line(words)
    if ours is not None:
        assert ours == _typer_values(words)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_every_option_is_read_without_typer(entry: Any) -> None:
    for flag in entry.flags:
        words = [flag] if entry.is_flag else [flag, "7"]
        read = read_scan_line([*words, "."])
        assert read is not None
        assert read[entry.name] == (True if entry.is_flag else entry.kind("7"))
        assert read[PATHS] == [Path()]


@pytest.mark.parametrize(
    "words",
    [
        ["--nope"],
        ["-z"],
        ["--format"],
        ["-o"],
        ["--force=1"],
        ["--form", "x"],
        ["-h"],
        ["--help"],
        ["-qz"],
        ["--", "-h"],
    ],
)
def test_help_and_mistakes_are_left_to_typer(words: list[str]) -> None:
    assert read_scan_line(words) is None


def test_typer_has_the_options_of_the_table_and_no_others() -> None:
    command: Any = typer.main.get_command(app)
    declared = {param.name: param for param in command.params if param.name != "help"}
    assert list(declared) == [PATHS, *(entry.name for entry in TABLE)]
    for entry in TABLE:
        param = declared[entry.name]
        assert (tuple(param.opts), param.help, param.rich_help_panel) == (entry.flags, entry.help, entry.group)
        assert param.default == entry.default
        assert param.is_flag is entry.is_flag
        assert param.metavar == entry.metavar


def test_no_flag_stands_for_two_options() -> None:
    flags = [flag for entry in TABLE for flag in entry.flags]
    assert len(flags) == len(set(flags))
