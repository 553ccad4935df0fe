"""A walk as one HTML page without scripts: quality against sigma, and midpoints against depth, drawn as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from auditor.model.sensitivity import SensitivityReport, Tolerance, TrainedWeights
from auditor.report.prose.sensitivity import figure, midpoint_text, summary
from auditor.report.prose.weights import grouped

_WIDTH, _HEIGHT = 720, 360
_NUMBERS = 30
"""Layers, at most, whose number stands at the axis."""

Colors = Mapping[int | None, str]
"""One for each layer, by its number: the same in every drawing, and in the table, which is their key."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 30, 40
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.axis { stroke: currentColor; stroke-opacity: .35; fill: none; }
.curve, .interval { fill: none; stroke-width: 1.6; }
table { border-collapse: collapse; }
th, td { padding: .15rem .8rem .15rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: 1.2rem; border-width: 3px 0 0; margin-right: .5rem; vertical-align: middle; }
"""


def to_html(report: SensitivityReport) -> str:
    """Return a whole page; nothing is loaded from elsewhere."""
    curves = [*report.tolerances, *([report.all_layers] if report.all_layers is not None else [])]
    measured = [each for each in curves if each.curve]
    colors = {each.index: _color(place, len(report.tolerances)) for place, each in enumerate(report.tolerances)}
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(summary(report))}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Noise tolerance</h1><p>{escape(summary(report))}</p>",
        "<h2>Quality against sigma</h2>",
        _curves(measured, colors) if measured else "<p>Nothing was measured.</p>",
        "<h2>Midpoint against depth</h2>",
        _midpoints([each for each in report.tolerances if each.midpoint is not None], colors),
        *_weights(report),
        "<h2>Layers</h2>",
        _table(report, curves, colors),
        f"<p>{escape(report.scale)}. {escape(report.method)}</p>",
        *(f"<p>Note: {escape(note)}.</p>" for note in report.notes),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _color(index: int, count: int) -> str:
    """From blue at the input to red at the output; readable on light and dark."""
    return f"hsl({220 - round(220 * index / max(count - 1, 1))} 70% 50%)"


def _curves(measured: Sequence[Tolerance], colors: Colors) -> str:
    sigmas = [level.sigma for each in measured for level in each.curve]
    low, high = math.log10(min(sigmas)), math.log10(max(sigmas))
    frame = _Frame(low, high if high > low else low + 1, 0.0, 1.0)
    lines = [frame.axes("sigma", "quality")]
    for each in measured:
        color = colors.get(each.index, "currentColor")
        dash = ' stroke-dasharray="5 4"' if each.index is None else ""
        points = " ".join(frame.point(math.log10(level.sigma), level.quality) for level in each.curve)
        lines.append(
            f'<polyline class="curve" stroke="{color}"{dash} points="{points}">'
            f"<title>{escape(each.name)}</title></polyline>"
        )
    return frame.svg("\n".join(lines), "Quality against sigma, a curve for each layer")


def _midpoints(known: Sequence[Tolerance], colors: Colors) -> str:
    """Each midpoint with its interval over the number of its layer."""
    if not known:
        return "<p>No midpoint lies within the levels.</p>"
    ends = [end for each in known for end in _ends(each)]
    low, high = math.floor(min(ends)), math.ceil(max(ends))
    frame = _Frame(-0.5, len(known) - 0.5, low, high if high > low else low + 1, log_y=True)
    lines = [frame.axes("depth: number of the layer", "midpoint")]
    places = []
    for depth, each in enumerate(known):
        least, value, greatest = _ends(each)
        place = frame.point(depth, value)
        places.append(place)
        x, _, y = place.partition(",")
        lines.append(
            f'<polyline class="interval" stroke="{colors[each.index]}" '
            f'points="{frame.point(depth, least)} {frame.point(depth, greatest)}"/>'
            f'<circle cx="{x}" cy="{y}" r="4" fill="{colors[each.index]}">'
            f"<title>{escape(each.name)}: {figure(each.midpoint)}</title></circle>"
        )
        if depth % math.ceil(len(known) / _NUMBERS) == 0:
            lines.append(f'<text x="{x}" y="{_HEIGHT - 22}" text-anchor="middle">{each.index}</text>')
    lines.insert(1, f'<polyline class="axis" points="{" ".join(places)}"/>')
    return frame.svg("\n".join(lines), "Midpoint noise level against depth")


def _ends(each: Tolerance) -> tuple[float, float, float]:
    """Return log10 of the low end of the interval, the midpoint and the high end; all the midpoint without one."""
    assert each.midpoint is not None, "only layers with a midpoint are drawn"
    if each.interval is None or each.interval.low <= 0:
        return (math.log10(each.midpoint),) * 3
    low, high = each.interval.low, each.interval.high
    return math.log10(low), math.log10(each.midpoint), math.log10(high)


def _weights(report: SensitivityReport) -> list[str]:
    """Spectral norm of each weight against the sigma of its training, a drawing for each noisy layer."""
    plain, groups = grouped(report)
    return [_growth(layer, plain, trained) for layer, trained in groups if plain is not None]


def _growth(layer: str, plain: TrainedWeights, trained: Sequence[TrainedWeights]) -> str:
    names = [matrix.name for matrix in plain.matrices if matrix.spectral]
    start = {matrix.name: matrix.spectral or 0.0 for matrix in plain.matrices}
    lines: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for each in trained:
        for matrix in each.matrices:
            if matrix.name in lines and matrix.spectral is not None:
                lines[matrix.name].append((math.log10(each.sigma), matrix.spectral / start[matrix.name]))
    places = [place for line in lines.values() for place in line]
    title = f"<h2>Weights after noise in training at {escape(layer)}</h2>"
    if not places:
        return f"{title}<p>No singular values are known.</p>"
    low, high = min(x for x, _ in places), max(x for x, _ in places)
    frame = _Frame(low, high if high > low else low + 1, 0.0, math.ceil(max(y for _, y in places)))
    drawn = [frame.axes("sigma in training", "spectral norm over that without noise")]
    for index, (name, line) in enumerate(lines.items()):
        points = " ".join(frame.point(x, y) for x, y in line)
        drawn.append(
            f'<polyline class="curve" stroke="{_color(index, len(names))}" points="{points}">'
            f"<title>{escape(name)}</title></polyline>"
        )
    return title + frame.svg("\n".join(drawn), f"Spectral norms of the weights against noise in training at {layer}")


class _Frame:
    """The coordinates of one drawing."""

    def __init__(self, left: float, right: float, bottom: float, top: float, *, log_y: bool = False) -> None:
        self._x = (left, right)
        self._y = (bottom, top)
        self._log_y = log_y

    def point(self, x: float, y: float) -> str:
        left, right = self._x
        bottom, top = self._y
        across = _LEFT + (x - left) / (right - left) * (_WIDTH - _LEFT - _RIGHT)
        up = _HEIGHT - _BOTTOM - (y - bottom) / (top - bottom) * (_HEIGHT - _TOP - _BOTTOM)
        return f"{across:.1f},{up:.1f}"

    def axes(self, x_name: str, y_name: str) -> str:
        left, right = self._x
        bottom, top = self._y
        lines = []
        corners = (self.point(left, top), self.point(left, bottom), self.point(right, bottom))
        lines.append(f'<polyline class="axis" points="{" ".join(corners)}"/>')
        if not self._log_y:
            step = max(1, math.ceil((right - left) / 10))
            for decade in range(math.ceil(left), math.floor(right) + 1, step):
                x, _, _ = self.point(decade, bottom).partition(",")
                lines.append(f'<text x="{x}" y="{_HEIGHT - 22}" text-anchor="middle">{10.0**decade:g}</text>')
        ticks = range(int(bottom), int(top) + 1) if self._log_y else [top * share / 4 for share in range(5)]
        for tick in ticks:
            _, _, y = self.point(left, tick).partition(",")
            shown = f"{10.0**tick:g}" if self._log_y else f"{tick:g}"
            lines.append(f'<text x="{_LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{shown}</text>')
        lines.append(f'<text x="{_WIDTH / 2:g}" y="{_HEIGHT - 4}" text-anchor="middle">{x_name}</text>')
        lines.append(f'<text x="4" y="{_TOP - 14}">{y_name}</text>')
        return "\n".join(lines)

    def svg(self, content: str, label: str) -> str:
        return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">\n{content}\n</svg>'


def _table(report: SensitivityReport, curves: Sequence[Tolerance], colors: Colors) -> str:
    types = {point.index: point.type for point in report.points}
    rows = []
    for each in curves:
        interval = "" if each.interval is None else f"{figure(each.interval.low)}–{figure(each.interval.high)}"
        kind = "" if each.index is None else types[each.index]
        line = "dashed" if each.index is None else "solid"
        key = f'<span class="key" style="border-color: {colors.get(each.index, "currentColor")}; border-style: {line}">'
        number = "" if each.index is None else str(each.index)
        rows.append(
            f'<tr><td class="number">{number}</td><td>{key}</span>{escape(each.name)}</td><td>{escape(kind)}</td>'
            f'<td class="number">{escape(midpoint_text(each))}</td><td>{interval}</td>'
            f"<td>{each.status.value}</td></tr>"
        )
    head = "<tr><th></th><th>layer</th><th>type</th><th>midpoint</th><th>interval</th><th>status</th></tr>"
    return f"<table><thead>{head}</thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"
