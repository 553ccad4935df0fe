"""Two results held against each other, criterion by criterion, exactly.

A training is reproducible if two runs under one set-up agree in the overall metric, in the metric of every class, in
every single prediction and in every epoch's loss (Chen et al., "Towards Training Reproducible Deep Learning Models",
ICSE 2022). No tolerance: the same bits or not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from auditor.model.variance import Criterion, PairCounts, Replica


def differing(reference: Replica, candidate: Replica) -> tuple[Criterion, ...]:
    """The criteria in which two results differ, coarsest first. What neither has is no difference."""
    found = []
    if _bits([reference.overall]) != _bits([candidate.overall]):
        found.append(Criterion.OVERALL)
    if _classes(reference) != _classes(candidate):
        found.append(Criterion.PER_CLASS)
    if reference.predictions != candidate.predictions:
        found.append(Criterion.PREDICTIONS)
    if _bits(reference.losses) != _bits(candidate.losses):
        found.append(Criterion.LOSSES)
    return tuple(found)


def is_comparable(replica: Replica, criterion: Criterion) -> bool:
    """Whether a result has what a criterion looks at."""
    has = {
        Criterion.OVERALL: replica.overall is not None,
        Criterion.PER_CLASS: bool(replica.classes),
        Criterion.PREDICTIONS: bool(replica.predictions),
        Criterion.LOSSES: bool(replica.losses),
    }
    return has.get(criterion, False)


def count_pairs(group: str, relation: str, pairs: Sequence[tuple[Replica, Replica]]) -> PairCounts:
    """Count the pairs that agree, by criterion; a criterion that no pair can be held to is left out."""
    differences = [differing(*pair) for pair in pairs]
    held = [each for each in Criterion if any(is_comparable(replica, each) for pair in pairs for replica in pair)]
    first = next(((pair, found) for pair, found in zip(pairs, differences, strict=True) if found), None)
    gaps = [loss_gap(*pair) for pair in pairs]
    return PairCounts(
        group=group,
        relation=relation,
        pairs=len(pairs),
        equal={each.value: sum(each not in found for found in differences) for each in held},
        identical=sum(not found for found in differences),
        first_difference=None if first is None else _told(*first),
        largest_loss_difference=max((gap for gap in gaps if gap is not None), default=None),
    )


def loss_gap(reference: Replica, candidate: Replica) -> float | None:
    """The largest relative difference between the losses of an epoch; None without losses.

    |a - b| / max(|a|, |b|); infinite where only one of them is finite.
    """
    pairs = list(zip(reference.losses, candidate.losses, strict=False))
    if not pairs:
        return None
    return max(_relative(first, second) for first, second in pairs)


def distinct(replicas: Iterable[Replica]) -> list[Replica]:
    """The replicas without those that equal an earlier one in every criterion."""
    kept: list[Replica] = []
    for replica in replicas:
        if all(differing(replica, earlier) for earlier in kept):
            kept.append(replica)
    return kept


def _relative(first: float, second: float) -> float:
    if _bits([first]) == _bits([second]):
        return 0.0
    size = max(abs(first), abs(second))
    gap = abs(first - second)
    if gap != gap or size == float("inf"):  # one is infinite or not a number, the other one is not the same
        return float("inf")
    return gap / size if size else 0.0


def _classes(replica: Replica) -> list[tuple[str, bytes]]:
    return [(name, _bits([value])) for name, value in replica.classes]


def _bits(values: Sequence[float | None]) -> bytes:
    """Bytes that are equal exactly if the numbers have the same bits: 0.0 is not -0.0, a nan equals itself."""
    return b"".join(b"none" if value is None else struct.pack("<d", value) for value in values)


def _told(pair: tuple[Replica, Replica], found: Sequence[Criterion]) -> str:
    return f"{pair[0].name} and {pair[1].name} differ in {found[0].value}"
