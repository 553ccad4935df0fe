"""What agrees and what spreads over the runs of a training, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.model.variance import Criterion, GroupSpread, PairCounts, VarianceReport
from auditor.report.prose.numbers import count, real
from auditor.report.prose.page import Page, Style
from auditor.report.prose.replicas import add_replicas, headline
from auditor.report.prose.table import add_table

_COLUMN = {  # of the criteria that imported results have
    Criterion.OVERALL: "overall",
    Criterion.PER_CLASS: "class",
    Criterion.PREDICTIONS: "predicted",
    Criterion.LOSSES: "losses",
}


def add_variance(page: Page, variance: VarianceReport, verbosity: int = 0) -> None:
    """Add the pairs that should agree, the groups that should not, and what speaks against the figures."""
    if variance.set_up is not None:
        add_replicas(page, variance, variance.set_up, verbosity)
        return
    page.add((summary(variance), Style.STRONG))
    for relation in dict.fromkeys(pair.relation for pair in variance.pairs):
        _add_pairs(page, relation, [pair for pair in variance.pairs if pair.relation == relation])
    if variance.groups:
        _add_groups(page, variance)
    if variance.groups and verbosity > 0:
        _add_classes(page, variance.groups)
    if variance.warnings:
        page.add()
        for warning in variance.warnings:
            page.sentence(warning, style=Style.WARNING)
    page.add()
    page.sentence(variance.method)


def summary(variance: VarianceReport) -> str:
    """The whole answer in one line."""
    if variance.set_up is not None:
        return headline(variance, variance.set_up)
    pairs = sum(pair.pairs for pair in variance.pairs)
    identical = sum(pair.identical for pair in variance.pairs)
    parts = []
    if pairs:
        parts.append(f"{identical:,} of {count(pairs, 'pair')} identical")
    if variance.groups:
        parts.append(f"{count(len(variance.groups), 'group')} of replicas")
    if variance.warnings:
        parts.append(f"{len(variance.warnings)} not independent")
    return f"{count(variance.results, 'result')}: {', '.join(parts) or 'nothing to hold against each other'}"


def _add_pairs(page: Page, relation: str, pairs: Sequence[PairCounts]) -> None:
    page.add()
    page.sentence(f"Pairs ({relation}): how many agree, bit for bit; largest relative difference of a loss")
    held = [each for each in _COLUMN if any(each.value in pair.equal for pair in pairs)]
    header = ("group", "n", *(_COLUMN[each] for each in held), "all", "loss gap")
    rows = []
    for pair in pairs:
        gap = pair.largest_loss_difference
        shown = "" if gap is None else "0" if not gap else f"{gap:.1e}"
        cells = (str(pair.equal.get(each.value, "")) for each in held)
        rows.append((pair.group, str(pair.pairs), *cells, str(pair.identical), shown))
    add_table(page, header, rows)


def _add_groups(page: Page, variance: VarianceReport) -> None:
    page.add()
    last = "pairs' agreement as the artifact has it" if variance.artifact else "churn"
    page.sentence(
        f"Replicas without a seed, in percent: accuracy, its sd (ddof {variance.ddof}) with the {_level(variance)} "
        f"interval, largest sd of a class, {last}"
    )
    header = ("group", "n", "mean", "min–max", "sd", "interval", "class", "churn")
    rows = [_group_row(group) for group in variance.groups]
    add_table(page, header, rows)
    halves = sorted({(group.replicas, group.replicas_to_halve) for group in variance.groups})
    told = ", ".join(f"{more} replicas in place of {few}" for few, more in halves)
    page.sentence(f"To halve an interval: {told}.")


def _group_row(group: GroupSpread) -> tuple[str, ...]:
    whole = group.overall
    widest = next((each for each in group.classes if each.name == group.widest_class), None)
    return (
        group.name,
        str(group.replicas) if group.distinct == group.replicas else f"{group.distinct}/{group.replicas}",
        "" if whole is None else f"{100 * whole.mean:.3f}",
        "" if whole is None else f"{100 * whole.minimum:.2f}–{100 * whole.maximum:.2f}",
        "" if whole is None else f"{100 * whole.deviation:.4f}",
        "" if whole is None else f"{100 * whole.interval.low:.3f}–{100 * whole.interval.high:.3f}",
        "0" if widest is None else f"{100 * widest.deviation:.3f}",
        "" if group.churn is None else f"{100 * group.churn:.3f}",
    )


def _add_classes(page: Page, groups: Iterable[GroupSpread]) -> None:
    for group in groups:
        if not group.classes:
            continue
        page.add()
        factor = "" if group.amplification is None else f", up to {real(group.amplification)}× that of the whole"
        page.sentence(f"{group.name}: sd by class in percent{factor}")
        header = ("class", "mean", "min–max", "sd", "interval")
        rows = [
            (
                each.name,
                f"{100 * each.mean:.3f}",
                f"{100 * each.minimum:.2f}–{100 * each.maximum:.2f}",
                f"{100 * each.deviation:.3f}",
                f"{100 * each.interval.low:.3f}–{100 * each.interval.high:.3f}",
            )
            for each in group.classes
        ]
        add_table(page, header, rows)


def _level(variance: VarianceReport) -> str:
    whole = next((group.overall for group in variance.groups if group.overall is not None), None)
    return f"{100 * whole.interval.level:.0f} %" if whole is not None else "95 %"
