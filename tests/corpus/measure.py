"""Precision and recall of a scan over the labelled programs in `cases/`.

    python tests/corpus/measure.py [WORD …]

With words: only cases whose category or name contains one of them. `cases/README.md` says how cases are written. Exit
status 1 where precision or recall is below `FLOOR`.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditor.model.finding import Finding
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

CASES = Path(__file__).parent / "cases"
FLOOR = 0.95
_LABEL = re.compile(r"\s*#! (RA[\dRA|? ]+)$")
_CELL = "# %%"

Place = tuple[str, int | None, int]
"""Path, cell, line."""


@dataclass(frozen=True)
class Label:
    """A finding that must come, or may where it is `optional`: one of `rules` at a place."""

    rules: tuple[str, ...]
    place: Place
    optional: bool = False


@dataclass
class Case:
    """A small project and what is wrong with it; no labels: a trap."""

    category: str
    name: str
    files: dict[str, list[str]] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """How a scan of one case compares with its labels."""

    case: Case
    hits: int
    missed: tuple[Label, ...]
    false_alarms: tuple[Finding, ...]


@dataclass(frozen=True)
class Score:
    """Counts over several cases."""

    hits: int
    missed: int
    false_alarms: int

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false_alarms) if self.hits + self.false_alarms else 1.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0


def read_cases(folder: Path = CASES) -> list[Case]:
    return [case for path in sorted(folder.glob("*.txt")) for case in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    case: Case | None = None
    current = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            if case is not None:
                yield _labelled(case)
            case = Case(path.stem, line[4:].strip())
        elif case is None:
            raise ValueError(f"{path}: text before the first '=== name' line")
        elif line.startswith("--- "):
            current = line[4:].strip()
            case.files[current] = []
        else:
            case.files[current].append(line)
    if case is not None:
        yield _labelled(case)


def _labelled(case: Case) -> Case:
    """Take the labels out of the text, so that a scan does not see them."""
    for name, lines in case.files.items():
        while lines and not lines[-1]:
            lines.pop()
        cell, start = (1, 0) if name.endswith(".ipynb") else (None, 0)
        for index, line in enumerate(lines):
            if cell is not None and line == _CELL:
                cell, start = cell + 1, index + 1
            if found := _LABEL.search(line):
                lines[index] = line[: found.start()]
                place = (name, cell, index + 1 - start)
                case.labels += [
                    Label(tuple(rules.rstrip("?").split("|")), place, rules.endswith("?")) for rules in found[1].split()
                ]
    return case


def write(case: Case, root: Path) -> None:
    for name, lines in case.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _notebook(lines) if name.endswith(".ipynb") else "\n".join(lines) + "\n"
        path.write_text(text, encoding="utf-8")


def _notebook(lines: Sequence[str]) -> str:
    cells: list[list[str]] = [[]]
    for line in lines:
        if line == _CELL:
            cells.append([])
        else:
            cells[-1].append(line)
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": number,
                    "id": f"cell-{number}",
                    "metadata": {},
                    "outputs": [],
                    "source": "\n".join(cell).splitlines(keepends=True),
                }
                for number, cell in enumerate(cells, start=1)
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def measure(cases: Iterable[Case]) -> list[Outcome]:
    """Scan every case with the whole rule set as it comes."""
    ruleset = load()
    engine = Engine(ruleset, ruleset.rules)
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            root = Path(folder) / f"case{number}"
            root.mkdir()
            write(case, root)
            outcomes.append(_compare(case, engine.analyse(find_files(root, [root], ())).findings))
    return outcomes


def _compare(case: Case, findings: Iterable[Finding]) -> Outcome:
    waiting = list(case.labels)
    false_alarms = []
    for finding in findings:
        for label in waiting:
            if finding.rule_id in label.rules and _place(finding) == label.place:
                waiting.remove(label)
                break
        else:
            false_alarms.append(finding)
    missed = tuple(label for label in waiting if not label.optional)
    required = sum(not label.optional for label in case.labels)
    return Outcome(case, required - len(missed), missed, tuple(false_alarms))


def _place(finding: Finding) -> Place:
    return finding.location.path, finding.location.cell, finding.location.line


def score(outcomes: Iterable[Outcome]) -> Score:
    chosen = list(outcomes)
    return Score(
        sum(outcome.hits for outcome in chosen),
        sum(len(outcome.missed) for outcome in chosen),
        sum(len(outcome.false_alarms) for outcome in chosen),
    )


def report(outcomes: Sequence[Outcome]) -> str:
    lines = [_row("category", "cases", "traps", "labels", "precision", "recall")]
    categories = sorted({outcome.case.category for outcome in outcomes})
    lines += [_summary(name, [each for each in outcomes if each.case.category == name]) for name in categories]
    lines.append(_summary("all", outcomes))
    for outcome in outcomes:
        lines += [f"missed      {_name(outcome)}: {_label(label)}" for label in outcome.missed]
        lines += [f"false alarm {_name(outcome)}: {_finding(finding)}" for finding in outcome.false_alarms]
    return "\n".join(lines)


def _summary(name: str, outcomes: Sequence[Outcome]) -> str:
    total = score(outcomes)
    traps = sum(not outcome.case.labels for outcome in outcomes)
    labels = total.hits + total.missed
    return _row(name, len(outcomes), traps, labels, f"{total.precision:.3f}", f"{total.recall:.3f}")


def _row(name: str, *columns: object) -> str:
    return f"{name:<18}" + "".join(f"{column!s:>10}" for column in columns)


def _name(outcome: Outcome) -> str:
    return f"{outcome.case.category} / {outcome.case.name}"


def _label(label: Label) -> str:
    return f"{'|'.join(label.rules)} at {_position(label.place)}"


def _finding(finding: Finding) -> str:
    return f"{finding.rule_id} at {_position(_place(finding))}: {finding.message}"


def _position(place: Place) -> str:
    path, cell, line = place
    return f"{path}:{line}" if cell is None else f"{path} cell {cell}:{line}"


def main(words: Sequence[str]) -> int:
    cases = [
        case for case in read_cases() if not words or any(word in f"{case.category} / {case.name}" for word in words)
    ]
    outcomes = measure(cases)
    print(report(outcomes))
    total = score(outcomes)
    return 0 if min(total.precision, total.recall) >= FLOOR else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
