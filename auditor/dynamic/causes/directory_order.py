"""A folder that is listed in another order, which the file system chooses."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.listing import reordered_listings
from auditor.dynamic.narrative import order_sentences
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause

_WORDS = ("directory", "listdir", "file-time")


def find(case: Case) -> Cause | None:
    """High if the data are proven to be reordered, too; else medium: the order may have been used or not."""
    found = reordered_listings(case)
    if not found:
        return None
    last = found[-1]
    evidence = [
        f"{listing.path} was listed at {line(listing.site)} with the same {listing.count:,} names in another order."
        for listing in reversed(found[-3:])
    ]
    proof = order_sentences(case)
    from_outside = case.event.kind in (EventKind.BATCH, EventKind.OUTSIDE)
    return Cause(
        kind=CAUSE.name,
        title=f"the folder {last.path} is listed in another order",
        category=Category.DATA_ORDER,
        confidence=Confidence.HIGH if proof else Confidence.MEDIUM if from_outside else Confidence.LOW,
        evidence=(*evidence, *proof),
        location=last.site,
        findings=case.linked(Category.DATA_ORDER, *_WORDS, at=last.site),
        remedy="sort the names: sorted(os.listdir(...))",
    )


CAUSE = CauseRule(name="directory-order", category=Category.DATA_ORDER, evidence=find)
