"""How far gradients and final weights of two runs are apart, beside the spread of replicas: one table for both."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.margin import GradientMargin, Growth, MarginState, ParameterMargin, ParameterStep, WeightMargin
from auditor.report.prose.numbers import between, count, short_count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.table import add_table

_HEADER = ("first rms", "nearest", "max ulp", "spread", "decades below", "first", "last")
_FINAL = ("rms", "max ulp", "spread", "decades below")
_ROWS = 8
_NAMED = 5


def add_gradients(page: Page, margin: GradientMargin, verbosity: int) -> None:
    """Add what there is to say of gradients: one line, and where a spread was measured a row a parameter."""
    page.sentence(f"{gradient_summary(margin)}.", style=Style.STRONG)
    _add_table(page, margin.parameters, margin.replicas, verbosity, final=False)
    nearest = next(iter(margin.parameters), None)
    shown = margin.parameters if verbosity > 0 else (nearest,)
    for each in shown:
        if each is not None and each.growth is not None and each.decades is not None:
            page.sentence(growth_sentence(name_of(each, margin.parameters), each.growth, "the spread"))
    for note in margin.notes:
        page.sentence(f"Note: {note}.")
    if verbosity > 0:
        _add_steps(page, margin.parameters)


def add_final_weights(page: Page, weights: WeightMargin, verbosity: int) -> None:
    """Add how far apart the final weights are: all together, and where a spread was measured a row a parameter."""
    page.sentence(weights_sentence(weights))
    _add_table(page, weights.parameters, weights.replicas, verbosity, final=True)


def gradient_summary(margin: GradientMargin) -> str:
    """The whole answer in one line, without a full stop."""
    over = f"over {count(margin.measured_steps, 'step')} measured"
    differing = [each for each in margin.parameters if each.state is not MarginState.IDENTICAL]
    if not margin.parameters:
        return f"Gradients: there were none, {over}" if margin.measured_steps else "Gradients: no step is in both runs"
    if not differing:
        return f"Gradients: all are identical, {over}"
    first = differing[0]
    name = name_of(first, margin.parameters)
    if margin.replicas and first.decades is not None and first.nearest is not None:
        where = f"{name}, step {first.nearest.step:,}"
        return (
            f"Gradients beside their spread over {margin.source}: nearest {decades_text(first)} decades below it "
            f"({where}), {over}"
        )
    beside = f"beside {margin.source}: no spread" if margin.replicas else margin.source
    if first.nearest is None:
        return f"Gradients: they differ by no known size ({name}), {over}; {beside}"
    size = f"greatest difference {first.nearest.rms or 0:.1e} rms ({name}, step {first.nearest.step:,})"
    return f"Gradients: {size}, {over}; {beside}"


def weights_sentence(weights: WeightMargin) -> str:
    """How far apart the final weights are, and beside which spread."""
    relative = f" ({weights.relative:.2g} of their length)" if weights.relative is not None else ""
    text = f"Final weights: {weights.distance:.3g} apart{relative}"
    if weights.ratio is None or weights.spread is None:
        return f"{text}; {weights.source}."
    return f"{text}, {weights.ratio:.2g} of the mean distance {weights.spread:.3g} between {weights.source}."


def growth_sentence(name: str, growth: Growth, limit: str = "the tolerance") -> str:
    """What becomes of a difference as training goes on."""
    low, high = growth.interval.low, growth.interval.high
    rate = f"{growth.decades_per_step:.2g} decades a step ({low:.2g} to {high:.2g}, {growth.steps:,} steps)"
    if not growth.grows:
        return f"{name} does not grow: {rate}."
    ulps = f"; in ulps {growth.ulp_decades_per_step:.2g}" if growth.ulp_decades_per_step is not None else ""
    left = growth.steps_to_tolerance
    if left is None:
        return f"{name} grows by {rate}{ulps}."
    return (
        f"{name} grows by {rate}{ulps}; at this rate it reaches {limit} after about {count(round(left), 'more step')}."
    )


def decades_text(margin: ParameterMargin) -> str:
    """`4.51 (4.29–4.97)`, `unknown`, `identical`."""
    if margin.state is MarginState.IDENTICAL:
        return "identical"
    if margin.decades is None:
        return "unknown"
    around = margin.decades_interval
    return f"{margin.decades:.2f}" + (f" ({between(around)})" if around is not None else "")


def name_of(margin: ParameterMargin, among: Sequence[ParameterMargin]) -> str:
    """The parameter, with its model where there are several."""
    several = len({each.model for each in among}) > 1
    return f"{margin.model}.{margin.parameter}" if several and margin.model else margin.parameter


def _add_table(
    page: Page, parameters: Sequence[ParameterMargin], replicas: int, verbosity: int, *, final: bool
) -> None:
    differing = [each for each in parameters if each.state is not MarginState.IDENTICAL]
    if not differing or not (replicas or verbosity > 0):
        return
    shown = differing if verbosity > 0 else differing[:_ROWS]
    page.add()
    header = ("parameter", *(_FINAL if final else _HEADER))
    add_table(page, header, [(name_of(each, parameters), *_cells(each, final)) for each in shown])
    page.add()
    if len(shown) < len(differing):
        page.sentence(f"{count(len(differing) - len(shown), 'more parameter')} (-v shows all).")
    identical = [name_of(each, parameters) for each in parameters if each.state is MarginState.IDENTICAL]
    if identical:
        page.sentence(f"Identical: {_some(identical)}.")
    for note in dict.fromkeys(each.note for each in shown if each.note):
        page.sentence(f"{_some([name_of(each, parameters) for each in shown if each.note == note])}: {note}.")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _cells(margin: ParameterMargin, final: bool) -> tuple[str, ...]:
    nearest = margin.nearest
    ulps = "" if nearest is None or nearest.max_ulp is None else short_count(nearest.max_ulp)
    spread = "?" if nearest is None or nearest.spread is None else f"{nearest.spread:.1e}"
    if final:
        return (_size(nearest), ulps, spread, decades_text(margin))
    ends = [_decades(step) for step in (margin.first, margin.last)]
    return (_place(margin.first), _place(nearest), ulps, spread, decades_text(margin), *ends)


def _place(step: ParameterStep | None) -> str:
    """`1.2e-10 @1`: behind the sign the step."""
    return "" if step is None else f"{_size(step)} @{step.step:,}"


def _size(step: ParameterStep | None) -> str:
    return "?" if step is None or step.rms is None else f"{step.rms:.1e}" if step.rms else "0"


def _decades(step: ParameterStep | None) -> str:
    return "" if step is None or step.decades is None else f"{step.decades:.2f}"


def _add_steps(page: Page, parameters: Sequence[ParameterMargin]) -> None:
    for each in parameters:
        if each.state is MarginState.IDENTICAL:
            continue
        page.add()
        name = name_of(each, parameters)
        page.add((f"gradient of {name}: step, rms, max ulp, spread, decades below", Style.FAINT))
        for step in each.steps:
            rms = "unknown" if step.rms is None else f"{step.rms:.3e}"
            ulp = "" if step.max_ulp is None else f"{step.max_ulp:,}"
            spread = "" if step.spread is None else f"{step.spread:.3e}"
            page.add(f"  {step.step:>7,}  {rms:>9}  {ulp:>13}  {spread:>9}  {_decades(step):>6}".rstrip())
    page.add()
