"""What functions did when they were followed, and in which other circumstances that holds.

Most functions neither draw nor seed. Whether the place is in a worker, in an arm that is never taken or in one for
training tells them nothing, so that what they did once they do everywhere. `Ledger.asked` notes what is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.evaluation.rngstate import Rank, State

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.execution.ledger import Ledger
    from auditor.static.resolution.seedvalue import Seen


class Asked(Enum):
    """What following a function had to know about the place that it is called from."""

    PLACE = "place"
    """Anything but what the others name: it draws, or seeds, or weights come."""

    LOADERS = "loaders"
    """Whether a loader was made that may have workers, and what these seed."""

    PROCESS = "process"
    """Whether it is a process that was started anew: it does something else there."""

    MORE = "more"
    """Something was not followed (what is being followed already, what is too much), which may ask anything."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What following a function did to the state that it was entered with."""

    state: State
    result: Seen
    seeded: tuple[tuple[str, Rank, Location], ...]
    """Libraries that it seeded, with what and where."""

    seeded_later: frozenset[str]
    """Libraries that it seeds when it is called later than it was followed."""

    left: frozenset[str]
    """Libraries whose unseeded state it puts back when it is left, being a context."""

    unseeded: frozenset[int]
    """Draws that are reached in it while unseeded."""

    asked: frozenset[Asked]

    handed_back: Mapping[str, Seen]
    """What dictionaries and namespaces that it was given hold afterwards, by the names of its parameters.

    Of a method also what its object has then (`set_there`).
    """


@dataclass(frozen=True, slots=True)
class Place:
    """What kind of place a function is called from."""

    others: tuple[object, ...]
    """All that draws there ask for besides the following."""

    is_muted: bool
    is_training: bool
    is_in_network: bool
    is_spawned: bool
    has_workers: bool
    fixed_in_workers: frozenset[str]


def place_of(ledger: Ledger) -> Place:
    """The kind of place that is being followed."""
    entered = ledger.entered.key() if ledger.entered is not None else None
    weights = ledger.replaced > 0, ledger.initialising > 0
    prepared = tuple(sorted(ledger.prepared.items()))
    return Place(
        (*weights, ledger.picked_at, ledger.taken > 0, ledger.worker, ledger.entering > 0, entered, prepared),
        ledger.muted > 0,
        ledger.training > 0,
        ledger.in_network > 0,
        ledger.spawned > 0,
        ledger.has_workers,
        ledger.fixed_in_workers,
    )


class Effects:
    """What the functions of one program did, by their circumstances but for the kind of place."""

    def __init__(self) -> None:
        self._known: dict[object, list[tuple[Place, Effect]]] = {}

    def at(self, circumstances: object, place: Place) -> Effect | None:
        """What a function did in these circumstances, at this place or at one where it does the same."""
        for there, effect in self._known.get(circumstances, ()):
            if _is_alike(there, place, effect.asked):
                return effect
        return None

    def add(self, circumstances: object, place: Place, effect: Effect) -> None:
        """Remember what a function did that was called from this place."""
        self._known.setdefault(circumstances, []).append((place, effect))


def _is_alike(there: Place, here: Place, asked: frozenset[Asked]) -> bool:
    """Whether what was asked `there` has the same answers `here`, and nothing more is to be noted.

    In an arm that is never taken, functions and calls that make objects are not noted (`Functions.make`), so
    that it tells nothing about others. Where nothing is trained, draws were noted for what is not
    trained: of training there is nothing to add. The reverse holds for neither.
    """
    if there.is_muted and not here.is_muted:
        return False
    if not asked:
        return True
    if Asked.MORE in asked:
        return there == here
    if there.others != here.others or there.is_muted is not here.is_muted:
        return False
    if (there.is_training and not here.is_training) or (there.is_in_network and not here.is_in_network):
        return False
    if Asked.LOADERS in asked and not _has_alike_workers(there, here):
        return False
    return Asked.PROCESS not in asked or there.is_spawned is here.is_spawned


def _has_alike_workers(there: Place, here: Place) -> bool:
    return there.has_workers is here.has_workers and there.fixed_in_workers == here.fixed_in_workers
