"""From a set of patches that does it to one of which nothing can be left out.

Delta debugging's reduction to complements (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
IEEE Transactions on Software Engineering 28(2), 2002): leave out large parts first, then smaller ones, at last single
patches, over and over until no single one can be left out. The steps that try small subsets first are left out: most
patches of such a set are needed, so that they would only cost runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from auditor.model.lean import dataclass

T = TypeVar("T")


class Answer(Enum):
    """What a trial of a set says."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Reduction(Generic[T]):
    """What is left, with the answer for each set that was tried without one item."""

    kept: tuple[T, ...]
    """In the order of the items. Leaving out any one of them fails, or nobody can tell."""

    removed: tuple[T, ...]
    unknown: tuple[T, ...]
    """Those of `kept` of which it could not be told."""

    complete: bool
    """False where the search was given up before every item was tried."""


def reduce(items: Sequence[T], trial: Callable[[frozenset[T]], Answer], cancelled: Callable[[], bool]) -> Reduction[T]:
    """Return a set of which no single item can be left out; `trial` is asked at most once for each set.

    All `items` together must hold. The same items and answers give the same result. Items of unknown need stay.
    """
    known: dict[frozenset[T], Answer] = {}

    def answer(kept: Iterable[T]) -> Answer:
        key = frozenset(kept)
        if key not in known:
            known[key] = trial(key)
        return known[key]

    kept = list(items)
    size = max(1, len(kept) // 2)
    complete = True
    while kept:
        chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
        left = False
        for chunk in chunks:
            if cancelled():
                complete = False
                break
            rest = [item for item in kept if item not in chunk]
            if answer(rest) is Answer.HOLDS:
                kept, left = rest, True
        if not complete or (size == 1 and not left):
            break
        size = max(1, min(size // 2, len(kept) // 2))
    unknown = tuple(item for item in kept if known.get(frozenset(kept) - {item}) is not Answer.FAILS)
    removed = tuple(item for item in items if item not in kept)
    return Reduction(kept=tuple(kept), removed=removed, unknown=unknown, complete=complete)
