"""Two readers of one command line, Typer and ours, agree on every line that ours takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.cli import AT_ONCE, exec, record, replay, scan  # noqa: A004, as the command is called
from auditor.cli.help import Invocation
from auditor.cli.line import Places, read_line
from auditor.cli.option_table import OUTPUT, PATHS, SCAN, OptionEntry, paths_of
from auditor.cli.tape_options import EXEC, RECORD, REPLAY, script_of, tape_and_script_of

REFUSALS = (typer.BadParameter.__mro__[2], typer.Exit)
"""What ends the reading of a line: Click's own exception, wherever this version of Typer has it, and help."""


@dataclass(frozen=True)
class Reader:
    """One command, as both read it."""

    app: typer.Typer
    work: str
    table: Sequence[OptionEntry]
    places: Places
    names: tuple[str, ...]
    right: tuple[str, ...]
    """Words without an option that are right."""

    def ours(self, words: list[str]) -> dict[str, Any] | None:
        return read_line(words, self.table, self.places)

    def typers(self, words: list[str]) -> dict[str, Any] | None:
        """What the command gets from Typer for a line; None where Typer complains or shows help."""
        command: Any = typer.main.get_command(self.app)
        with patch(self.work) as run:
            try:
                command.main(args=list(words), standalone_mode=False, obj=Invocation())
            except REFUSALS:
                return None
        return dict(run.call_args.args[0]) if run.called else None


READERS = {
    "scan": Reader(scan.app, "auditor.cli.scan.run_scan", (*SCAN, *OUTPUT), paths_of, (PATHS,), (".",)),
    "record": Reader(record.app, "auditor.cli.record.run_record", RECORD, script_of, ("script",), ("a.py",)),
    "replay": Reader(
        replay.app, "auditor.cli.replay.run_replay", REPLAY, tape_and_script_of, ("tape", "script"), ("t", "a.py")
    ),
    "exec": Reader(exec.app, "auditor.cli.exec.run_exec", EXEC, script_of, ("script",), ("a.py",)),
}
OPTIONS = [(name, entry) for name, reader in READERS.items() for entry in reader.table]
ODD = ["-ox", "-qv", "-vo", "-qx", "-q=", "-qo", "-mx", "--", "-", "--nope", "-z", ".", "src", "", "-h", "--help"]
WORDS = {
    name: [
        *(flag for entry in reader.table for flag in (*entry.flags, *entry.negation)),
        *(f"{flag}=x" for entry in reader.table for flag in (*entry.flags, *entry.negation)),
        *ODD,
        *("--form", "--no", "RA1,RA2", "3", "0", "-1", "1_0", " 7", "--seed=-4", "--threads=0"),
    ]
    for name, reader in READERS.items()
}
LINES = st.sampled_from(sorted(READERS)).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(st.sampled_from(WORDS[name]), max_size=6))
)


def test_every_command_that_does_without_typer_is_compared_with_it() -> None:
    assert set(READERS) == set(AT_ONCE)


@settings(max_examples=400, deadline=None)
@given(LINES)
@example(("scan", ["--select", "--ignore", "x"]))
@example(("scan", ["a", "--", "-q", "--format"]))
@example(("scan", ["-vo", "file", "-o", "other", "."]))
@example(("scan", ["--output=", "."]))
@example(("record", ["-mx", "--native", "--no-native", "-qo", "t"]))
@example(("record", ["a.py", "b.py"]))
@example(("replay", ["--lenient", "t", "--strict", "a.py", "--lenient"]))
@example(("replay", []))
@example(("exec", ["--seed", "-1", "--threads", "0"]))
@example(("exec", ["--seed=1_0", "--threads", " 7", "a.py"]))
def test_a_line_that_we_read_means_what_typer_says(line: tuple[str, list[str]]) -> None:
    name, words = line
    ours = READERS[name].ours(words)
    if ours is not None:
        assert ours == READERS[name].typers(words)


@pytest.mark.parametrize(("name", "entry"), OPTIONS, ids=lambda each: getattr(each, "name", each))
def test_every_option_is_read_without_typer(name: str, entry: OptionEntry) -> None:
    right = READERS[name].right
    for flag in (*entry.flags, *entry.negation):
        read = READERS[name].ours([*([flag] if entry.is_flag else [flag, "7"]), *right])
        assert read is not None
        assert read[entry.name] == (flag in entry.flags if entry.is_flag else entry.kind("7"))
        assert list(read)[: len(READERS[name].names)] == list(READERS[name].names)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *(("scan", [each]) for each in ("--nope", "-z", "--format", "-o", "--force=1", "-h", "--help", "-qz")),
        ("scan", ["--form", "x"]),
        ("scan", ["--", "-h"]),
        ("record", ["a.py", "b.py"]),
        ("record", ["a.py", "-h"]),
        ("record", ["--no-native=1", "a.py"]),
        ("replay", []),
        ("replay", ["t", "a.py", "b.py"]),
        ("exec", ["--seed", "x", "a.py"]),
        ("exec", ["--threads", "0", "a.py"]),
    ],
)
def test_help_and_mistakes_are_left_to_typer(name: str, words: list[str]) -> None:
    assert READERS[name].ours(words) is None


@pytest.mark.parametrize("name", READERS)
def test_typer_has_the_options_of_the_table_and_no_others(name: str) -> None:
    reader = READERS[name]
    command: Any = typer.main.get_command(reader.app)
    declared = {param.name: param for param in command.params if param.name != "help"}
    assert list(declared) == [*reader.names, *(entry.name for entry in reader.table)]
    for entry in reader.table:
        param = declared[entry.name]
        assert (tuple(param.opts), param.help, param.rich_help_panel) == (entry.flags, entry.help, entry.group)
        assert tuple(param.secondary_opts) == entry.negation
        assert getattr(param.type, "min", None) == entry.minimum
        assert param.default == entry.default
        assert param.is_flag is entry.is_flag
        assert param.metavar == entry.metavar


@pytest.mark.parametrize("name", READERS)
def test_no_flag_stands_for_two_options(name: str) -> None:
    flags = [flag for entry in READERS[name].table for flag in (*entry.flags, *entry.negation)]
    assert len(flags) == len(set(flags))


def test_an_option_that_is_given_last_wins_on_both_ways() -> None:
    words = ["-o", "one", "--output=two", "--no-native", "--native", "a.py"]
    read = READERS["record"].ours(words)
    assert read == READERS["record"].typers(words)
    assert read is not None
    assert (read["tape"], read["native"]) == (Path("two"), True)
