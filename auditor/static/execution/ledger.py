"""What was found while a program was followed, and the state of its RNG libraries on the path being followed."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.lean import dataclass, field, replace
from auditor.model.location import Location
from auditor.ruleset.networks import Networks
from auditor.static.evaluation.rngstate import NOTHING_YET, SEEDED, START, STORED_WEIGHTS, Level, Pending, Rank, State
from auditor.static.execution.effects import Asked
from auditor.static.execution.knowledge import RngIndex
from auditor.static.execution.montecarlo import is_dropout
from auditor.static.execution.weights import is_initial
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import Draw, Seed, SeedValue
from auditor.static.resolution.seedvalue import Seen

MAX_VIA = 12
"""Steps of the way to a draw that are kept."""

RANKS = {SeedValue.NONE: Rank.NONE, SeedValue.ENTROPY: Rank.ENTROPY}

_WHAT_WAITS = frozenset((Asked.PLACE, Asked.LOADERS))
"""What is asked where draws that wait may come."""

_WITH_MODES = frozenset({"tensorflow", "torch", "torch.cuda"})
"""Libraries whose networks know whether they are being trained."""


@dataclass(slots=True)
class DrawRecord:
    """One line that draws from one library, and what was known whenever it was reached."""

    draw: Draw
    library: str
    levels: set[Level] = field(default_factory=set)
    followed_by: Rank | None = None
    """Drawn while unseeded, and a seed of this kind follows on the same path; the first one counts."""

    seeded_at: Location | None = None
    """Where that seed stands."""

    certain: bool = True
    in_training: bool = True
    """Reached only where a network asks whether it is being trained."""

    picked: bool = False
    """Only reached in something that is picked by name: whether it is what the program runs is not known."""

    taken: bool = False
    """Only reached in one of several things that are registered: a configuration says which of them it is."""

    turn: int = 0
    """Its place among those that are reached outside of models whose weights stored ones replace; 0: never."""

    in_spawned: bool = False
    """Drawn while unseeded in a process that was started anew."""

    may_be_stored: bool = False
    """Initial weights of a model that loads stored ones in every run, perhaps not all."""

    is_aside: bool = True
    """Only stands in arms that no plain run takes, as another seed than the default leads there."""

    may_stop: bool = False
    """Drawn while unseeded on a path that ends the program before any seed: `--print-config` and its like."""

    is_deferred: bool = True
    """Comes later than what makes it: transforms, loaders."""

    is_in_plain_run: bool = False
    """Drawn while unseeded where a run that nobody gives an option may come."""

    beside: str | None = None
    """Drawn while unseeded where such a run does not come: the condition under which it goes elsewhere."""

    goes_on: bool = False
    """Drawn while unseeded on a path that goes on to the program's end without a seed."""


class Ledger:
    """Notes of one program; `state` belongs to the path that is being followed."""

    def __init__(self, rng: RngIndex, networks: Networks) -> None:
        self._networks = networks
        self.records: list[DrawRecord] = []
        """In the order in which they were first reached."""

        self.seeds: dict[tuple[str, Location, SeedValue], Seed] = {}
        """By library, place and kind of value, in order."""

        self._under: dict[tuple[str, Location, SeedValue], int] = {}
        """Conditions that each of them was reached under."""

        self.loads_weights = False
        """A model's state is replaced by a stored one somewhere, perhaps under a condition."""

        self.cut = ""
        """Why some of what the program does is not followed, where that is so."""

        self.unnamed: Location | None = None
        """Where something is made by a name that only a configuration tells, which is not known."""

        self.beyond: Location | None = None
        """Where something is made of which configurations name more than are followed."""

        self.more: Location | None = None
        """Where something is taken out of a table or a module that holds more than is followed."""

        self.is_named = False
        """Something is made by such a name that is known."""

        self.state: State = NOTHING_YET
        self.conditions: list[str] = []
        """Conditions around the current place that need not hold, outermost first."""

        self.stack: list[Location] = []
        """Calls and imports that led to the current place."""

        self.deferring = 0
        """Above 0: what is being followed is executed later than the place that led to it."""

        self.muted = 0
        """Above 0: what is being followed is never executed in this call; its seeds are noted, its draws are not."""

        self.aside: list[int] = []
        """Length of `stack` in each arm around the current place, outermost first; -1 where a plain run may take it, or
        where its condition asks for no seed."""

        self.beside: list[str] = []
        """Of each arm around the current place that no plain run takes, the condition that leads to the other."""

        self.training = 0
        """Above 0: only reached where a condition asks whether a network is being trained."""

        self.in_network = 0
        """Above 0: in a network that something outside got, and calls later."""

        self.loads_some = False
        """Like `loads_weights`, and perhaps only some of a model's weights are replaced."""

        self.loads_always = False
        """On every way through the program one of these comes: not only below `if args.resume:`."""

        self.picked_at: Location | None = None
        """In one of several things that the program picks by name here: only their initial weights are noted, here."""

        self.taken = 0
        """Above 0: in one of several things that may be taken out of a table in which they are registered."""

        self.replaced = 0
        """Above 0: a model is being made whose initial weights are replaced by stored ones."""

        self.initialising = 0
        """Above 0: what is drawn becomes a parameter of a network."""

        self.spawned = 0
        """Above 0: in a process that was started anew."""

        self.seeded_later: set[str] = set()
        """Libraries that something seeds which is executed later than the place that led to it."""

        self.entered: State | None = None
        """The state before the innermost context was entered; None outside of contexts."""

        self.left: set[str] = set()
        """Libraries whose unseeded state a context that is being entered puts back when it is left."""

        self.unseeded: set[int] = set()
        """Draws that were reached while unseeded."""

        self.asked: set[Asked] = set()
        """What the function that is being followed had to know about the place that it is called from."""

        self.entering = 0
        """Above 0: a generator is being followed that is a context; what stands behind its `yield` comes later."""

        self.worker: bool | None = False
        """In DataLoader workers; None: perhaps."""

        self.has_workers = False
        """Whether a loader was made that may have workers."""

        self.fixed_in_workers: frozenset[str] = frozenset()
        """Libraries that the workers of all these loaders seed with the same numbers in every run."""

        self.prepared: dict[str, Level] = {}
        """What initializers of pools have seeded: in the processes of these, and nowhere else."""

        self.settled: list[tuple[str, Rank, Location]] = []
        """Libraries, with what and where, in the order in which they were seeded."""

        self._rng = rng
        self._turns = 0
        self._numbers: dict[tuple[str, Location], int] = {}
        self._initial: dict[Location, list[int]] = {}
        """Initial weights, by each place on the way to them."""

    @property
    def in_training(self) -> bool:
        """Whether the current place stands under `if self.training:` of a network, and not of what loads data."""
        return self.training > 0 and (self.in_network > 0 or not self.deferring)

    def way(self) -> tuple[Location, ...]:
        """How the current place was reached, outermost first; the middle of long ways is left out."""
        stack, half = self.stack, MAX_VIA // 2
        return tuple(stack) if len(stack) <= MAX_VIA else (*stack[:half], *stack[-half:])

    def draw(self, library: str, callee: str, node: ast.AST, frame: Frame, *, deferred: bool) -> None:
        """Note a draw; `deferred`: it comes later than this place."""
        self.asked.add(Asked.PLACE)
        if self.muted or (self.replaced and is_initial(callee, self._networks) and not is_dropout(callee)):
            return
        # Of many models that may be picked one is told, where it is picked.
        picked_at = self.picked_at if self._networks.initialises(callee) else None
        number = self._number(library, callee, picked_at or frame.module.location(node))
        self.records[number].taken &= self.taken > 0 or (picked_at is None and self.picked_at is not None)
        self.records[number].in_training &= library in _WITH_MODES and self.in_training
        if not self.records[number].turn and not (self.replaced and self._networks.initialises(callee)):
            self._turns += 1
            self.records[number].turn = self._turns
        self.records[number].is_aside &= len(self.stack) in self.aside
        self.records[number].is_deferred &= deferred
        if deferred or self.deferring:
            pending = Pending(number, library, self.worker)
            if self._level(pending).rank is Rank.SEEDED:
                self._come(pending)
            else:
                self.state = replace(self.state, pending=self.state.pending | {pending})
            return
        level = self.state.level(library)
        self.records[number].levels.add(level)
        if level.rank is Rank.UNSEEDED:
            self.reach_unseeded((number,))
            self.state = self.state.with_draw(library, number)

    def _number(self, library: str, callee: str, location: Location) -> int:
        key = (library, replace(location, column=1, end_line=None, end_column=None))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.records)
            draw = Draw(location=location, callee=callee, via=self.way(), in_worker=self.worker is True)
            self.records.append(DrawRecord(draw, library, picked=self.picked_at is not None, taken=True))
            for place in {location, *draw.via} if self._networks.initialises(callee) else ():
                self._initial.setdefault(place, []).append(number)
        if self.picked_at is None:
            self.records[number].picked = False
        if self.worker is not True and self.records[number].draw.in_worker:
            self.records[number].draw = replace(self.records[number].draw, in_worker=False)
        return number

    def seed(self, library: str, callee: str, node: ast.Call, value: Seen, text: str, frame: Frame) -> None:
        """Note a seed and what it does to the state. Seeds in workers and in later code do not count here."""
        self.asked.add(Asked.PLACE)
        if self.worker is not False or self.deferring:
            if value.kind not in RANKS:
                self.seeded_later.add(library)
            return
        location = frame.module.location(node)
        key = (library, location, value.kind)
        # Where it is reached twice, the way with fewer conditions tells more of when it is.
        if key not in self.seeds or len(self.conditions) < self._under[key]:
            self._under[key] = len(self.conditions)
            self.seeds[key] = Seed(
                location=location,
                callee=callee,
                value=value.kind,
                text=text,
                detail=value.detail,
                condition=self.conditions[-1] if self.conditions else None,
                via=self.way(),
            )
        rank = RANKS.get(value.kind, Rank.SEEDED)
        self.state = self.state.with_level(library, Level(rank))
        self.settle(library, rank, location)

    def note_loading(self, *, all_weights: bool, some: bool) -> None:
        """Stored weights may come here."""
        self.loads_weights |= all_weights
        self.loads_some |= some
        if all_weights or some:
            self.asked.add(Asked.PLACE)
            self.state = self.state.with_level(STORED_WEIGHTS, SEEDED)
            # What is executed later, or in another process, comes on no path of its own.
            self.loads_always |= (self.deferring > 0 or self.spawned > 0) and not self.conditions

    def load(self, made_at: Location) -> None:
        """The model that was made there loads stored weights."""
        made = self._initial.get(made_at, ())
        self.asked.update((Asked.PLACE,) if made else ())
        if not self.conditions and not self.muted:
            for number in made:
                self.records[number].may_be_stored = True

    def put_back(self, libraries: Iterable[str]) -> None:
        """The unseeded state that generators had before is put back, or as far seeded as it was around a context."""
        self.asked.add(Asked.PLACE)
        if self.entering:
            self.left.update(libraries)
            return
        for library in libraries:
            self.state = self.state.with_level(library, self.entered.level(library) if self.entered else START)
            # What was drawn before the context is not seeded too late by a seed that holds inside of it only.
            for number in sorted(self.entered.drawn.get(library, ()) if self.entered else ()):
                self.records[number].followed_by = self.records[number].seeded_at = None
                self.state = self.state.with_draw(library, number)

    def settle(self, library: str, rank: Rank, location: Location) -> None:
        """A library is seeded: earlier draws came too early, later uses of objects made before are fine."""
        self.asked |= _WHAT_WAITS
        self.settled.append((library, rank, location))
        # What is never executed comes after nothing that was drawn.
        for number in sorted(self.state.drawn.get(library, ())) if not self.muted else ():
            record = self.records[number]
            if record.followed_by is None:
                record.followed_by, record.seeded_at = rank, location
        come = {item for item in self.state.pending if self._level(item).rank is Rank.SEEDED}
        for item in sorted(come):
            self._come(item)
        drawn = {name: numbers for name, numbers in self.state.drawn.items() if name != library}
        self.state = replace(self.state, drawn=drawn, pending=self.state.pending - come)

    def reach_unseeded(self, numbers: Iterable[int]) -> None:
        """These draws are reached while nothing has seeded their library."""
        self.unseeded.update(numbers)
        for number in numbers:
            record = self.records[number]
            record.in_spawned |= self.spawned > 0
            record.is_in_plain_run |= not self.beside
            if self.beside and record.beside is None:
                record.beside = self.beside[0]

    def stop(self, before: State) -> None:
        """The path that is being followed ends the program; `before` is the state where it left the others."""
        for library, numbers in self.state.drawn.items():
            for number in numbers - before.drawn.get(library, frozenset()):
                self.records[number].may_stop = True

    def finish(self) -> None:
        """The program is at its end: what is still to come comes now."""
        self.happen(self.state.pending)
        self.loads_always |= self.state.level(STORED_WEIGHTS) == SEEDED
        for numbers in self.state.drawn.values():
            for number in numbers:
                self.records[number].goes_on = True

    def happen(self, pending: frozenset[Pending]) -> None:
        """Draws that were to come later come now, in the present state."""
        for item in sorted(pending & self.state.pending):
            self._come(item)
        self.state = replace(self.state, pending=self.state.pending - pending)

    def _come(self, item: Pending) -> None:
        self.asked |= _WHAT_WAITS
        record = self.records[item.draw]
        level = self._level(item)
        if level.rank < self.state.level(item.library).rank:
            # Its workers are seeded by a library that nothing seeds there: that one is to blame.
            self.asked.add(Asked.PROCESS)
            if self.spawned:
                return
        record.levels.add(level)
        if level.rank is Rank.UNSEEDED:
            self.reach_unseeded((item.draw,))
        source = self._rng.libraries[item.library].worker_seeded_by
        record.certain = record.certain and (item.in_worker is not None or not self.has_workers or source is None)

    def workers(self, fixed: frozenset[str]) -> None:
        """A loader was made that may have workers, which seed these libraries when they start."""
        self.fixed_in_workers = self.fixed_in_workers & fixed if self.has_workers else fixed
        self.has_workers = True

    def is_seeded_later(self, item: Pending) -> bool:
        """Whether what is executed later than the place that led to it seeds a draw of it, or seeds it for workers."""
        self.asked |= _WHAT_WAITS
        if item.library in self.seeded_later:
            return True
        by_workers = self.has_workers and item.in_worker is not False
        return by_workers and self._rng.libraries[item.library].worker_seeded_by in self.seeded_later

    def _level(self, item: Pending) -> Level:
        """How well a pending draw is seeded in the present state.

        Workers seed a library from another one (`worker_seeded_by`). Where the number of workers is not known, or not
        which loader it is that asks, the better of the two is believed.
        """
        own = self.state.level(item.library)
        source = self._rng.libraries[item.library].worker_seeded_by
        if item.in_worker is False or source is None:
            return own
        self.asked.add(Asked.LOADERS)
        if not self.has_workers:
            return own
        theirs = SEEDED if item.library in self.fixed_in_workers else self.state.level(source)
        if item.in_worker:
            return theirs
        return max(theirs, own, key=lambda level: level.rank)
