"""Spread over replicas: deviation, churn, amplification, each with an interval.

Definitions are those of Zhuang, Zhang, Song, Hooker, "Randomness in Neural Network Training" (MLSys 2022); `artifact`
gives the churn of their code instead, which counts agreement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from operator import ne

from auditor.dynamic.statistics import bootstrap_interval
from auditor.experiments.criteria import distinct
from auditor.experiments.pairs import RESAMPLES, SEED, mean_of_pairs
from auditor.model.overhead import Interval
from auditor.model.variance import GroupSpread, Replica, ReplicaSpread

CLASS_RESAMPLES = 300
"""Fewer, because a group has as many intervals as it has classes."""


def deviation(values: Sequence[float], ddof: int = 0) -> float:
    """Return the standard deviation; 0 for one value, ValueError for none.

    `ddof`: 0 divides by the number of values, 1 by one less.
    """
    if not values:
        raise ValueError("the deviation of no values")
    if min(values) == max(values):
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - ddof))


def disagreement(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the share of samples that are predicted differently, 0 to 1; ValueError for other numbers of samples."""
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} and {len(second)} predictions cannot be held against each other")
    differing: int = sum(map(ne, first, second))
    return differing / len(first)


def churn(predictions: Sequence[Sequence[int]], *, artifact: bool = False) -> tuple[float, Interval]:
    """Return the mean disagreement over all pairs of replicas, and its interval; ValueError below two replicas.

    The interval is that of `mean_of_pairs`.
    """
    count = len(predictions)
    if count < 2:
        raise ValueError("churn needs two replicas")
    value, interval = mean_of_pairs(count, lambda row, column: disagreement(predictions[row], predictions[column]))
    if artifact:
        return 1 - value, Interval(low=1 - interval.high, high=1 - interval.low, level=interval.level)
    return value, interval


def spread(name: str, values: Sequence[float], ddof: int, resamples: int) -> ReplicaSpread:
    """Return one metric over replicas."""
    interval = bootstrap_interval(values, seed=SEED, statistic=partial(deviation, ddof=ddof), resamples=resamples)
    return ReplicaSpread(
        name=name,
        mean=math.fsum(values) / len(values),
        minimum=min(values),
        maximum=max(values),
        deviation=deviation(values, ddof),
        interval=interval,
    )


def group_spread(name: str, replicas: Sequence[Replica], *, ddof: int = 0, artifact: bool = False) -> GroupSpread:
    """Return the spread of a group's replicas. Classes are those that every replica has."""
    overall = [replica.overall for replica in replicas if replica.overall is not None]
    whole = spread("overall", overall, ddof, RESAMPLES) if overall else None
    tables = [dict(replica.classes) for replica in replicas]
    names = [each for each in tables[0] if all(each in table for table in tables)] if tables else []
    classes = tuple(spread(each, [table[each] for table in tables], ddof, CLASS_RESAMPLES) for each in names)
    widest = max(classes, key=lambda each: each.deviation, default=None)
    predictions = [replica.predictions for replica in replicas if replica.predictions]
    comparable = len(predictions) > 1 and len({len(each) for each in predictions}) == 1
    value, interval = churn(predictions, artifact=artifact) if comparable else (None, None)
    return GroupSpread(
        name=name,
        replicas=len(replicas),
        distinct=len(distinct(replicas)),
        overall=whole,
        classes=classes,
        widest_class=widest.name if widest is not None and widest.deviation else None,
        amplification=widest.deviation / whole.deviation if widest and whole and whole.deviation else None,
        churn=value,
        churn_interval=interval,
        replicas_to_halve=replicas_to_halve(len(replicas)),
    )


def replicas_to_halve(count: int) -> int:
    """Return how many replicas would halve the interval of a deviation.

    The standard error of the deviation of n normal values is about σ / √(2 (n - 1)).
    """
    return 4 * (count - 1) + 1
