"""The order of a set (or anything else that `hash()` of a string decides), which Python's hash secret changes."""

from __future__ import annotations

from auditor.dynamic.causes import shared_memory
from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.narrative import order_sentences
from auditor.model.divergence import Difference
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause

INTERVENTION = "hash-seed"
_ORDERS = ("set-iteration", "address-order")
_TEXT = ("string-hash",)
_SORT = "sort before iterating: sorted(names); PYTHONHASHSEED=0 only hides it"
_OWN_HASH = "hash with zlib.crc32(text.encode()) or hashlib; PYTHONHASHSEED=0 only hides it"


def find(case: Case) -> Cause | None:
    """High only if runs with one hash secret agreed and another secret made them differ; else the scan must speak."""
    if not is_open(case):
        return None
    tried = case.intervention(INTERVENTION)
    findings = case.linked(None, *_ORDERS, *_TEXT, "pythonhashseed", everywhere=True)
    evidence = ["PYTHONHASHSEED is not set: hashes of strings, and the order of sets of them, change with every run."]
    if tried is not None and not tried.agreed:
        return None
    if tried is not None:
        evidence.insert(
            0,
            "Three runs with PYTHONHASHSEED=0 agree at this event, so do three with 1, and these differ from those. "
            + tried.note,
        )
    elif not findings:
        return None
    place = next((f.location for f in case.findings if f.key in findings), case.site)
    if findings:
        evidence.append(f"The scan found an order that comes from hashes at {line(place)}.")
    of_text = bool(case.linked(None, *_TEXT, everywhere=True)) and not case.linked(None, *_ORDERS, everywhere=True)
    return Cause(
        kind=CAUSE.name,
        title=f"{'`hash()` of text' if of_text else 'the order of a set'} follows Python's hash secret",
        category=Category.DATA_ORDER,
        confidence=Confidence.HIGH if tried is not None else Confidence.MEDIUM if findings else Confidence.LOW,
        evidence=(*(part.strip() for part in evidence), *order_sentences(case)),
        location=place,
        findings=findings,
        remedy=_OWN_HASH if of_text else _SORT,
    )


def is_open(case: Case) -> bool:
    """True if hashes were left to chance, and the divergent event can depend on an order."""
    traces = [side.trace for side in case.sides if side.trace is not None]
    if any((trace.header.get("hash_seed") or "random") != "random" for trace in traces):
        return False
    if shared_memory.is_open(case):
        return False
    return case.event.kind in (EventKind.BATCH, EventKind.OUTSIDE) or (
        case.first.difference in (Difference.ARGUMENT, Difference.MISSING, Difference.EXTRA, Difference.SHAPE)
        or case.first.inputs_agree is False
    )


CAUSE = CauseRule(name="hash-order", category=Category.DATA_ORDER, evidence=find)
