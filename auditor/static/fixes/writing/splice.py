"""Edits of one text that know which changes they come from; nested ones are written inside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.model.lean import dataclass, field
from auditor.static.fixes.changes import Change
from auditor.static.fixes.writing.conflict import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """Put `parts` in place of a stretch of text; between two parts stands what was there, with the splices in it.

    An empty stretch is an insertion. Insertions at the edge of a splice stay outside of it.
    """

    start: int
    """Index of the first character."""

    end: int
    """One past the last."""

    parts: tuple[str, ...]
    rank: int = 0
    """Of insertions at one place the lowest comes first."""

    changes: tuple[Change, ...] = field(compare=False)

    @property
    def is_insertion(self) -> bool:
        return self.start == self.end

    @property
    def keeps(self) -> bool:
        """Whether what was there is kept inside."""
        return len(self.parts) > 1


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices made; their order does not matter. Raises `Conflict`."""
    ordered = sorted(
        _unique(splices), key=lambda each: (each.start, not each.is_insertion, -each.end, each.rank, each.parts)
    )
    return _written(text, 0, len(text), ordered)


def _unique(splices: Iterable[Splice]) -> list[Splice]:
    """Equal splices are one, of all their changes."""
    found: dict[Splice, Splice] = {}
    for each in splices:
        known = found.get(each)
        changes = (*known.changes, *each.changes) if known else each.changes
        found[each] = Splice(start=each.start, end=each.end, parts=each.parts, rank=each.rank, changes=changes)
    return list(found.values())


def _written(text: str, start: int, end: int, splices: Sequence[Splice]) -> str:
    """The stretch from `start` to `end`, in which all of `splices` lie."""
    written: list[str] = []
    at = start
    index = 0
    while index < len(splices):
        outer = splices[index]
        index += 1
        inner: list[Splice] = []
        while index < len(splices) and splices[index].start < outer.end:
            inner.append(splices[index])
            index += 1
        _check(outer, inner)
        written.append(text[at : outer.start])
        kept = _written(text, outer.start, outer.end, inner) if outer.keeps else ""
        written.append(kept.join(outer.parts))
        at = outer.end
    written.append(text[at:end])
    return "".join(written)


def _check(outer: Splice, inner: Sequence[Splice]) -> None:
    for each in inner:
        both = (*outer.changes, *each.changes)
        if (each.start, each.end) == (outer.start, outer.end):
            raise Conflict("they put different things in the same place", both)
        if each.end > outer.end:
            raise Conflict("they change overlapping stretches of the source", both)
        if not outer.keeps:
            raise Conflict("one changes what the other replaces", both)
