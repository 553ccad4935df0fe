"""A patch as rows, unified or side by side, and what came out when it was tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.patch import Applicability
from auditor.model.proof import Need
from auditor.model.verdict import Status
from auditor.tui.drawing.highlight import highlighted
from auditor.tui.drawing.verdict import headline
from auditor.tui.lines import Piece, Row, clean, fit, row, wrap
from auditor.tui.signs import Signs

if TYPE_CHECKING:
    from auditor.model.divergence import Divergence
    from auditor.model.proof import PatchProof
    from auditor.services.fix import PlannedPatch
    from auditor.services.trial import Trial

TONES = {Applicability.SAFE: "good", Applicability.UNSAFE: "warning", Applicability.DISPLAY: "note"}

LOOK = "to look at"
"""What people call patches that are shown and never applied."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_SIDES = 40
"""Cells that each side needs to be readable."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff."""

    sign: str
    """` `, `+`, `-`; `@` for a gap between two places, `f` for the name of a file."""

    text: str
    path: str
    old: int
    """Line of the file as it is; for an added line, the one that it comes before."""

    new: int


def parse_diff(diff: str) -> tuple[DiffLine, ...]:
    """The lines of a unified diff in their order; the first place of a file has no gap before it."""
    lines: list[DiffLine] = []
    path, old, new, old_left, new_left = "", 0, 0, 0, 0
    for text in diff.split("\n"):
        sign = text[:1]
        if old_left + new_left > 0 and sign in (" ", "+", "-"):
            lines.append(DiffLine(sign, text[1:], path, old, new))
            if sign != "+":
                old, old_left = old + 1, old_left - 1
            if sign != "-":
                new, new_left = new + 1, new_left - 1
        elif match := _HUNK.match(text):
            old, new = int(match[1]), int(match[3])
            old_left, new_left = (int(size) if size is not None else 1 for size in (match[2], match[4]))
            if lines and lines[-1].sign != "f":
                lines.append(DiffLine("@", "", path, old, new))
        elif text.startswith("+++ "):
            path = text.removeprefix("+++ ").removeprefix("b/")
            lines.append(DiffLine("f", path, path, 1, 1))
    return tuple(lines)


class PatchRows:
    """What a patch does in words, then its diff: numbers of the file as it is and as it will be, sign, text."""

    def __init__(self, patch: PlannedPatch, notes: Sequence[Row], *, beside: bool, signs: Signs) -> None:
        """`beside`: old and new text side by side, where there is room."""
        lines = parse_diff(patch.diff)
        if len(patch.files) == 1:
            lines = tuple(line for line in lines if line.sign != "f")
        self._notes = tuple(notes)
        self._signs = signs
        self._digits = max((len(str(max(line.old, line.new))) for line in lines), default=1)
        self._lines: tuple[DiffLine | tuple[DiffLine | None, DiffLine | None], ...] = (
            tuple(_side_by_side(lines)) if beside else lines
        )

    def __len__(self) -> int:
        return len(self._notes) + len(self._lines)

    @property
    def first_change(self) -> int:
        """The row of the first line that is added or taken away."""
        for at, line in enumerate(self._lines):
            if isinstance(line, tuple) and line[0] is not line[1]:
                return at + len(self._notes)
            if isinstance(line, DiffLine) and line.sign in ("+", "-"):
                return at + len(self._notes)
        return 0

    def row(self, index: int, width: int) -> Row:
        if index < len(self._notes):
            return self._notes[index]
        line = self._lines[index - len(self._notes)]
        if isinstance(line, tuple):
            return self._pair(line, width)
        target = Location(path=line.path, line=max(line.old, 1))
        if line.sign == "f":
            return row(Piece(f" {clean(line.path)}", "strong"), target=target)
        if line.sign == "@":
            return row(Piece(" " * (self._digits - 1) + self._signs.ellipsis, "muted"), target=target)
        old = "" if line.sign == "+" else str(line.old)
        new = "" if line.sign == "-" else str(line.new)
        numbers = f"{old:>{self._digits}} {new:>{self._digits}}" if width >= 60 else f"{new or old:>{self._digits}}"
        return Row((Piece(f" {numbers} ", "muted"), *self._text(line, None)), target)

    def _text(self, line: DiffLine, width: int | None) -> list[Piece]:
        """Sign and text; cut or filled to `width` where one is given."""
        text = clean(line.text.rstrip("\r"))
        if width is not None:
            text = fit(text, width, self._signs.ellipsis)
        tone = {"+": "good", "-": "error"}.get(line.sign, "muted")
        return [Piece(f"{line.sign} ", tone), *highlighted(text)]

    def _pair(self, pair: tuple[DiffLine | None, DiffLine | None], width: int) -> Row:
        old, new = pair
        half = max((width - 3) // 2, 1)
        line = old or new
        assert line is not None
        target = Location(path=line.path, line=max(line.old, 1))
        left = self._half(old, old.old if old else 0, half)
        right = self._half(new, new.new if new else 0, half)
        return Row((*left, Piece(f" {self._signs.gutter} ", "muted"), *right), target)

    def _half(self, line: DiffLine | None, number: int, width: int) -> list[Piece]:
        if line is None:
            return [Piece(" " * width)]
        room = max(width - self._digits - 4, 1)
        return [Piece(f" {number:>{self._digits}} ", "muted"), *self._text(line, room)]


def fits_beside(width: int) -> bool:
    """Whether old and new text can stand side by side."""
    return width >= 2 * _SIDES


def _side_by_side(lines: Sequence[DiffLine]) -> Iterator[DiffLine | tuple[DiffLine | None, DiffLine | None]]:
    """Lines that were taken away, each beside one that came in its place."""
    removed: list[DiffLine] = []
    added: list[DiffLine] = []
    for line in (*lines, None):
        if line is not None and line.sign == "-":
            removed.append(line)
        elif line is not None and line.sign == "+":
            added.append(line)
        else:
            yield from zip_longest(removed, added)
            removed, added = [], []
            if line is not None:
                yield (line, line) if line.sign == " " else line


def heading(patch: PlannedPatch) -> Piece:
    """`unsafe: the sample order changes once`, `safe`."""
    word = LOOK if patch.applicability is Applicability.DISPLAY else patch.applicability.value
    return Piece(f"{word}: {patch.effect}" if patch.effect else word, TONES[patch.applicability])


# trials


def trial_word(trial: Trial, signs: Signs) -> Piece:
    """At most eleven cells, for the list."""
    if trial.verdict is None:
        return Piece("  fails", "error")
    status = trial.verdict.status
    if status is Status.REPRODUCIBLE:
        return Piece(f"{signs.equal} verified", "good")
    return Piece(f"{signs.differs} differs", "differs") if status is Status.DIVERGENT else Piece("? unclear", "warning")


def trial_sentence(trial: Trial, before: Divergence | None) -> tuple[str, str]:
    """What came out, with its tone. `before`: where two runs of the program without patches parted, if known."""
    if trial.verdict is None:
        return f"the program fails with it: {trial.failure}", "error"
    verdict = trial.verdict
    comparison = verdict.comparison
    if verdict.status is Status.REPRODUCIBLE and comparison is not None:
        return f"verified: 2 of 2 runs equal over {comparison.steps:,} steps", "good"
    if verdict.status is Status.DIVERGENT:
        first = comparison.first if comparison is not None else None
        at = headline(verdict).removeprefix("DIVERGENT ")
        if first is None or before is None:
            return f"runs still differ, {at}", "differs"
        same = _identity(first) is not None and _identity(first) == _identity(before)
        return (f"no change: runs still part {at}" if same else f"moved: runs now part {at}"), "differs"
    return f"could not be told: {next(iter(verdict.reasons), 'see the runs')}", "warning"


_NEED_TONES = {Need.NEEDED: "good", Need.BREAKS: "error", Need.UNKNOWN: "warning"}


def need_word(proof: PatchProof) -> Piece:
    """At most ten cells, for the list."""
    words = {Need.NEEDED: "= needed", Need.NOT_NEEDED: "  unneeded", Need.BREAKS: "  breaks", Need.UNKNOWN: "? unclear"}
    return Piece(words.get(proof.need, ""), _NEED_TONES.get(proof.need, "muted"))


def need_sentence(proof: PatchProof, signs: Signs) -> tuple[str, str]:
    """What the proof says of a patch, with its price where that was measured."""
    text = f"{proof.need.value[:1].upper()}{proof.need.value[1:]}: {proof.reason}"
    if proof.price is not None:
        low, high = proof.price.interval.low, proof.price.interval.high
        text += f"; time of a step {proof.price.ratio:.2f}{signs.times} ({low:.2f}-{high:.2f})"
    return text, _NEED_TONES.get(proof.need, "muted")


def _identity(divergence: Divergence) -> object:
    event = divergence.reference or divergence.candidate
    return event.identity if event is not None else None


def patch_notes(patch: PlannedPatch, others: Sequence[str], trial: tuple[str, str] | None, width: int) -> list[Row]:
    """What it does, what else it removes, and what came out when it was tried."""
    rows = [row(Piece(f" {line}", "strong")) for line in wrap(patch.title[:1].upper() + patch.title[1:], width - 2)]
    if others:
        rows += [row(Piece(f" {line}", "muted")) for line in wrap("also for " + ", ".join(others), width - 2)]
    if trial is not None:
        rows += [row(Piece(f" {line}", trial[1])) for line in wrap(trial[0], width - 2)]
    return rows
