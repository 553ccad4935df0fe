"""The stored runs, and what one of them ran on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from auditor.model.environment import Environment
from auditor.model.run import Ending, RunRecord
from auditor.report.prose.numbers import count, duration
from auditor.tui.lines import Piece, Row, fit, labelled, row
from auditor.tui.signs import Signs

_TONES = {Ending.FINISHED: "good", Ending.STOPPED: "plain"}


class RunRows:
    """One row a run; marked ones carry a number: 1 is the reference."""

    def __init__(self, runs: Sequence[RunRecord], marked: Sequence[str], signs: Signs) -> None:
        self.runs = runs
        self._marked = list(marked)
        self._signs = signs
        self._id_width = max((len(run.id) for run in runs), default=0)

    def __len__(self) -> int:
        return len(self.runs)

    def row(self, index: int, width: int) -> Row:
        run = self.runs[index]
        mark = f"{self._signs.marked}{self._marked.index(run.id) + 1}" if run.id in self._marked else "  "
        ending = run.status.ending
        id_width = min(self._id_width, max(width // 3, 8))
        facts = f"{count(steps(run), 'step'):>12}  {duration(run.duration_s):>10}"
        room = width - 3 - id_width - len(facts) - 26
        pieces = [
            Piece(mark + " ", "accent"),
            Piece(fit(run.id, id_width, self._signs.ellipsis), "strong" if run.id in self._marked else "plain"),
        ]
        if room >= 12:
            pieces.append(Piece("  " + run.started_at[:16].replace("T", " "), "muted"))
            pieces.append(Piece("  " + fit(program_text(run), room - 6, self._signs.ellipsis)))
        if width >= 60:
            pieces.append(Piece(facts, "muted"))
        pieces.append(Piece("  " + ending.value, _TONES.get(ending, "warning")))
        return Row(tuple(pieces))


def run_rows(run: RunRecord, other: RunRecord | None, width: int) -> list[Row]:
    """Facts of a run, and how its environment differs from the other marked one."""
    rows = labelled("command", command_text(run), width)
    rows += labelled("where", run.cwd, width)
    rows += labelled("started", f"{run.started_at}, {duration(run.duration_s)}", width)
    rows += labelled("ended", f"{run.status.ending.value}, exit code {run.status.code}", width)
    rows += labelled("traces", _traces(run), width)
    if run.changes:
        rows += labelled("we set", ", ".join(f"{key}={value}" for key, value in sorted(run.changes.items())), width)
    if run.files_written:
        rows += labelled("wrote", ", ".join(run.files_written), width)
    for note in (*run.notes, *(problem for process in run.processes for problem in process.problems)):
        rows += labelled("note", note, width, tone="warning")
    if other is not None and other.id != run.id:
        rows += [row(), *_changes(run, other, width)]
    if run.processes:
        rows += [row(), *_environment(run.processes[0].environment, width)]
    return rows


def program_text(run: RunRecord) -> str:
    """The command without its interpreter, for a narrow column."""
    return shlex.join(run.argv[1:] if len(run.argv) > 1 and "python" in Path(run.argv[0]).name else run.argv)


def command_text(run: RunRecord) -> str:
    return shlex.join(word if index else Path(word).name for index, word in enumerate(run.argv))


def steps(run: RunRecord) -> int:
    return max((process.steps for process in run.processes), default=0)


def _traces(run: RunRecord) -> str:
    events = sum(process.events for process in run.processes)
    open_ended = sum(not process.complete for process in run.processes)
    text = f"{count(len(run.processes), 'process', 'processes')}, {count(events, 'event')}, {count(steps(run), 'step')}"
    return f"{text}; {open_ended} without an end record" if open_ended else text


def _environment(environment: Environment, width: int) -> list[Row]:
    known = list(facts(environment))
    column = max(min(max(len(key) for key, _ in known) + 2, width // 2), 11)
    return [line for key, value in known for line in labelled(key, value, width, tone="muted", label_width=column)]


def facts(environment: Environment) -> Iterator[tuple[str, str]]:
    """The environment as (name, value), for showing and for comparing two."""
    yield "python", environment.python
    yield "torch", environment.torch or "not imported"
    yield "platform", environment.platform
    yield "cpu", environment.cpu
    yield "threads", str(environment.threads) if environment.threads is not None else "not known"
    yield "devices", ", ".join(environment.devices) or "none"
    for table in (environment.flags, environment.variables, environment.packages):
        yield from sorted(table.items())


def _changes(run: RunRecord, other: RunRecord, width: int) -> list[Row]:
    mine = dict(facts(run.processes[0].environment)) if run.processes else {}
    theirs = dict(facts(other.processes[0].environment)) if other.processes else {}
    rows = [row(Piece(f" environment against {other.id}", "strong"))]
    changed = [key for key in sorted(mine.keys() | theirs.keys()) if mine.get(key) != theirs.get(key)]
    for key in changed:
        text = f"{key}: {mine.get(key, 'not set')}, there {theirs.get(key, 'not set')}"
        rows += labelled("", text, width, tone="differs")
    return rows if changed else [*rows, *labelled("", "no difference seen", width)]
