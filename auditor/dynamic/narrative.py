"""Sentences of evidence about generators and data, with values, lines and figures, for the causes that need them."""

from __future__ import annotations

from datetime import datetime

from auditor.dynamic.evidence import Case, Side, line
from auditor.dynamic.extent import last_step_row
from auditor.dynamic.generator import Drawn, Seeding, Suspect, seed_advice, title
from auditor.dynamic.rows import reordering
from auditor.model.location import Location
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind, Phase, SeedCall
from auditor.model.verdict import Cause
from auditor.probe import wire

_RULE_WORDS = {"random": "random", "numpy.random": "numpy", "torch": "torch"}
_CLOCKS = ((1.0, "seconds"), (1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds"))


def what_differs(case: Case) -> str:
    """The divergent event in a few words: `the draw aten::randperm at train.py:12`."""
    event = case.event
    kinds = {
        EventKind.BATCH: "the batch that a data loader handed out",
        EventKind.OUTSIDE: "a tensor that came from outside torch",
    }
    return f"{kinds.get(event.kind, event.identity.op)} at {line(event.site)}"


def state_sentences(case: Case, suspect: Suspect) -> list[str]:
    """How the library's state is known to have differed, and to have been drawn from."""
    name = title(suspect.library)
    capital = f"{name[0].upper()}{name[1:]}"
    told = {
        Drawn.BY_EVENT: f"The state of {name} differs right before {what_differs(case)} draws from it.",
        Drawn.AROUND: f"The state of {name} differs, and something drew from it around {what_differs(case)}.",
        Drawn.MADE: f"{capital} is made right before {what_differs(case)}, in the same function.",
        Drawn.MADE_EARLIER: f"{capital} is made before {what_differs(case)}; its draws are not watched.",
        Drawn.BEFORE: f"The state of {name} differs, and something drew from it before {what_differs(case)}.",
        Drawn.UNSEEN: f"The state of {name} differs from the first look at it on; its draws came before that, if any.",
    }
    return [told[suspect.drawn], *order_sentences(case)]


def seed_sentence(suspect: Suspect) -> str:
    """Which calls seeded the library, in both runs."""
    name = title(suspect.library)
    first, second = suspect.seeds
    call = first or second
    if call is None:
        return f"No call seeded {name} before that in either run, so it starts from the system's entropy."
    where = f"{call.call} at {line(call.site)}"
    if suspect.seeding is Seeding.TOO_LATE:
        return f"{where} seeds it with {call.value}, but only after that."
    if suspect.seeding is Seeding.ENTROPY:
        return f"{where} takes its seed from the system's entropy."
    if first is None or second is None:
        side = "reference" if first is not None else "candidate"
        return f"{where} seeds it with {call.value} in the {side} only."
    if suspect.seeding is Seeding.DIFFERS:
        return f"{where} seeds it with {first.value} in the reference and with {second.value} in the candidate."
    return f"{where} seeds it with {first.value} in both runs, so more was drawn in one of them before that."


def order_sentences(case: Case) -> list[str]:
    """Says so where the data are proven to be the same rows in another order."""
    found = reordering(case)
    if found is None:
        return []
    if found.whole_batches:
        return [f"The same {found.batches:,} batches came in another order: every one of them is in both runs."]
    if found.batches == 1:
        holder = "batch" if case.event.kind is EventKind.BATCH else "tensor"
        return [
            f"The {holder} holds the same {found.rows:,} rows in both runs; {found.moved:,} of them in another place."
        ]
    batches = f"candidate's {found.batches:,} batches"
    moved = f"{found.moved:,} of them in another place"
    return [f"All {found.rows:,} rows of the {batches} since then are among the reference's, {moved}."]


def clock_sentence(case: Case, first: SeedCall, second: SeedCall) -> str:
    """Says where two seeds look like the time or a process id; empty where they look like neither."""
    values = _number(first.value), _number(second.value)
    traces = case.reference.trace, case.candidate.trace
    if None in values or None in traces:
        return ""
    a, b = float(values[0] or 0), float(values[1] or 0)
    pids = [{trace.header.get("pid"), trace.header.get("parent_pid")} for trace in traces if trace is not None]
    if a in pids[0] and b in pids[1]:
        return "Both are the process ids of the runs."
    starts = [_timestamp(trace.header.get("started_at")) for trace in traces if trace is not None]
    elapsed = starts[1] - starts[0]
    for scale, unit in _CLOCKS:
        if all(abs(value / scale - start) < 2 * 86400 for value, start in zip((a, b), starts, strict=True)):
            return f"Both are the time of the run in {unit}."
        # A clock cut to 32 bits no longer shows the date, but it still runs at the clock's pace.
        if elapsed > 0 and scale > 1 and abs((b - a) / scale - elapsed) < max(1.0, 0.2 * elapsed):
            return f"They differ by {b - a:,.0f}, as a clock in {unit} does that runs from one run to the other."
    return ""


def seeding_findings(case: Case, library: str, at: Location | None = None) -> tuple[str, ...]:
    """Scan findings about seeding this library, wherever they stand, and any about seeding at the line."""
    word = _RULE_WORDS.get(library.partition("#")[0])
    named = case.linked(Category.SEEDING, f"unseeded-{word}", everywhere=True) if word else ()
    return tuple(sorted({*named, *case.linked(Category.SEEDING, at=at)}))


def suspicion(suspect: Suspect, others: int, findings: tuple[str, ...]) -> Confidence:
    """High with proof: the state at the draw itself; or what the run shows and what the source says are the same."""
    if suspect.drawn is Drawn.BY_EVENT:
        return Confidence.HIGH
    if suspect.drawn in (Drawn.AROUND, Drawn.MADE):
        return Confidence.HIGH if findings and not others else Confidence.MEDIUM
    return Confidence.MEDIUM if findings and not others else Confidence.LOW


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _timestamp(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def generator_cause(case: Case, kind: str, suspect: Suspect, others: int, name: str) -> Cause:
    """A cause about one suspect library; `others` are further suspects that could explain the event as well."""
    seed = suspect.seeds[0] or suspect.seeds[1]
    place = seed.site if seed is not None and seed.site is not None else case.site
    findings = seeding_findings(case, suspect.library, place)
    evidence = [*state_sentences(case, suspect), seed_sentence(suspect)]
    if others:
        evidence.append(
            f"{others} other generators differ and are drawn from there too; which one it was is not proven."
        )
    return Cause(
        kind=kind,
        title=name,
        category=Category.SEEDING,
        confidence=suspicion(suspect, others, findings),
        evidence=tuple(evidence),
        location=place,
        findings=findings,
        remedy=seed_advice(suspect.library),
    )


def _hands_out_batches(side: Side) -> bool:
    return any(bool((trace.events["kind"] == wire.BATCH).any()) for trace in side.traces.processes.values())


def in_worker(case: Case) -> bool:
    """True if the divergence is in a process that loads data for another one, and is no program of its own."""
    names = {name for side in case.sides for name in side.traces.processes}
    _, _, last = case.first.process.rpartition(".")
    if last == case.first.process or last.startswith("x") or not any(name.endswith("-0") for name in names):
        return False
    if case.event.identity.phase is not Phase.DATA and not any(_hands_out_batches(side) for side in case.sides):
        return False
    return not any(
        last_step_row(side.trace) is not None for side in case.sides if side.trace is not None
    ) and case.event.identity.phase in (Phase.DATA, Phase.OTHER)
