"""Metrics of a run: from what the program printed, and from JSON, JSON Lines and CSV files that it writes."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.lean import dataclass

_NAMED_NUMBER = re.compile(r"([A-Za-z][\w./@-]*(?: [a-z]\w*)?)\s*[:= ]\s*([-+]?\d+\.\d+(?:[eE][-+]?\d+)?)")
_FILE_KINDS = (".json", ".jsonl", ".csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSource:
    """`name=REGEX` on the output, or `name=FILE:key` in a file; `FILE` alone takes every number in it."""

    name: str
    pattern: str = ""
    path: str = ""
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> MetricSource:
        """Read what stands behind `--metric`; raises `UsageError` that says what is wrong with it."""
        name, equals, rest = text.partition("=")
        if not equals:
            if Path(text).suffix in _FILE_KINDS:
                return cls(name="", path=text)
            raise UsageError(f"--metric {text}: expected name=REGEX, name=FILE.json:key or FILE.json")
        file, colon, key = rest.rpartition(":")
        if colon and Path(file).suffix in _FILE_KINDS:
            return cls(name=name, path=file, key=key)
        if Path(rest).suffix in _FILE_KINDS and re.fullmatch(r"[\w./ -]+", rest):
            return cls(name=name, path=rest, key=name)
        try:
            groups = re.compile(rest).groups
        except re.error as error:
            raise UsageError(f"--metric {text}: not a regular expression: {error}") from error
        if groups == 0:
            raise UsageError(f"--metric {text}: put parentheses around the number: {name}={rest}([0-9.]+)")
        return cls(name=name, pattern=rest)

    def told(self) -> str:
        """As it was asked for."""
        if self.pattern:
            return f"{self.name}={self.pattern}"
        return self.path if not self.name else f"{self.name}={self.path}:{self.key}"


def printed_metric(source: MetricSource, log: str) -> float | None:
    """Return the last number that the pattern finds; None for none."""
    found = None
    for match in re.finditer(source.pattern, log):
        number = _number(match.group(1))
        found = number if number is not None else found
    return found


def file_metrics(source: MetricSource, path: Path) -> dict[str, float]:
    """Return the metrics of a file: of JSON Lines and CSV those of the last row, or list entry, that has them.

    Raises `UsageError` for a file that cannot be read.
    """
    try:
        numbers = _numbers_of(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name}: cannot be read as {path.suffix}: {error}") from error
    if not source.name:
        return numbers
    return {source.name: numbers[source.key]} if source.key in numbers else {}


def likely_metrics(log: str) -> tuple[str, ...]:
    """Return `name=REGEX` for the named numbers of the last line that has some, for a hint."""
    for line in reversed(log.splitlines()[-50:]):
        names = [match.group(1).strip() for match in _NAMED_NUMBER.finditer(line)]
        if names:
            return tuple(f"{name.split()[-1]}={re.escape(name)}[:= ]*([0-9.e+-]+)" for name in dict.fromkeys(names))
    return ()


def _numbers_of(path: Path) -> dict[str, float]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        found: dict[str, float] = {}
        for row in csv.DictReader(text.splitlines()):
            for name, cell in row.items():
                if name is not None and isinstance(cell, str) and (number := _number(cell)) is not None:
                    found[name.strip()] = number
        return found
    if path.suffix == ".jsonl":
        found = {}
        for line in text.splitlines():
            if line.strip():
                found.update(_flat(json.loads(line)))
        return found
    return dict(_flat(json.loads(text)))


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield (`test.accuracy`, number); of a list its last entry."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and value:
        yield from _flat(value[-1], prefix)
    elif is_number(value):
        yield prefix, float(value)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def is_number(value: object) -> bool:
    """Whether a value of a JSON file is a number; `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_usable(value: float) -> bool:
    """Whether a metric can be held against others."""
    return math.isfinite(value)
