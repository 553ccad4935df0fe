"""Read the words after a command without Typer, which takes longer to load than a small project takes to scan.

Only lines that are right are read here. Whatever is not (help, an unknown option, a value that is missing) is left to
Typer, so that there is one place that explains and complains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from auditor.cli import HELP
from auditor.cli.option_table import OptionEntry

Places = Callable[[list[str]], dict[str, object] | None]
"""What the words that belong to no option stand for, by name; None where there are too many or too few."""


class _LeftToTyperError(Exception):
    """A line that Typer has to read."""


def read_line(words: Sequence[str], table: Sequence[OptionEntry], places: Places) -> dict[str, object] | None:
    """Return the value of every option and of every place, or None where Typer has to read the line.

    As in Typer: options and places in any order, `--name value` and `--name=value`, `-o value` and `-ovalue`, flags of
    one letter joined as in `-vo value`, the last of several wins, no option after `--`.
    """
    if not HELP.isdisjoint(words):
        return None
    values = {entry.name: entry.default for entry in table}
    rest: list[str] = []
    pending = list(reversed(words))
    try:
        while pending:
            word = pending.pop()
            if word == "--":
                rest += reversed(pending)
                break
            if word.startswith("--"):
                _read_long(word, pending, values, table)
            elif word.startswith("-") and len(word) > 1:
                _read_short(word, pending, values, table)
            else:
                rest.append(word)
    except _LeftToTyperError:
        return None
    found = places(rest)
    return None if found is None else {**found, **values}


def _read_long(word: str, pending: list[str], values: dict[str, object], table: Sequence[OptionEntry]) -> None:
    flag, equals, text = word.partition("=")
    entry = _entry(flag, table)
    if entry.is_flag:
        if equals:
            raise _LeftToTyperError
        values[entry.name] = flag in entry.flags
    else:
        values[entry.name] = _value(entry, text if equals else _next(pending))


def _read_short(word: str, pending: list[str], values: dict[str, object], table: Sequence[OptionEntry]) -> None:
    for position, letter in enumerate(word[1:], start=2):
        entry = _entry(f"-{letter}", table)
        if not entry.is_flag:
            values[entry.name] = _value(entry, word[position:] or _next(pending))
            return
        values[entry.name] = True


def _entry(flag: str, table: Sequence[OptionEntry]) -> OptionEntry:
    for entry in table:
        if flag in entry.flags or flag in entry.negation:
            return entry
    raise _LeftToTyperError


def _next(pending: list[str]) -> str:
    if not pending:
        raise _LeftToTyperError
    return pending.pop()


def _value(entry: OptionEntry, text: str) -> object:
    if entry.kind is Path and not text:
        raise _LeftToTyperError
    try:
        value: object = entry.kind(text)
    except ValueError:
        raise _LeftToTyperError from None
    if entry.minimum is not None and isinstance(value, int) and value < entry.minimum:
        raise _LeftToTyperError
    return value
