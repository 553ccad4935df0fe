"""The answer of the seeding analysis for one program and one RNG library."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.ruleset.library import Library


class SeedStatus(Enum):
    """How a program's draws from one library stand to its seeds; the worst that holds."""

    SEEDED = "seeded"
    """Every draw that is reached comes after a seed that is the same in every run."""

    UNSEEDED = "unseeded"
    """At least one draw is reached and no seed comes before or after it on any path to or from it."""

    TOO_LATE = "seeded-too-late"
    """The library is seeded, but numbers were drawn from it before."""

    CONDITIONAL = "conditional"
    """Seeded under a condition only, `condition`, that need not hold or does not hold by default."""

    NONE = "none"
    """Seeded with a value that is None by default, so with fresh entropy."""

    ENTROPY = "entropy"
    """Seeded with a value that differs from run to run: time, process id, hash of a string, an unseeded draw."""


class SeedValue(Enum):
    """What is known about the value that a library is seeded with."""

    FIXED = "fixed"
    """The same in every run: a constant, an option's default, a restored state."""

    GIVEN = "given"
    """From a configuration or an argument whose value is not known here; counts as the same in every run."""

    NONE = "none"
    ENTROPY = "entropy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A reached call that takes numbers from a library's global state."""

    location: Location
    callee: str
    """Resolved name of what is called."""

    via: tuple[Location, ...] = ()
    """The calls and imports that lead there from the entry point, outermost first."""

    in_worker: bool = False
    """Reached only in DataLoader workers."""

    in_spawned: bool = False
    """Drawn without a seed in a process that was started anew."""

    may_be_stored: bool = False
    """Initial weights of a model that loads stored ones in every run, perhaps not all."""

    is_aside: bool = False
    """In an arm that no plain run takes, as another seed than the default leads there: `if args.seed == -1:`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A reached call that seeds a library."""

    location: Location
    callee: str
    value: SeedValue
    text: str
    """The seed expression as written: `args.seed`."""

    detail: str = ""
    """What is known about it, to follow the text: `None by default`, `time.time()`."""

    condition: str | None = None
    """Source text of the condition it stands under; None where it is always executed."""

    via: tuple[Location, ...] = ()


def place_of(location: Location) -> tuple[str, int, int | None]:
    """Draws within one line are one."""
    return location.path, location.line, location.cell


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryVerdict:
    """One program, one RNG library."""

    entry_point: str
    """Path of the program."""

    library: Library
    status: SeedStatus
    draws: tuple[Draw, ...]
    """The draws that the status rests on, in the order in which they are first reached; all reached draws where SEEDED.

    Draws within one line are one. At most `seeding.MAX_DRAWS`; `draw_count` is the full number.
    """

    draw_count: int
    unlisted: frozenset[tuple[str, int, int | None]]
    """Where the others stand: path, line, cell."""

    seeds: tuple[Seed, ...]
    """Every reached seed, in order."""

    first_draw: Draw
    first_seed: Seed | None
    """The seed that is reached first; where it comes too late for the draws, the first that comes after them."""

    condition: str | None = None
    """For CONDITIONAL: the condition's source text."""

    certain: bool = True
    """False where an assumption was needed (number of workers unknown); lower the confidence then."""

    @property
    def is_open(self) -> bool:
        """Whether anything is left to be desired."""
        return self.status is not SeedStatus.SEEDED

    @property
    def is_left_to_workers(self) -> bool:
        """Whether the library is seeded, and drawn from in loader workers only, which seed it anew from another one."""
        return (
            bool(self.seeds)
            and self.library.worker_seeded_by is not None
            and all(draw.in_worker for draw in self.draws)
        )

    @property
    def told(self) -> tuple[object, ...]:
        """All of it, with the library by its id; written out it is the same in every process."""
        unlisted = sorted(self.unlisted, key=lambda place: (place[0], place[2] or 0, place[1]))
        return (
            self.entry_point, self.library.id, self.status, self.draws, self.draw_count, unlisted,
            self.seeds, self.first_draw, self.first_seed, self.condition, self.certain,
        )  # fmt: skip
