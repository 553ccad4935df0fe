"""Read the words after `scan` without Typer, which takes longer to load than a small project takes to scan.

Only lines that are right are read here. Whatever is not (help, an unknown option, a value that is missing) is left to
Typer, so that there is one place that explains and complains.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.cli.option_table import OUTPUT, PATHS, SCAN, OptionEntry

TABLE = (*SCAN, *OUTPUT)
HELP = ("-h", "--help")


class _LeftToTyperError(Exception):
    """A line that Typer has to read."""


def read_scan_line(words: Sequence[str]) -> dict[str, object] | None:
    """Return the value of every option and the paths, or None where Typer has to read the line.

    As in Typer: options and paths in any order, `--name value` and `--name=value`, `-o value` and `-ovalue`, flags of
    one letter joined as in `-vo value`, the last of several wins, only paths after `--`.
    """
    if any(word in HELP for word in words):
        return None
    values: dict[str, object] = {PATHS: None, **{entry.name: entry.default for entry in TABLE}}
    paths: list[Path] = []
    pending = list(reversed(words))
    try:
        while pending:
            word = pending.pop()
            if word == "--":
                paths += [Path(each) for each in reversed(pending)]
                break
            if word.startswith("--"):
                _read_long(word, pending, values)
            elif word.startswith("-") and len(word) > 1:
                _read_short(word, pending, values)
            else:
                paths.append(Path(word))
    except _LeftToTyperError:
        return None
    values[PATHS] = paths or None
    return values


def _read_long(word: str, pending: list[str], values: dict[str, object]) -> None:
    flag, equals, text = word.partition("=")
    entry = _entry(flag)
    if entry.is_flag:
        if equals:
            raise _LeftToTyperError
        values[entry.name] = True
    else:
        values[entry.name] = _value(entry, text if equals else _next(pending))


def _read_short(word: str, pending: list[str], values: dict[str, object]) -> None:
    for position, letter in enumerate(word[1:], start=2):
        entry = _entry(f"-{letter}")
        if not entry.is_flag:
            values[entry.name] = _value(entry, word[position:] or _next(pending))
            return
        values[entry.name] = True


def _entry(flag: str) -> OptionEntry:
    for entry in TABLE:
        if flag in entry.flags:
            return entry
    raise _LeftToTyperError


def _next(pending: list[str]) -> str:
    if not pending:
        raise _LeftToTyperError
    return pending.pop()


def _value(entry: OptionEntry, text: str) -> object:
    try:
        return entry.kind(text)
    except ValueError:
        raise _LeftToTyperError from None
