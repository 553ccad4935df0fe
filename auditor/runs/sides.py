"""What is known of one of two trainings that are held against each other; whoever reads it fills this in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.model.lean import dataclass, field
from auditor.model.variance import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A metric, or that of one class."""

    value: float
    source: str
    """`results.json`, `the output`."""

    printed: bool = False
    """Read from text for people, so that it is rounded, and no distance of bits can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One entry for each test sample, in order."""

    bits: Sequence[bytes]
    """All bits of an entry: a class, a number, or a row of scores."""

    shown: Callable[[int], str]
    """An entry as a person reads it: the class."""

    source: str
    classes: Sequence[str] | None = None
    """Predicted classes as text; None where entries are no classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Losses in the order in which they were had."""

    values: Sequence[float]
    places: Sequence[str]
    """`epoch 3` for each of them."""

    source: str
    printed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalTensor:
    """One final parameter or buffer."""

    dtype: str
    shape: tuple[int, ...]
    digest: str
    data: Callable[[], tuple[bytes, str]] | None = None
    """Its bytes and their dtype, which may be wider; None where they are not kept."""

    file: str = ""
    """The file that showed it beside what was known already; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalWeights:
    tensors: Mapping[str, FinalTensor]
    source: str
    unseen: tuple[str, ...] = ()
    """Tensors that could not be read, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Digests of files, by path."""

    digests: Mapping[str, str]
    source: str
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One training. Parts that are not known are None or empty, and `tried` says what was looked at for them."""

    name: str
    metrics: Mapping[str, Number] = field(default_factory=dict)
    classes: Mapping[str, Number] = field(default_factory=dict)
    predictions: Mapping[str, Samples] = field(default_factory=dict)
    losses: Mapping[str, Series] = field(default_factory=dict)
    weights: FinalWeights | None = None
    files: Written | None = None
    tried: Mapping[Criterion, tuple[str, ...]] = field(default_factory=dict)
    cut: str = ""
    """Why it is not the whole training: `r2 was stopped after 23 steps`; empty where it is."""
