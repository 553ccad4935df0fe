"""Rates among some of the test samples, and how far they spread over replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.experiments.spread import CLASS_RESAMPLES, spread
from auditor.model.variance import SubgroupSpread

WHOLE = "all"


def class_accuracies(
    predictions: Sequence[int], labels: Sequence[int], names: Sequence[str]
) -> list[tuple[str, float]]:
    """Return the share of each class's samples that are predicted as such; `names[k]` is class k. In order of class."""
    found = []
    for index, name in enumerate(names):
        own = [predicted == index for predicted, label in zip(predictions, labels, strict=True) if label == index]
        if own:
            found.append((name, sum(own) / len(own)))
    return found


def rates(
    predictions: Sequence[int], labels: Sequence[int], positive: int | None, *, artifact: bool = False
) -> dict[str, float]:
    """Return `accuracy`, and where a class counts as positive `fpr` = FP/(FP+TN) and `fnr` = FN/(FN+TP).

    A rate without samples is left out. `artifact`: FN/(FP+TN), as in the code of Zhuang et al. (MLSys 2022).
    """
    pairs = list(zip(predictions, labels, strict=True))
    found = {"accuracy": sum(predicted == label for predicted, label in pairs) / len(pairs)} if pairs else {}
    if positive is None:
        return found
    negatives = sum(label != positive for _, label in pairs)
    positives = len(pairs) - negatives
    false_positives = sum(label != positive and predicted == positive for predicted, label in pairs)
    false_negatives = sum(label == positive and predicted != positive for predicted, label in pairs)
    if negatives:
        found["fpr"] = false_positives / negatives
    below = negatives if artifact else positives
    if below:
        found["fnr"] = false_negatives / below
    return found


def subgroup_spreads(
    predictions: Sequence[Sequence[int]],
    labels: Sequence[int],
    groupings: Mapping[str, Sequence[str]],
    positive: int | None,
    *,
    ddof: int = 0,
    artifact: bool = False,
) -> tuple[SubgroupSpread, ...]:
    """Return the spread of every rate in every sub-group, the whole test set first.

    `predictions`: one row a replica. `groupings`: name of a grouping and, for each sample, in which sub-group it is.
    """
    everything = list(range(len(labels)))
    whole = _spread_of(WHOLE, WHOLE, everything, predictions, labels, positive, ddof, artifact, {})
    found = list(whole)
    of_whole = {each.rate: each.deviation for each in whole}
    for grouping in groupings:
        names = groupings[grouping]
        for name in sorted(set(names)):
            chosen = [index for index in everything if names[index] == name]
            found += _spread_of(grouping, name, chosen, predictions, labels, positive, ddof, artifact, of_whole)
    return tuple(found)


def _spread_of(
    grouping: str,
    name: str,
    chosen: Sequence[int],
    predictions: Sequence[Sequence[int]],
    labels: Sequence[int],
    positive: int | None,
    ddof: int,
    artifact: bool,
    of_whole: Mapping[str, float],
) -> list[SubgroupSpread]:
    true = [labels[index] for index in chosen]
    values = [rates([row[index] for index in chosen], true, positive, artifact=artifact) for row in predictions]
    found = []
    for rate in values[0]:
        one = spread(rate, [each[rate] for each in values], ddof, CLASS_RESAMPLES)
        reference = of_whole.get(rate)
        found.append(
            SubgroupSpread(
                grouping=grouping,
                name=name,
                samples=len(chosen),
                rate=rate,
                mean=one.mean,
                deviation=one.deviation,
                interval=one.interval,
                ratio=one.deviation / reference if reference else None,
            )
        )
    return found
