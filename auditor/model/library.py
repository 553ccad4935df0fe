"""What is known about RNG libraries and about calls that seed them; filled from `rules/libraries/*.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Unset(Enum):
    """What a seeding call does when its seed argument is missing or None."""

    ENTROPY = "entropy"
    """Takes fresh entropy: `random.seed()`, `numpy.random.seed(None)`, `torch.seed()`."""

    FIXED = "fixed"
    """Uses a constant: `transformers.TrainingArguments()` has seed 42."""

    NOTHING = "nothing"
    """Seeds nothing: `sklearn` estimators' `random_state=None` leaves the global generator as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCall:
    """A call that seeds one or more RNG libraries."""

    calls: tuple[str, ...]
    """Fully qualified names, as imports resolve: `numpy.random.seed`, `lightning.seed_everything`."""

    libraries: tuple[str, ...]
    """Ids of the libraries that it seeds."""

    argument: str | None = "seed"
    """Name of the seed argument; None where the call takes none (`torch.seed`) or restores a kept state."""

    position: int | None = 0
    """Index of that argument among the positional ones; None where it is keyword-only."""

    missing: Unset = Unset.ENTROPY
    none: Unset = Unset.ENTROPY


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawCall:
    """Calls that take numbers from a library's global state."""

    calls: tuple[str, ...]
    """Fully qualified names; `numpy.random.*` stands for every name directly in that module."""

    excluding: tuple[str, ...] = ()
    """Names that a `*` would cover but that draw nothing."""

    unless: Mapping[str, int | None] = field(default_factory=dict)
    """Arguments (name → index or None) that bring an own generator: given and not None, the call does not draw."""

    when: Mapping[str, tuple[int | None, object]] = field(default_factory=dict)
    """Arguments (name → (index or None, value)) that must be known to have this value for the call to draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RngLibrary:
    """One source of pseudo-randomness with a state of its own for the whole process."""

    id: str
    """`numpy.random`."""

    title: str
    """For messages: `NumPy's global generator`."""

    draws: tuple[DrawCall, ...]
    draw_methods: tuple[str, ...] = ()
    """Method names that always mean a draw, whatever they are called on: `uniform_`, `normal_`."""

    tokens: tuple[str, ...] = ()
    """Words of which at least one is in every file that draws from or seeds this library: `random`, `torch`."""

    worker_seeded_by: str | None = None
    """Library from whose state this one is seeded in DataLoader workers (`torch`); None where it is not."""

    seed_hint: str = ""
    """The statement that seeds it: `numpy.random.seed(0)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryKnowledge:
    """Everything from `rules/libraries`."""

    libraries: tuple[RngLibrary, ...]
    seeds: tuple[SeedCall, ...]
    returns: Mapping[str, str] = field(default_factory=dict)
    """Type that a factory returns: `numpy.random.default_rng` → `numpy.random.Generator`."""

    loaders: tuple[str, ...] = ()
    """Classes that iterate the dataset they are given, in worker processes where `num_workers` asks for them."""
