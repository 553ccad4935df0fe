"""How facts become a point: a point is met only where something shows it and nothing speaks against it."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.evidence import EvidenceKind
from auditor.model.guideline import GuidelineFact, GuidelinePoint, Standing
from auditor.services.guideline.known import Held, Known

_ORDER = (Standing.NOT_MET, Standing.NOT_SHOWN, Standing.MET, Standing.TOLD)
LISTED = 3


def met(text: str, source: str = "") -> GuidelineFact:
    return GuidelineFact(standing=Standing.MET, text=text, source=source)


def not_met(text: str, source: str = "") -> GuidelineFact:
    return GuidelineFact(standing=Standing.NOT_MET, text=text, source=source)


def not_shown(text: str, source: str = "") -> GuidelineFact:
    return GuidelineFact(standing=Standing.NOT_SHOWN, text=text, source=source)


def told(text: str, source: str = "") -> GuidelineFact:
    return GuidelineFact(standing=Standing.TOLD, text=text, source=source)


def point(
    number: int, title: str, facts: Iterable[GuidelineFact], commands: Iterable[str | None] = ()
) -> GuidelinePoint:
    """Put a point together; `None` among the commands is left out."""
    found = tuple(sorted(facts, key=lambda fact: _ORDER.index(fact.standing)))
    return GuidelinePoint(
        number=number,
        title=title,
        standing=standing_of(found),
        facts=found,
        commands=tuple(dict.fromkeys(command for command in commands if command)),
    )


def standing_of(facts: Iterable[GuidelineFact]) -> Standing:
    """What facts amount to together; without one that shows something, the point is not shown."""
    found = {fact.standing for fact in facts}
    if Standing.NOT_MET in found:
        return Standing.NOT_MET
    if Standing.NOT_SHOWN in found or Standing.MET not in found:
        return Standing.NOT_SHOWN
    return Standing.MET


def missing(known: Known, kind: EvidenceKind, nothing: str) -> GuidelineFact:
    """Say that there is no current evidence of a kind: `nothing` where there never was any, else why it is stale."""
    stale = next(iter(known.of(kind)), None)
    if stale is None:
        return not_shown(nothing)
    return not_shown(f"Stale: {listed(stale.stale)}. It said: {sentence(stale.evidence.answer)}", stale.name)


def older(known: Known, kind: EvidenceKind, used: Held | None) -> list[GuidelineFact]:
    """Say how much evidence of a kind is stale beside the one that is used."""
    if used is None:
        return []
    stale = [each.evidence.id for each in known.of(kind) if not each.is_current]
    return [told(f"Older evidence is stale and left out: {listed(stale)}.")] if stale else []


def listed(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    found = list(names)
    more = len(found) - LISTED
    return ", ".join(found[:LISTED]) + (f" and {more} more" if more > 0 else "")


def sentence(text: str) -> str:
    """The text, ended by a full stop where nothing ends it."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
