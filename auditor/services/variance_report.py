"""From the results of replicas to the report: spreads, tests between variants, shares, and what speaks against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from auditor.dynamic.significance import brown_forsythe, cliffs_delta, rank_sum
from auditor.dynamic.statistics import LEVEL
from auditor.errors import UsageError
from auditor.experiments.pairs import RESAMPLES, SEED
from auditor.experiments.spread import CLASS_RESAMPLES, group_spread, spread
from auditor.experiments.subgroups import class_accuracies, subgroup_spreads
from auditor.experiments.variants import ALGORITHMIC, BOTH, IMPLEMENTATION, Variant
from auditor.experiments.weightspace import weight_spread
from auditor.model.lean import dataclass, replace
from auditor.model.variance import (
    GroupSpread,
    Replica,
    ReplicaSetUp,
    Share,
    Significance,
    SubgroupSpread,
    VarianceReport,
    WeightSpread,
)
from auditor.runs.samples import Column
from auditor.services.replica_results import Result

ACCURACY = "accuracy"
_SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How results are to be read."""

    groupings: Mapping[str, Column]
    """Name of a grouping → for each test sample, in which sub-group it is."""

    positive: str | None
    """The class whose false positives and negatives count; None for the larger one of two, and none of more."""

    ddof: int
    artifact: bool


Results = Mapping[Variant, Sequence[Result]]


def variance_report(
    results: Results, reading: Reading, set_up: ReplicaSetUp, failures: Sequence[str]
) -> VarianceReport:
    """Put together the report of all variants; `failures` are sentences about replicas that did not end well."""
    labels = _labels(results)
    classes = _classes(results, labels)
    table = {variant: _Table.of(variant, found, labels, classes, reading) for variant, found in results.items()}
    groups = {variant: each.group() for variant, each in table.items()}
    return VarianceReport(
        source=" ".join(set_up.command),
        results=sum(len(found) for found in results.values()),
        ddof=reading.ddof,
        artifact=reading.artifact,
        pairs=(),
        groups=tuple(groups.values()),
        warnings=(*failures, *_warnings(results, groups, set_up)),
        method=_method(groups),
        set_up=set_up,
        tests=tuple(_tests(table)),
        shares=tuple(_shares(groups, reading.artifact)),
    )


@dataclass(frozen=True, kw_only=True)
class _Table:
    """The replicas of one variant, with classes as numbers."""

    variant: Variant
    results: Sequence[Result]
    predictions: Sequence[tuple[int, ...]]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    metrics: Mapping[str, tuple[float, ...]]
    reading: Reading

    @classmethod
    def of(
        cls,
        variant: Variant,
        results: Sequence[Result],
        labels: Column | None,
        classes: tuple[str, ...],
        reading: Reading,
    ) -> _Table:
        number = {name: index for index, name in enumerate(classes)}
        known = [result.predictions for result in results if result.predictions is not None]
        predictions = [tuple(number[name] for name in row) for row in known]
        true = tuple(number[name] for name in labels or ())
        metrics: dict[str, tuple[float, ...]] = {}
        if true and predictions and len(predictions) == len(results):
            hits = [sum(map(int.__eq__, row, true)) / len(true) for row in predictions]
            metrics[ACCURACY] = tuple(hits)
        for name in dict.fromkeys(name for result in results for name in result.metrics):
            values = tuple(result.metrics[name] for result in results if name in result.metrics)
            metrics.setdefault(name, values)
        return cls(
            variant=variant,
            results=results,
            predictions=predictions,
            labels=true,
            classes=classes,
            metrics=metrics,
            reading=reading,
        )

    def group(self) -> GroupSpread:
        first = next(iter(self.metrics.values()), ())
        whole = len(first) == len(self.results)
        rows = self.predictions if len(self.predictions) == len(self.results) else [()] * len(self.results)
        replicas = [
            Replica(
                name=result.name,
                overall=first[index] if whole else None,
                classes=tuple(class_accuracies(rows[index], self.labels, self.classes))
                if rows[index] and self.labels
                else (),
                predictions=rows[index],
            )
            for index, result in enumerate(self.results)
        ]
        reading = self.reading
        found = group_spread(self.variant.name, replicas, ddof=reading.ddof, artifact=reading.artifact)
        weights = _weights(self.results)
        pairs = zip(self.results, replicas, strict=True)
        distinct = len({(result.digest, replica.overall, replica.predictions) for result, replica in pairs})
        return replace(
            found,
            distinct=distinct,
            metrics=tuple(spread(name, values, reading.ddof, RESAMPLES) for name, values in self.metrics.items()),
            weights=weights,
            subgroups=self._subgroups(),
        )

    def _subgroups(self) -> tuple[SubgroupSpread, ...]:
        if not self.labels or not self.predictions or not (self.reading.groupings or self._positive() is not None):
            return ()
        return subgroup_spreads(
            self.predictions,
            self.labels,
            self.reading.groupings,
            self._positive(),
            ddof=self.reading.ddof,
            artifact=self.reading.artifact,
        )

    def _positive(self) -> int | None:
        if self.reading.positive is not None:
            return self.classes.index(self.reading.positive)
        return 1 if len(self.classes) == 2 else None


def _weights(results: Sequence[Result]) -> WeightSpread | None:
    digests = [result.digest for result in results if result.digest is not None]
    if not digests:
        return None
    return weight_spread(digests, [result.vector for result in results if result.vector is not None])


def _labels(results: Results) -> Column | None:
    """The labels, which must be the same in all replicas."""
    known = [result for found in results.values() for result in found if result.labels is not None]
    if not known:
        return None
    labels = known[0].labels
    other = next((result for result in known if result.labels != labels), None)
    if other is not None:
        raise UsageError(
            f"the labels of {known[0].name} and {other.name} differ: the test set is not the same in every replica, so "
            "predictions cannot be held against each other; fix its order and its split"
        )
    return labels


def _classes(results: Results, labels: Column | None) -> tuple[str, ...]:
    """Names of all classes; numbers in their order."""
    names: set[str] = set(labels or ())
    sizes: dict[int, str] = {len(labels): "the labels"} if labels else {}
    for found in results.values():
        for result in found:
            if result.predictions is not None:
                names.update(result.predictions)
                sizes.setdefault(len(result.predictions), result.name)
    if len(sizes) > 1:
        told = ", ".join(f"{count:,} in {name}" for count, name in sizes.items())
        raise UsageError(f"the number of test samples differs: {told}")
    return tuple(sorted(names, key=lambda name: (not _is_whole(name), int(name) if _is_whole(name) else 0, name)))


def _is_whole(name: str) -> bool:
    return name.removeprefix("-").isdecimal()


def check_groupings(results: Results, reading: Reading) -> None:
    """Raise `UsageError` for sub-groups of other samples, and for a positive class that is none."""
    samples = next((len(r.predictions) for found in results.values() for r in found if r.predictions is not None), None)
    if reading.groupings and samples is None:
        raise UsageError("--groups needs predictions: --predictions FILE, or --evaluate module:function")
    if (reading.groupings or reading.positive is not None) and _labels(results) is None:
        raise UsageError("sub-groups and --positive need labels: --labels FILE, or a column `label` of the predictions")
    for name, column in reading.groupings.items():
        if len(column) != samples:
            raise UsageError(f"--groups: {name or 'the file'} has {len(column):,} samples, the predictions {samples:,}")
    if reading.positive is not None:
        classes = _classes(results, _labels(results))
        if reading.positive not in classes:
            raise UsageError(f"--positive {reading.positive}: no such class; there are {', '.join(classes[:10])}")


def _tests(tables: Mapping[Variant, _Table]) -> Iterator[Significance]:
    for first, second in combinations(tables.values(), 2):
        for metric in first.metrics:
            one, other = first.metrics[metric], second.metrics.get(metric, ())
            if len(one) < 2 or len(other) < 2:
                continue
            p, exact = rank_sum(one, other)
            yield Significance(
                metric=metric,
                first=first.variant.name,
                second=second.variant.name,
                rank_sum_p=p,
                exact=exact,
                spread_p=brown_forsythe(one, other),
                cliffs_delta=cliffs_delta(one, other),
            )


def _shares(groups: Mapping[Variant, GroupSpread], artifact: bool) -> Iterator[Share]:
    split = [(variant, "+".join(variant.sources)) for variant in groups if variant.sources]
    noise = [(IMPLEMENTATION, "implementation"), (ALGORITHMIC, "algorithmic")]
    for whole, parts in ((BOTH, noise), (ALGORITHMIC, split)):
        reference = _quantities(groups[whole], artifact) if whole in groups else {}
        for variant, source in parts:
            found = _quantities(groups[variant], artifact) if variant in groups else {}
            for quantity, value in found.items():
                if reference.get(quantity):
                    yield Share(quantity=quantity, source=source, share=value / reference[quantity], of=whole.name)


def _quantities(group: GroupSpread, artifact: bool) -> dict[str, float]:
    found = {}
    if group.churn is not None:
        found["churn"] = 1 - group.churn if artifact else group.churn
    for metric in group.metrics:
        found[f"sd of {metric.name}"] = metric.deviation
    if group.weights is not None and group.weights.normalised is not None:
        found["L2 of weights"] = group.weights.normalised.mean
    return found


def _warnings(results: Results, groups: Mapping[Variant, GroupSpread], set_up: ReplicaSetUp) -> Iterator[str]:
    for variant, group in groups.items():
        if variant.algorithmic and group.distinct < group.replicas:
            told = f"only {group.distinct} of {group.replicas} are distinct"
            yield f"{variant.name}: replicas are not independent: {told}."
        if variant.sources and group.replicas > 1 and group.distinct == 1:
            yield (
                f"{variant.name}: all {group.replicas} replicas came to the same, although other numbers were drawn in "
                "each: what is drawn for it does not reach what was looked at."
            )
        if group.replicas < 2:
            yield f"{variant.name}: one replica has no spread."
        if (variant.name == "control" or variant.sources == ()) and group.distinct > 1:
            yield (
                f"{variant.name}: {group.distinct} different results without any noise that is known: what is "
                f"left depends on something else. `repro-audit run --twice` names where two runs part."
            )
    if set_up.fixed_seeds and not set_up.varied:
        yield (
            f"This script fixes its seeds: {'; '.join(set_up.fixed_seeds[:4])}. What draws from them is the same in "
            "every replica; --vary-seeds replaces them by others in each."
        )
    problems: dict[str, list[str]] = {}
    for found in results.values():
        for result in found:
            for problem in result.problems:
                problems.setdefault(problem, []).append(result.name)
    for problem, names in list(problems.items())[:_SHOWN_PROBLEMS]:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"{names[0]}{more}: {problem}"
    if len(problems) > _SHOWN_PROBLEMS:
        yield f"{len(problems) - _SHOWN_PROBLEMS} more problems of single replicas."


def _method(groups: Mapping[Variant, GroupSpread]) -> str:
    classes = f" ({CLASS_RESAMPLES:,} for a class)" if any(group.classes for group in groups.values()) else ""
    level = f"{100 * LEVEL:.0f} %"
    return f"Intervals: {level} percentile bootstrap over replicas, {RESAMPLES:,} resamples{classes}, seed {SEED}."
