"""The list of findings, and the source around one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from auditor.model.location import Location
from auditor.model.rule import Rule, Severity
from auditor.tui.drawing.highlight import highlighted
from auditor.tui.lines import Piece, Row, clean, fit, fit_left, row, wrap
from auditor.tui.signs import Signs

if TYPE_CHECKING:
    from auditor.model.finding import Finding

TONES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
WORDS = {Severity.ERROR: "error", Severity.WARNING: "warn ", Severity.NOTE: "note "}


_MEASURED = 2_000  # findings whose places decide how wide their column is


PATCH_WIDTH = 7
EVIDENCE_WIDTH = 11


class Marks(NamedTuple):
    """What the app knows of a finding beyond the scan, as its row says it."""

    patch: Piece = Piece("")
    """At most six cells."""

    evidence: Piece = Piece("")
    """At most ten cells."""

    is_marked: bool = False
    is_known: bool = False
    """The baseline knows it: its row is dim."""


class FindingRows:
    """One row a finding: severity, rule, place, patch, and what runs have shown."""

    def __init__(
        self,
        findings: Sequence[Finding],
        *,
        rule_of: Callable[[str], Rule | None],
        marks_of: Callable[[str], Marks],
        has_evidence: bool = True,
        signs: Signs,
    ) -> None:
        self.findings = findings
        self._marks_of = marks_of
        self._has_evidence = has_evidence
        self._signs = signs
        self._names = {str(finding.rule_id): "" for finding in findings}
        for rule_id in self._names:
            rule = rule_of(rule_id)
            self._names[rule_id] = f"{rule_id} {rule.name}" if rule else rule_id
        self._longest = max(map(len, self._names.values()), default=0)
        self._longest_place = max((len(place_of(each.location)) for each in findings[:_MEASURED]), default=0)

    def __len__(self) -> int:
        return len(self.findings)

    def row(self, index: int, width: int) -> Row:
        finding = self.findings[index]
        marks = self._marks_of(finding.key)
        patch_width = PATCH_WIDTH if width >= 66 else 0
        evidence_width = (EVIDENCE_WIDTH if width >= 58 else 2 if width >= 45 else 0) if self._has_evidence else 0
        room = max(width - 7 - patch_width - evidence_width, 0)
        place_width = min(self._longest_place, room * 4 // 9)
        name_width = min(self._longest + 1, max(room - place_width - 1, 6)) if width >= 45 else 5
        place_width = max(room - name_width - 1, 0)
        name = self._names[str(finding.rule_id)] if name_width > 9 else str(finding.rule_id)
        ellipsis = self._signs.ellipsis
        place = short_place(finding.location) if width < 45 else place_of(finding.location)
        pieces = [
            Piece(self._signs.marked if marks.is_marked else " ", "accent"),
            Piece(WORDS[finding.severity], "muted" if marks.is_known else TONES[finding.severity]),
            Piece(" " + fit(name, name_width, ellipsis), "muted" if marks.is_known else "plain"),
            Piece(" " + fit(fit_left(place, min(place_width, len(place)), ellipsis), place_width), "muted"),
        ]
        if patch_width:
            pieces.append(Piece(" " + fit(marks.patch.text, patch_width - 1), marks.patch.tone))
        if evidence_width:
            text = marks.evidence.text[: evidence_width - 1] if evidence_width < EVIDENCE_WIDTH else marks.evidence.text
            pieces.append(Piece(" " + fit(text, evidence_width - 1), marks.evidence.tone))
        return Row(tuple(pieces), finding.location)


def counts(findings: Sequence[Finding]) -> tuple[Piece, ...]:
    """`3 error  6 warning`, in tones; nothing where there is nothing."""
    pieces: list[Piece] = []
    for severity in Severity:
        number = sum(finding.severity is severity for finding in findings)
        if number:
            pieces.append(Piece(("  " if pieces else "") + f"{number:,} {severity.value}", TONES[severity]))
    return tuple(pieces)


def place_of(location: Location) -> str:
    """`src/data.py:41`, `book.ipynb[3]:2`."""
    cell = f"[{location.cell}]" if location.cell is not None else ""
    return f"{clean(location.path)}{cell}:{location.line}"


def short_place(location: Location) -> str:
    return place_of(location).rsplit("/", 1)[-1]


class SourceRows:
    """A file with one place marked, and the message under it."""

    def __init__(
        self,
        lines: Sequence[str],
        location: Location,
        message: str,
        tone: str,
        *,
        width: int,
        signs: Signs,
        colored: bool,
    ) -> None:
        self._lines = lines
        self._location = location
        self._tone = tone
        self._signs = signs
        self._colored = colored
        self._digits = max(len(str(len(lines))), 3)
        self._number = min(max(location.line, 1), max(len(lines), 1))
        self._last = max(min(location.end_line or self._number, len(lines)), self._number)
        self._callout = wrap(message, width - self._digits - 7)

    def __len__(self) -> int:
        return len(self._lines) + len(self._callout)

    @property
    def marked_row(self) -> int:
        return self._number - 1

    def row(self, index: int, width: int) -> Row:
        after = index - self._number
        if 0 <= after < len(self._callout):
            lead = " " * (self._digits + 3) + (self._signs.callout if after == 0 else "   ")
            return row(Piece(lead + self._callout[after], self._tone), target=self._location)
        number = index + 1 if index < self._number else index + 1 - len(self._callout)
        if number > len(self._lines):
            return row()
        here = number == self._number
        inside = self._number <= number <= self._last
        mark = Piece(self._signs.here + " " if here else "  ", self._tone)
        gutter = Piece(f"{number:>{self._digits}} {self._signs.gutter} ", "strong" if inside else "muted")
        text = clean(self._lines[number - 1].rstrip())
        code = highlighted(text) if self._colored else [Piece(text)]
        at = Location(path=self._location.path, line=number, cell=self._location.cell)
        return Row((mark, gutter, *code), self._location if here else at)
