"""Why a finding matters, what to do, and where else to look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.model.rule import Confidence, Rule
from auditor.tui.drawing.findings import place_of
from auditor.tui.lines import Piece, Row, labelled, row, wrap
from auditor.tui.signs import Signs

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.model.verdict import Cause

SURENESS = {
    Confidence.HIGH: "confidence high",
    Confidence.MEDIUM: "confidence medium",
    Confidence.LOW: "confidence low",
}


def explanation_rows(
    finding: Finding,
    rule: Rule | None,
    proof: Cause | None,
    width: int,
    signs: Signs,
    patch: tuple[Piece, ...] = (),
    accepted: str = "",
) -> list[Row]:
    """Proof first, then what to do, related places, the rule's own words, references.

    `patch`: sentences about the finding's patch, each in its tone. `accepted`: what the baseline says of it.
    """
    rows: list[Row] = []
    if proof is not None:
        rows += labelled("proved", f"{signs.differs} {proof.title}", width, tone="differs")
        for sentence in proof.evidence[:3]:
            rows += labelled("", sentence, width)
    if accepted:
        rows += labelled("accepted", accepted, width)
    for index, piece in enumerate(patch):
        rows += labelled("" if index else "patch", piece.text, width, tone=piece.tone)
    if finding.advice:
        rows += labelled("fix", finding.advice, width, tone="good")
    if finding.entry_points:
        rows += labelled("reached", "from " + ", ".join(finding.entry_points), width)
    for index, related in enumerate(finding.related):
        text = f"{place_of(related.location)}: {related.message}"
        rows += labelled("see also" if index == 0 else "", text, width, target=related.location)
    rows += labelled("sure", SURENESS[finding.confidence], width, tone="muted")
    if rule is not None:
        rows += [row(), row(Piece(" " + rule.title, "strong"))]
        rows += markdown_rows(rule.explanation, width)
        rows += [row(Piece(f" {reference}", "muted")) for reference in rule.references]
    return rows


_BULLET = re.compile(r"\s*([-*]|\d+\.)\s+")


def markdown_rows(text: str, width: int) -> list[Row]:
    """Paragraphs, bullets, indented code and `code` of a rule's explanation, wrapped."""
    rows: list[Row] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if rows:
            rows.append(row())
        rows += _block_rows(block, width)
    return rows


def _block_rows(block: str, width: int) -> Iterator[Row]:
    lines = block.splitlines()
    if lines and (lines[0].startswith("    ") or lines[0].startswith("```")):
        for line in lines:
            if not line.startswith("```"):
                yield row(Piece("    " + line.strip("\n").removeprefix("    "), "code-string"))
        return
    item: list[str] = []
    for line in lines:
        if item and _BULLET.match(line):
            yield from _wrapped(item, width)
            item = []
        item.append(line.lstrip("#").strip())
    yield from _wrapped(item, width)


def _wrapped(item: list[str], width: int) -> Iterator[Row]:
    text = " ".join(item)
    indent = "   " if _BULLET.match(text) else " "
    for index, part in enumerate(wrap(text, width - len(indent) - 1)):
        yield _inline(part, " " if index == 0 else indent)


def _inline(text: str, indent: str) -> Row:
    """Text between backticks stands out; the backticks stay, so that it reads the same without colour."""
    pieces = [Piece(indent)]
    for index, part in enumerate(text.split("`")):
        if part:
            pieces.append(Piece(f"`{part}`", "code-name") if index % 2 else Piece(part.replace("**", "")))
    return Row(tuple(pieces))
