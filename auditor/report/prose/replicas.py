"""Replicas of one training, with and without each source of noise, as tables and a sentence to quote."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.variance import GroupSpread, PairSpread, ReplicaSetUp, Share, VarianceReport
from auditor.report.prose.numbers import count, p_value, real, share
from auditor.report.prose.page import Page, Style
from auditor.report.prose.table import add_table

_SOURCES = {"implementation": "implementation noise", "algorithmic": "algorithmic noise"}
_MAX_SUBGROUPS = 12
_MAX_TESTS = 8
_MAX_SITES = 3
_QUOTED = 2


def add_replicas(page: Page, variance: VarianceReport, set_up: ReplicaSetUp, verbosity: int = 0) -> None:
    """Add what a person can quote, the spread of every variant, what differs between them, what speaks against it."""
    page.add((_counted(variance, set_up), Style.STRONG))
    quoted = quotes(variance.shares)
    for sentence in quoted if verbosity > 0 else quoted[:_QUOTED]:
        page.sentence(sentence)
    alone = [one for one in variance.shares if one.source not in _SOURCES]
    for one in alone if verbosity > 0 else [one for one in alone if one.quantity == alone[0].quantity]:
        page.sentence(_quote(one))
    page.add()
    _add_variants(page, variance)
    _add_sources(page, variance, verbosity)
    if verbosity > 0:
        _add_metrics(page, variance)
    _add_classes(page, variance, verbosity)
    _add_subgroups(page, variance, verbosity)
    _add_tests(page, variance, verbosity)
    if variance.warnings:
        page.add()
        for warning in variance.warnings:
            page.sentence(warning, style=Style.WARNING)
    page.add()
    _add_advice(page, variance, set_up)
    page.sentence(variance.method)


def headline(variance: VarianceReport, set_up: ReplicaSetUp) -> str:
    """The whole answer in one line."""
    first = next(iter(quotes(variance.shares)), "") or _deviations(variance)
    return f"{_counted(variance, set_up)}{': ' if first else ''}{first.rstrip('.')}"


def _deviations(variance: VarianceReport) -> str:
    """`sd of loss 7.1e-09 (impl), 0 (control)`, of the metric that all variants have first."""
    firsts = [group.metrics[0] for group in variance.groups if group.metrics]
    if not firsts or len(firsts) < len(variance.groups) or len({metric.name for metric in firsts}) > 1:
        return ""
    each = [f"{real(one.deviation)} ({group.name})" for one, group in zip(firsts, variance.groups, strict=True)]
    return f"sd of {firsts[0].name} {', '.join(each)}"


def _counted(variance: VarianceReport, set_up: ReplicaSetUp) -> str:
    stopped = "; you stopped it" if set_up.interrupted else ""
    return f"{count(variance.results, 'replica')} of {count(len(variance.groups), 'variant')}{stopped}"


def quotes(shares: Sequence[Share]) -> list[str]:
    """Sentences such as `Implementation noise alone explains 95 % of the churn.`; churn first, the weights last."""
    both = [one for one in shares if one.source in _SOURCES]
    order = sorted(both, key=lambda one: (one.quantity != "churn", one.quantity == "L2 of weights"))
    return [_quote(one) for one in order]


def _quote(one: Share) -> str:
    source = _SOURCES.get(one.source, one.source.replace("+", " and ")).capitalize()
    together = "both together" if one.source in _SOURCES else one.of
    several = "" if "+" in one.source else "s"
    if one.share > 1:
        return f"{source} alone give{several} {one.share:.2f}× the {one.quantity} of {together}."
    whole = "" if one.source in _SOURCES else f" of {together}"
    return f"{source} alone explain{several} {share(one.share)} of the {one.quantity}{whole}."


def _add_variants(page: Page, variance: VarianceReport) -> None:
    metric = next((group.metrics[0].name for group in variance.groups if group.metrics), "")
    churn = "agreement" if variance.artifact else "churn"
    header = ("variant", "n", "hashes", *((f"{metric} mean", "sd", "interval") if metric else ()), churn, "L2")
    rows = [_variant_row(group, bool(metric), variance.artifact) for group in variance.groups]
    shown = [index for index, _ in enumerate(header) if index == 0 or any(row[index] for row in rows)]
    add_table(page, [header[index] for index in shown], [[row[index] for index in shown] for row in rows])
    parts = (
        ["churn: share of test samples on which two replicas disagree"]
        if any(g.churn is not None for g in variance.groups)
        else []
    )
    if any(group.weights is not None and group.weights.normalised is not None for group in variance.groups):
        parts.append(
            "L2: distance of two replicas' weights"
            + ("" if variance.artifact else " scaled to length 1 (0 to 2; 1.41 if unrelated)")
        )
    for part in parts:
        page.sentence(part, indent="  ", style=Style.FAINT)
    for one in variance.undrawn:
        page.sentence(f"{one.variant}: no spread to tell: {one.reason}", indent="  ")


def _variant_row(group: GroupSpread, with_metric: bool, artifact: bool) -> list[str]:
    weights = group.weights
    metric = group.metrics[0] if group.metrics else None
    cells = ["", "", ""]
    if metric is not None:
        cells = [
            f"{metric.mean:.5g}",
            real(metric.deviation),
            f"{real(metric.interval.low)}–{real(metric.interval.high)}",
        ]
    distance = None if weights is None else weights.plain if artifact else weights.normalised
    return [
        group.name,
        str(group.replicas),
        "" if weights is None else f"{weights.distinct}",
        *(cells if with_metric else ()),
        "" if group.churn is None else f"{100 * group.churn:.3g} %",
        "" if distance is None else _distance(distance),
    ]


def _distance(distance: PairSpread) -> str:
    return f"{distance.mean:.3g}"


def _add_sources(page: Page, variance: VarianceReport, verbosity: int) -> None:
    """What was drawn for what, so that a person sees what was counted as what."""
    if not variance.sources:
        return
    rows = []
    for one in variance.sources:
        shown = one.sites if verbosity > 0 else one.sites[:_MAX_SITES]
        for number, site in enumerate(shown):
            place = f"{site.call}{' at ' if site.place else ''}{site.place}{f' ({site.held})' if site.held else ''}"
            rows.append(["" if number else one.source, f"{site.draws:,}", place])
        if len(one.sites) > len(shown):
            left = one.sites[len(shown) :]
            rows.append(["", f"{sum(site.draws for site in left):,}", f"{count(len(left), 'more line')} (-v)"])
    page.add()
    page.sentence("Draws of one replica, by what they are for")
    widths = [max(len(row[index]) for row in rows) for index in range(2)]
    for source, draws, place in rows:
        page.add(f"  {source.ljust(widths[0])}  {draws.rjust(widths[1])}  {place}")
    page.sentence(
        "algo:… gives each source a stream of its own; only what is named is another in each replica. Results are "
        "not those of the program as it is, but distributed like them.",
        indent="  ",
        style=Style.FAINT,
    )


def _add_metrics(page: Page, variance: VarianceReport) -> None:
    """All metrics, with their extremes, and the intervals of churn and L2."""
    rows = [
        [
            group.name,
            metric.name,
            f"{metric.mean:.6g}",
            f"{metric.minimum:.6g}–{metric.maximum:.6g}",
            real(metric.deviation),
            f"{real(metric.interval.low)}–{real(metric.interval.high)}",
        ]
        for group in variance.groups
        for metric in group.metrics
    ]
    if rows:
        page.add()
        page.sentence("Metrics")
        add_table(page, ["variant", "metric", "mean", "min–max", "sd", "interval"], rows)
    pairs = []
    for group in variance.groups:
        if group.churn is not None and group.churn_interval is not None:
            interval = group.churn_interval
            pairs.append([group.name, "churn", real(group.churn), f"{real(interval.low)}–{real(interval.high)}"])
        for name, one in (("L2 normalised", "normalised"), ("L2", "plain")):
            found: PairSpread | None = getattr(group.weights, one, None)
            if found is not None:
                cells = [real(found.mean), f"{real(found.interval.low)}–{real(found.interval.high)}"]
                pairs.append([group.name, name, *cells])
    if pairs:
        page.add()
        page.sentence("Means over all pairs of replicas")
        add_table(page, ["variant", "measure", "mean", "interval"], pairs)


def _add_classes(page: Page, variance: VarianceReport, verbosity: int) -> None:
    rows = []
    for group in variance.groups:
        chosen = [one for one in group.classes if verbosity > 0 or one.name == group.widest_class]
        rows += [
            [
                group.name,
                one.name,
                f"{100 * one.mean:.4g}",
                f"{100 * one.deviation:.3g}",
                f"{100 * one.interval.low:.3g}–{100 * one.interval.high:.3g}",
                "" if group.amplification is None or one.name != group.widest_class else f"{group.amplification:.3g}×",
            ]
            for one in chosen
        ]
    if rows:
        page.add()
        page.sentence(
            "Accuracy by class, in percent" if verbosity > 0 else "Class that spreads most, in percent (-v: all)"
        )
        add_table(page, ["variant", "class", "mean", "sd", "interval", "of whole"], rows)


def _add_subgroups(page: Page, variance: VarianceReport, verbosity: int) -> None:
    rows = [
        [
            group.name,
            f"{one.grouping}={one.name}" if one.grouping != one.name else one.name,
            f"{one.samples:,}",
            one.rate,
            f"{one.mean:.4g}",
            real(one.deviation),
            "" if one.ratio is None else f"{one.ratio:.3g}×",
        ]
        for group in variance.groups
        for one in group.subgroups
    ]
    if rows:
        page.add()
        page.sentence("Sub-groups: rate, its sd, and that over the sd of all samples")
        shown = rows if verbosity > 0 else rows[:_MAX_SUBGROUPS]
        add_table(page, ["variant", "sub-group", "samples", "rate", "mean", "sd", "of all"], shown)
        _add_more(page, len(rows) - len(shown))


def _add_tests(page: Page, variance: VarianceReport, verbosity: int) -> None:
    if not variance.tests:
        return
    rows = [
        [
            f"{test.first} / {test.second}",
            test.metric,
            p_value(test.rank_sum_p),
            "" if test.spread_p is None else p_value(test.spread_p),
            f"{test.cliffs_delta:+.2f}",
        ]
        for test in variance.tests
    ]
    shown = rows if verbosity > 0 else rows[:_MAX_TESTS]
    page.add()
    page.sentence("Between variants: p of the rank sum (value), p of Brown–Forsythe (spread), Cliff's delta")
    add_table(page, ["variants", "metric", "value p", "spread p", "delta"], shown)
    _add_more(page, len(rows) - len(shown))


def _add_more(page: Page, more: int) -> None:
    if more > 0:
        page.sentence(f"{more:,} more with -v", indent="  ", style=Style.FAINT)


def _add_advice(page: Page, variance: VarianceReport, set_up: ReplicaSetUp) -> None:
    if set_up.interrupted:
        page.sentence(
            f"The replicas that are whole are kept: the same command with --resume goes on with {set_up.experiment}."
        )
    halves = sorted({(group.replicas, group.replicas_to_halve) for group in variance.groups if group.replicas > 1})
    if halves:
        told = ", ".join(f"{more} replicas in place of {few}" for few, more in halves)
        page.sentence(f"To halve an interval: {told} (--resume adds to {set_up.experiment}).")
