"""How far each RNG library is seeded at a point of the program, along one path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from auditor.model.lean import dataclass, replace
from auditor.static.resolution.seedvalue import Seen


class Rank(IntEnum):
    """What draws at this point get; the lower the worse."""

    UNSEEDED = 0
    ENTROPY = 1
    NONE = 2
    MAYBE = 3
    SEEDED = 4


@dataclass(frozen=True, slots=True)
class Level:
    """State of one library; `condition` is the text of the condition under which it is seeded, for MAYBE."""

    rank: Rank
    condition: str | None = None


STORED_WEIGHTS = "stored weights"
"""Stands among the libraries: whether a model got stored weights is kept along paths, and joined, as a seed is."""

START = Level(Rank.UNSEEDED)
SEEDED = Level(Rank.SEEDED)


@dataclass(frozen=True, slots=True)
class Pending:
    """A draw that comes after the place where its object was made: a loader's order, a callback's numbers."""

    draw: int
    """Number of the draw record."""

    library: str
    in_worker: bool | None
    """In DataLoader workers; None: depends on a number of workers that is not known."""

    def __lt__(self, other: Pending) -> bool:
        return (self.draw, self.library, str(self.in_worker)) < (other.draw, other.library, str(other.in_worker))


@dataclass(frozen=True, slots=True)
class State:
    """Everything that depends on the path taken so far."""

    levels: Mapping[str, Level]
    """Libraries that are not in it are at the start."""

    drawn: Mapping[str, frozenset[int]]
    """Draws while unseeded that no seed has followed yet, by library."""

    pending: frozenset[Pending]
    options: Mapping[str, Seen]
    """What the program itself has stored in its command-line options, and in names of modules (`global_key`)."""

    def level(self, library: str) -> Level:
        return self.levels.get(library, START)

    def with_level(self, library: str, level: Level) -> State:
        return replace(self, levels={**self.levels, library: level})

    def with_draw(self, library: str, draw: int) -> State:
        drawn = self.drawn.get(library, frozenset())
        return self if draw in drawn else replace(self, drawn={**self.drawn, library: drawn | {draw}})

    def key(self) -> tuple[tuple[str, Level], ...]:
        return tuple(sorted((library, level) for library, level in self.levels.items() if level != START))


NOTHING_YET = State({}, {}, frozenset(), {})


def join(states: Iterable[tuple[State, str | None]]) -> State | None:
    """Where paths meet: each with the condition under which it is taken (None: otherwise). None for no path at all."""
    joined: State | None = None
    condition: str | None = None
    for state, text in states:
        if joined is None:
            joined, condition = state, text
        else:
            joined = _joined(joined, condition, state, text)
            condition = condition or text
    return joined


def _joined(one: State, one_if: str | None, other: State, other_if: str | None) -> State:
    if one is other:
        return one
    levels = {
        library: join_levels(one.level(library), one_if, other.level(library), other_if)
        for library in sorted({*one.levels, *other.levels})
    }
    options = {
        name: (one.options[name] if name in one.options else other.options[name])
        for name in sorted({*one.options, *other.options})
    }
    return State(levels, joined_draws(one, other), one.pending | other.pending, options)


def joined_draws(one: State, other: State) -> Mapping[str, frozenset[int]]:
    """The draws of either that no seed has followed yet."""
    if one.drawn is other.drawn:
        return one.drawn
    return {
        library: one.drawn.get(library, frozenset()) | other.drawn.get(library, frozenset())
        for library in sorted({*one.drawn, *other.drawn})
    }


def join_levels(one: Level, one_if: str | None, other: Level, other_if: str | None) -> Level:
    """The level where two paths meet."""
    if one.rank == other.rank:
        return one
    better, worse = (one, other) if one.rank > other.rank else (other, one)
    if better.rank is Rank.SEEDED:
        if worse.rank is Rank.MAYBE:
            return worse
        text = one_if if better is one else other_if
        opposite = other_if if better is one else one_if
        return Level(Rank.MAYBE, text or (negated(opposite) if opposite else None))
    return better if better.rank is Rank.MAYBE else worse


def negated(condition: str) -> str:
    """The opposite of a condition, as people write it."""
    if condition.startswith("not ") and " and " not in condition and " or " not in condition:
        return condition[4:]
    for one, other in ((" is not None", " is None"), (" is None", " is not None")):
        if condition.endswith(one) and condition.count(" ") == one.count(" "):
            return condition.removesuffix(one) + other
    return f"not {condition}" if condition.replace(".", "").replace("_", "").isalnum() else f"not ({condition})"
