"""What the traces tell about an RNG library before the first divergence: seeded or not, drawn from or not.

A generator whose state differs explains nothing by itself: Python's `random` differs in every run of a reproducible
program that never draws from it. So a library is a suspect only if its state differs *and* something drew from it; for
an op that draws, the state right before the draw is in the event itself.

The probe looks at states when torch was imported, before a data loader fetches, after every step and at the end, and
writes only those that moved: no later STATE event means that nothing was drawn.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from auditor.dynamic.evidence import ENTROPY, Case, Side
from auditor.model.divergence import Difference
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.trace import SeedCall
from auditor.probe import wire

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace

TORCH_OBJECT = "torch.Generator"
_UNWATCHED = "numpy.random.SeedSequence"
NEAR_ROWS = 200
NEAR_LINES = 25
# Made without a seed by the standard library itself, for names of temporary files.
_HELPERS = ("random.Random",)
SCAN_ROWS = 1 << 22  # how far back and ahead states are looked for


class Seeding(Enum):
    """How a library was seeded before the event, over both runs."""

    NEVER = "never"
    TOO_LATE = "too late"
    ENTROPY = "entropy"
    """From the system's entropy, on purpose or by leaving the seed out."""

    DIFFERS = "differs"
    SAME = "same"
    """With the same values: that the states differ has another reason."""


class Drawn(Enum):
    """When something drew from a library."""

    BY_EVENT = "by the event"
    """The event itself draws: the state right before the draw is in the trace."""

    AROUND = "around"
    """Between the looks at its state right before and right after the event."""

    MADE = "made"
    """Known only by the call that made it from entropy, shortly before the event and in the same function."""

    BEFORE = "before"
    """At some time before: what it gave may or may not be in the event."""

    MADE_EARLIER = "made earlier"
    """Known only by the call that made it from entropy, anywhere before the event: its draws are not watched."""

    UNSEEN = "unseen"
    """If at all, before the first look at it, when torch was imported."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A library whose state differs between the runs when the divergent event comes."""

    library: str
    seeding: Seeding
    seeds: tuple[SeedCall | None, SeedCall | None]
    """The last seeding call before the event (for TOO_LATE: the first after it), reference and candidate."""

    drawn: Drawn


_DRAWN_ORDER = tuple(Drawn)


def suspects(case: Case) -> list[Suspect]:
    """Libraries that can have made the first divergence differ, surest first."""
    if case.first.difference is Difference.STATE:
        return [_drawn_from(case)]
    if (case.first.inputs_agree is True and not case.runs_foreign_code) or case.event.reads_uninitialised:
        return []  # whatever was drawn before is in the inputs, and they agree
    found = []
    for library in _watched(case):
        looks = [_look(side, library) for side in case.sides]
        if looks[0].state == looks[1].state or None in (looks[0].state, looks[1].state):
            continue
        drawn = min((look.drawn for look in looks), key=_DRAWN_ORDER.index)
        found.append(_suspect(case, library, drawn))
    known = {suspect.library for suspect in found}
    found += [suspect for suspect in _made_from_entropy(case) if suspect.library not in known]
    if not any(suspect.drawn is not Drawn.UNSEEN for suspect in found):
        found += _made_earlier(case)
    return sorted(found, key=lambda suspect: (_DRAWN_ORDER.index(suspect.drawn), suspect.library))


def _drawn_from(case: Case) -> Suspect:
    """The generator whose state differs at a draw: the device's own, or an object that the program made.

    An op does not tell which; an object is the better guess where the op asks for one, or the device's own is seeded.
    """
    own = _suspect(case, library_of_draw(case), Drawn.BY_EVENT)
    made = _suspect(case, TORCH_OBJECT, Drawn.BY_EVENT)
    if made.seeding not in (Seeding.ENTROPY, Seeding.DIFFERS):
        return own
    return made if own.seeding is Seeding.SAME or "generator" in case.event.identity.op else own


def library_of_draw(case: Case) -> str:
    """The library that a random op draws from: by its state if that was seen as a library's, else by its device."""
    trace = case.reference.trace
    if case.event.state and trace is not None:
        for library, looks in _states(trace, case.reference.row).items():
            if any(state == case.event.state for _, _, state in looks):
                return library
    device = case.event.tensors[0].device if case.event.tensors else "cpu"
    return "torch" if device == "cpu" else f"torch.{device if ':' in device else device + ':0'}"


def title(library: str) -> str:
    """What people call a library."""
    known = {
        "random": "Python's `random`",
        "numpy.random": "NumPy's global generator",
        "numpy.random.SeedSequence": "a NumPy generator that was made without a seed",
        "random.Random": "a `random.Random`",
        "torch": "torch's CPU generator",
        "torch.Generator": "a `torch.Generator`",
    }
    if library in known:
        return known[library]
    if library.startswith("torch."):
        return f"torch's generator on {library.removeprefix('torch.')}"
    kind, _, number = library.partition("#")
    return f"`{kind}` number {int(number) + 1}" if number.isdigit() else f"a `{library}`"


def seed_advice(library: str) -> str:
    """How a library is seeded, for a remedy."""
    if library in ("random", "numpy.random"):
        return f"call {library}.seed(seed) once, before anything draws"
    if library.startswith("torch"):
        return "call torch.manual_seed(seed) once, before the model and the data are made"
    return "give the generator a seed where it is made, as in numpy.random.default_rng(seed)"


def _watched(case: Case) -> list[str]:
    names: set[str] = set()
    for side in case.sides:
        for trace in side.lineage():
            names |= set(_states(trace, side.row if trace.name == side.process else len(trace.events)))
    # A tensor from outside was not drawn by torch: torch's own draws are events, and would have differed themselves.
    return sorted(name for name in names if not name.startswith("torch"))


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What is known of a library's state when the event comes."""

    state: int | None
    """Its digest when it was last looked at before the event; None where it never was."""

    drawn: Drawn = Drawn.UNSEEN


def _look(side: Side, library: str) -> _Look:
    if side.trace is None:
        return _Look(state=None)
    own = _states(side.trace, side.row).get(library, [])
    seeded = _last_seed(side, library)
    inherited = _inherited(side, library) if seeded < 0 else []
    before = inherited + [state for row, _, state in own if seeded <= row < side.row]
    # The look after the step that the event is in carries the next step's number.
    around = [state for row, step, state in own if row >= side.row and step <= _step(side) + 1]
    if not before and seeded >= 0:
        # Looked at only before the seed, which set it anew: the next look has to do.
        return _Look(state=around[0], drawn=Drawn.AROUND) if around else _Look(state=None)
    if not before:
        # The first look comes only now. A generator object was made since the last one; a global one was there before.
        drawn = Drawn.AROUND if "#" in library or len(set(around)) > 1 else Drawn.UNSEEN
        return _Look(state=around[0] if around else None, drawn=drawn)
    if around:
        return _Look(state=before[-1], drawn=Drawn.AROUND)
    return _Look(state=before[-1], drawn=Drawn.BEFORE if len(set(before)) > 1 else Drawn.UNSEEN)


def _last_seed(side: Side, library: str) -> int:
    """Row at which the process last seeded a global generator before the event; -1 where it did not."""
    if side.trace is None or "#" in library:
        return -1
    own = [seed for seed in _without_restored(side.seeds(library)) if seed in side.trace.seeds]
    return max((seed.event for seed in own), default=-1)


def _step(side: Side) -> int:
    events = side.trace.events if side.trace is not None else ()
    return int(events[min(side.row, len(events) - 1)]["step"]) if len(events) else 0


def _inherited(side: Side, library: str) -> list[int]:
    """The first states that the process's parents had; at the fork it was one of their later ones."""
    return [
        state
        for trace in side.lineage()
        if trace is not side.trace
        for _, _, state in _states(trace, len(trace.events)).get(library, [])[:1]
    ]


def _made_from_entropy(case: Case) -> list[Suspect]:
    """Generator objects that were made without a seed shortly before the event, where no state of theirs was seen."""
    made: list[set[str]] = []
    for side in case.sides:
        seeds = side.trace.seeds if side.trace is not None else ()
        near = (s for s in seeds if s.value == ENTROPY and 0 <= side.row - s.event <= NEAR_ROWS)
        made.append({side.seeded_library(s) for s in near if _is_beside(s.site, case.site)})
    return [_suspect(case, library, Drawn.MADE) for library in sorted(made[0] & made[1]) if library not in _HELPERS]


def _made_earlier(case: Case) -> list[Suspect]:
    """NumPy's generators without a seed whose state is not looked at: `RandomState()`, `PCG64()`."""
    if not all(any(seed.value == ENTROPY for seed in side.seeds(_UNWATCHED)) for side in case.sides):
        return []
    return [_suspect(case, _UNWATCHED, Drawn.MADE_EARLIER)]


def _is_beside(made: Location | None, event: Location | None) -> bool:
    """Both lines are in the same function, not far apart."""
    if made is None or event is None:
        return False
    return (made.path, made.function) == (event.path, event.function) and abs(made.line - event.line) <= NEAR_LINES


def _states(trace: ProcessTrace, row: int) -> dict[str, list[tuple[int, int, int]]]:
    """(row, step, state) of the STATE events near a row, by library."""
    start, stop = max(0, row - SCAN_ROWS), min(row + SCAN_ROWS, len(trace.events))
    events = trace.events[start:stop]
    found: dict[str, list[tuple[int, int, int]]] = {}
    for position in np.flatnonzero(events["kind"] == wire.STATE).tolist():
        event = events[position]
        library = trace.names.get(int(event["op"]), "")
        found.setdefault(library, []).append((start + position, int(event["step"]), int(event["state"])))
    return found


def _without_restored(calls: list[SeedCall]) -> list[SeedCall]:
    """A state that is put back (as compilers do around tracing) is whatever it was before: no seed."""
    return [call for call in calls if not call.value.startswith("state ")]


def _suspect(case: Case, library: str, drawn: Drawn) -> Suspect:
    calls = [_without_restored(side.seeds(library)) for side in case.sides]
    if library == TORCH_OBJECT:  # any of several objects: the last one that was seeded differently
        pairs = zip(*calls, strict=False)
        unlike = [pair for pair in pairs if pair[0].value != pair[1].value or pair[0].value == ENTROPY]
        calls = [[unlike[-1][0]], [unlike[-1][1]]] if unlike else calls
    last = (calls[0][-1] if calls[0] else None, calls[1][-1] if calls[1] else None)
    later = [_without_restored(side.later_seeds(library)) for side in case.sides]
    if last[0] is None and last[1] is None:
        if later[0] and later[1]:
            seeding, last = Seeding.TOO_LATE, (later[0][0], later[1][0])
        else:
            seeding = Seeding.NEVER
    elif last[0] is None or last[1] is None:
        seeding = Seeding.DIFFERS
    elif ENTROPY in (last[0].value, last[1].value):
        seeding = Seeding.ENTROPY
    elif last[0].value != last[1].value:
        seeding = Seeding.DIFFERS
    else:
        seeding = Seeding.SAME
    return Suspect(library=library, seeding=seeding, seeds=last, drawn=drawn)
