"""A folder that is listed in another order, which the file system chooses."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.listing import ListedTwice, changed_listings, reordered_listings
from auditor.dynamic.narrative import order_sentences
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause

_WORDS = ("directory", "listdir", "file-time")


def find(case: Case) -> Cause | None:
    """High if the data are proven to be reordered, too; else medium: the order may have been used or not.

    Where the names themselves are other ones, the scan must have seen that the order counts.
    """
    proof = order_sentences(case)
    # Names that are new in each run (part-00001-<job>) say nothing by themselves, but they explain a proven reordering.
    found = reordered_listings(case) or (changed_listings(case) if proof else [])
    if not found:
        return None
    last = found[-1]
    evidence = [_sentence(listing) for listing in reversed(found[-3:])]
    from_outside = case.event.kind in (EventKind.BATCH, EventKind.OUTSIDE)
    linked = case.linked(Category.DATA_ORDER, *_WORDS, at=last.site)
    return Cause(
        kind=CAUSE.name,
        title=f"the folder {last.path} is listed in another order",
        category=Category.DATA_ORDER,
        confidence=_confidence(last, proven=bool(proof), linked=bool(linked), from_outside=from_outside),
        evidence=(*evidence, *proof),
        location=last.site,
        findings=linked,
        remedy="sort the names: sorted(os.listdir(...))",
    )


def _sentence(listing: ListedTwice) -> str:
    which = f"the same {listing.count:,} names in another order" if listing.same_names else "other names"
    return f"{listing.path} was listed at {line(listing.site)} with {which}."


def _confidence(listing: ListedTwice, *, proven: bool, linked: bool, from_outside: bool) -> Confidence:
    if not listing.same_names:
        return Confidence.HIGH if linked else Confidence.LOW
    return Confidence.HIGH if proven else Confidence.MEDIUM if from_outside else Confidence.LOW


CAUSE = CauseRule(name="directory-order", category=Category.DATA_ORDER, evidence=find)
