"""How far layers are from their noise tolerance, as a table, and what that says."""

from __future__ import annotations

from auditor.model.margin import (
    Acceptance,
    LayerMargin,
    MarginReport,
    MarginState,
    StepDifference,
)
from auditor.report.prose.numbers import count, short_count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.parameter_margin import add_final_weights, add_gradients, growth_sentence
from auditor.report.prose.table import add_table

_HEADER = ("layer", "first rms", "greatest", "max ulp", "tolerates", "margin", "first", "last")
_NAMED = 5
_SCOPE = "Margins are decades, an estimate for the model's quality; they make nothing bit-exact."


def add_margins(page: Page, report: MarginReport, verbosity: int) -> None:
    """Add the layers by margin, growth, weights, and whether the difference was accepted."""
    page.sentence(summary(report), style=Style.STRONG)
    differing = [layer for layer in report.layers if layer.state is not MarginState.IDENTICAL]
    if differing:
        page.add()
        add_table(page, _HEADER, [_row(layer, layer_name(layer, report)) for layer in differing])
    page.add()
    _add_identical(page, report)
    for layer in differing if verbosity > 0 else differing[:1]:
        if layer.growth is not None:
            page.sentence(growth_sentence(layer_name(layer, report), layer.growth))
    for note in dict.fromkeys(layer.note for layer in differing if layer.note):
        names = [layer_name(layer, report) for layer in differing if layer.note == note]
        page.sentence(f"{_some(names)}: {note}.")
    if verbosity > 0:
        _add_steps(page, report, differing)
    if report.weights is not None:
        add_final_weights(page, report.weights, verbosity)
    if report.gradient_margin is not None:
        add_gradients(page, report.gradient_margin, verbosity)
    else:
        page.sentence(report.gradients)
    for note in report.notes:
        page.sentence(f"Note: {note}.")
    if report.acceptance is not None:
        _add_acceptance(page, report.acceptance)
    page.sentence(_SCOPE if verbosity < 1 else f"{_SCOPE} {report.method}")


def summary(report: MarginReport) -> str:
    """The whole answer in one line."""
    over = f"over {count(report.measured_steps, 'step')} measured"
    if not report.layers:
        return "No margins: no activations were kept"
    if all(layer.state is MarginState.IDENTICAL for layer in report.layers):
        return f"Margins: every forward activation is identical, {over}"
    nearest = report.layers[0]
    if nearest.margin is None:
        return f"Margins: not known, {over}"
    by = f" by {report.walk}" if report.walk is not None else ""
    return f"Margins{by}: smallest {margin_text(nearest)} decades ({layer_name(nearest, report)}), {over}"


def layer_name(layer: LayerMargin, report: MarginReport) -> str:
    """The layer, with its model where there are several."""
    several = len({each.model for each in report.layers}) > 1
    return f"{layer.model}.{layer.layer}" if several and layer.layer != layer.model else layer.layer


def margin_text(layer: LayerMargin) -> str:
    """`5.31`, `5.31 (5.28–5.33)`, `> 12.12`, `unknown`, `identical`."""
    if layer.state is MarginState.IDENTICAL:
        return "identical"
    if layer.margin is None:
        return "unknown"
    if layer.state is MarginState.ABOVE:
        return f"> {layer.margin:.2f}"
    between = layer.margin_interval
    return f"{layer.margin:.2f}" + (f" ({between.low:.2f}–{between.high:.2f})" if between is not None else "")


def _row(layer: LayerMargin, name: str) -> tuple[str, ...]:
    level = "" if layer.tolerance is None else f"{layer.tolerance:.3g}"
    return (
        name,
        _rms(layer.first),
        _rms(layer.greatest),
        "" if layer.greatest is None or layer.greatest.max_ulp is None else short_count(layer.greatest.max_ulp),
        f"> {level}" if layer.state is MarginState.ABOVE else level or "?",
        margin_text(layer),
        _decades(layer.first_margin),
        _decades(layer.last_margin),
    )


def _rms(step: StepDifference | None) -> str:
    """`1.2e-10 @1`: behind the sign the step."""
    if step is None:
        return ""
    return f"{'?' if step.rms is None else f'{step.rms:.1e}' if step.rms else '0'} @{step.step:,}"


def _decades(margin: float | None) -> str:
    return "" if margin is None else f"{margin:.2f}"


def _add_identical(page: Page, report: MarginReport) -> None:
    names = [layer_name(layer, report) for layer in report.layers if layer.state is MarginState.IDENTICAL]
    if names:
        page.sentence(f"Identical: {_some(names)}.")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _add_steps(page: Page, report: MarginReport, layers: list[LayerMargin]) -> None:
    for layer in layers:
        page.add()
        page.add((f"{layer_name(layer, report)}: step, rms, max ulp, calls that differ", Style.FAINT))
        for step in layer.steps:
            rms = "unknown" if step.rms is None else f"{step.rms:.3e}"
            ulp = "" if step.max_ulp is None else f"{step.max_ulp:,}"
            page.add(f"  {step.step:>7,}  {rms:>9}  {ulp:>13}  {step.differing_calls} of {step.calls}")
    page.add()


def _add_acceptance(page: Page, acceptance: Acceptance) -> None:
    if acceptance.accepted:
        page.sentence(f"Accepted, as --accept-margin {acceptance.decades:g} allows.", style=Style.WARNING)
        return
    page.sentence(f"Not accepted by --accept-margin {acceptance.decades:g}:", style=Style.ERROR)
    for reason in acceptance.reasons:
        page.sentence(f"- {reason}", indent="  ")
