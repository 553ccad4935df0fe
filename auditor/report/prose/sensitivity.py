"""How much noise the layers of a model tolerate, as tables and a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.model.sensitivity import (
    InjectionPoint,
    NoiseKind,
    NoiseMode,
    SensitivityReport,
    Tolerance,
    ToleranceStatus,
)
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.weights import add_weights

_KINDS = {
    NoiseKind.ADD: "additive noise",
    NoiseKind.MULTIPLY: "multiplicative noise",
    NoiseKind.COMBINED: "additive and multiplicative noise",
}
_PLOT_WIDTH = 44


def add_sensitivity(page: Page, report: SensitivityReport, verbosity: int = 0) -> None:
    """Add the answer, the layers with their midpoints, a plot of these, and how they were measured."""
    page.add((summary(report), Style.STRONG))
    page.add()
    if report.kind is None:
        _add_table(page, _LAYER_HEADER, [_layer_row(point) for point in report.points])
        _add_notes(page, report)
        return
    everything = _tolerances(report)
    types = {point.index: point.type for point in report.points}
    _add_table(page, _HEADER, [_row(each, types) for each in everything])
    _add_plot(page, everything)
    for each in everything:
        if each.status is ToleranceStatus.PLATEAU:
            page.sentence(_plateau(each))
    if verbosity > 0:
        _add_curves(page, report, everything)
    if report.weights:
        add_weights(page, report, verbosity)
    page.add()
    page.sentence(_counted(report))
    page.sentence(f"{report.scale[:1].upper()}{report.scale[1:]}. {report.method}")
    _add_notes(page, report)


def summary(report: SensitivityReport) -> str:
    """The whole answer in one line."""
    model = " and ".join(report.models)
    if report.kind is None:
        free = sum(point.injectable for point in report.points)
        return f"{model}: {count(free, 'injection point')} for noise" + (
            "" if free == len(report.points) else f", {len(report.points) - free} where none can enter"
        )
    known = [each for each in report.tolerances if each.midpoint is not None]
    text = f"{model}, {_KINDS[report.kind]}{_when(report)}"
    if len(report.tolerances) == 1:
        text += f": {report.tolerances[0].name} midpoint {midpoint_text(report.tolerances[0])}"
    elif known:
        weakest = min(known, key=lambda each: each.midpoint or 0.0)
        text += f": {weakest.name} tolerates least, midpoint {figure(weakest.midpoint)}"
    elif report.tolerances:
        text += ": no midpoint within the levels"
    elif report.all_layers is None:
        text += ": nothing was measured"
    if report.all_layers is not None:
        text += f"{',' if report.tolerances else ':'} all layers together {midpoint_text(report.all_layers)}"
    return text


def _when(report: SensitivityReport) -> str:
    if report.mode is NoiseMode.TRAINING:
        return " in training and evaluation"
    under = report.trained_under
    if under is None:
        return ""
    return f" after training under {under.sigma:g} at {layers_text(under.layers)}"


def layers_text(layers: Sequence[str]) -> str:
    """`6`, `0 and 2`, `all 8 layers`."""
    return " and ".join(layers) if len(layers) < 4 else f"{len(layers)} layers"


def midpoint_text(tolerance: Tolerance) -> str:
    """`1.17`, `above 1e+08`, `none`."""
    if tolerance.status is ToleranceStatus.IMPOSSIBLE:
        return "none"
    if tolerance.midpoint is None and tolerance.curve:
        above = tolerance.status is ToleranceStatus.ABOVE
        return f"above {tolerance.curve[-1].sigma:g}" if above else f"below {tolerance.curve[0].sigma:g}"
    return figure(tolerance.midpoint)


def figure(value: float | None) -> str:
    """Three digits."""
    return "" if value is None else f"{value:.3g}"


_HEADER = ("", "layer", "type", "midpoint", "interval", "no fit", "to chance", "ends at", "runs")
_LAYER_HEADER = ("", "layer", "type", "shape", "dtype", "calls")


def _tolerances(report: SensitivityReport) -> list[Tolerance]:
    return [*report.tolerances, *([report.all_layers] if report.all_layers is not None else [])]


def _row(each: Tolerance, types: dict[int, str]) -> tuple[str, ...]:
    interval = each.interval
    if each.status is ToleranceStatus.IMPOSSIBLE:
        shown = "no floats"
    elif each.midpoint is None and each.curve:
        above = each.status is ToleranceStatus.ABOVE
        shown = f"> {each.curve[-1].sigma:g}" if above else f"< {each.curve[0].sigma:g}"
    else:
        shown = figure(each.midpoint)
    plateau = " plateau" if each.status is ToleranceStatus.PLATEAU else ""
    return (
        "" if each.index is None else str(each.index),
        each.name,
        "" if each.index is None or types[each.index] == each.name else types[each.index],
        shown,
        "" if interval is None else f"{figure(interval.low)}–{figure(interval.high)}",
        figure(each.crossing),
        figure(each.midpoint_to_chance) if each.status is ToleranceStatus.PLATEAU else "",
        "" if each.lowest is None else f"{each.lowest:.2f}{plateau}",
        str(each.evaluations),
    )


def _layer_row(point: InjectionPoint) -> tuple[str, ...]:
    shapes = ", ".join("×".join(str(side) for side in shape) or "scalar" for shape in point.shapes)
    dtypes = ", ".join(dict.fromkeys(point.dtypes))
    calls = str(point.calls) if point.calls != 1 else "1"
    kind = "" if point.type == point.name else point.type
    told = dtypes if point.injectable else f"{dtypes or 'no tensor'}: no noise"
    return (str(point.index), point.name, kind, shapes, told, calls)


def _add_table(page: Page, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns of equal width; names to the left, and columns that are empty throughout left out."""
    columns = [column for column in zip(header, *rows, strict=True) if any(column[1:])]
    widths = [max(len(cell) for cell in column) for column in columns]
    words = {"layer", "type", "shape", "dtype"}
    for number, row in enumerate(zip(*columns, strict=True)):
        cells = [
            cell.ljust(width) if column[0] in words else cell.rjust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        page.add(("  " + "  ".join(cells), Style.FAINT if number == 0 else Style.PLAIN))


def _add_plot(page: Page, everything: Sequence[Tolerance]) -> None:
    """Midpoints on a logarithmic scale, a line a layer, with the interval where it is wider than a character."""
    known = [each for each in everything if each.midpoint is not None]
    if len(known) < 2:
        return
    ends = [value for each in known for value in _ends(each)]
    low, high = math.log10(min(ends)), math.log10(max(ends))
    span = max(high - low, 0.3)
    width = max(len(each.name) for each in known)
    page.add()
    for each in known:
        left, middle, right = (round((math.log10(v) - low) / span * _PLOT_WIDTH) for v in _places(each))
        line = " " * left + "-" * (middle - left) + "o" + "-" * (right - middle)
        page.add((f"  {each.name.ljust(width)} |", Style.FAINT), line)
    scale = f"{10**low:.3g}".ljust(_PLOT_WIDTH - 6) + f"{10 ** (low + span):.3g}"
    page.add((f"  {' ' * width}  {scale}  sigma", Style.FAINT))


def _ends(each: Tolerance) -> tuple[float, float]:
    left, _, right = _places(each)
    return left, right


def _places(each: Tolerance) -> tuple[float, float, float]:
    assert each.midpoint is not None
    interval = each.interval
    return (interval.low, each.midpoint, interval.high) if interval else (each.midpoint,) * 3


def _plateau(each: Tolerance) -> str:
    lowest = f"{each.lowest:.2f}" if each.lowest is not None else "a plateau"
    to_chance = each.midpoint_to_chance
    reached = f"reached at {figure(to_chance)}" if to_chance is not None else "never reached"
    return f"{each.name} levels off at {lowest}, above chance; half-way to chance is {reached}."


def _add_curves(page: Page, report: SensitivityReport, everything: Sequence[Tolerance]) -> None:
    for each in everything:
        if not each.curve:
            continue
        page.add()
        page.add((f"{each.name}: sigma, quality, {report.metric} by repeat", Style.FAINT))
        for level in each.curve:
            values = " ".join("none" if value is None else f"{value:.4f}" for value in level.values)
            bar = "#" * round(level.quality * 30)
            page.add(f"  {level.sigma:>10.4g}  {level.quality:.3f} {bar:<30}  {values}")


def _counted(report: SensitivityReport) -> str:
    grid = report.grid_evaluations
    fewer = f"; the whole grid would take {grid:,}" if grid > report.evaluations else ""
    samples = f" of {count(report.samples, 'prediction')}" if report.samples is not None else ""
    if report.mode is NoiseMode.TRAINING:
        samples = f", each evaluated with{samples.removeprefix(' of')}" if samples else ""
    chance = f", chance {report.chance:.3g}" if report.chance is not None else ""
    made = count(report.evaluations, "noisy training" if report.mode is NoiseMode.TRAINING else "evaluation")
    return f"{report.metric} without noise {report.baseline:.4g}{chance}. {made}{samples}{fewer}."


def _add_notes(page: Page, report: SensitivityReport) -> None:
    for note in report.notes:
        page.sentence(f"Note: {note}.")
