"""Bars of what a setting costs, with intervals."""

from __future__ import annotations

from auditor.model.overhead import OverheadReport, Ratio, Timing
from auditor.report.prose.cost import tested
from auditor.tui.lines import Piece, Row, fit, labelled, row
from auditor.tui.signs import Signs


def cost_rows(report: OverheadReport, width: int, signs: Signs) -> list[Row]:
    """One row a variant: bar, median step time with its interval, ratio with its interval."""
    timings = (report.baseline, *report.variants)
    ratios = {ratio.label: ratio for ratio in report.ratios}
    longest = max(timing.median_step_s for timing in timings) or 1.0
    label_width = min(max(len(timing.label) for timing in timings) + 1, max(width // 3, 12))
    bar_width = max(min(width - label_width - 48, 60), 0)
    rows = []
    for timing in timings:
        ratio = ratios.get(timing.label) if timing is not report.baseline else None
        filled = max(round(timing.median_step_s / longest * bar_width), 1) if bar_width >= 6 else 0
        bar = (signs.bar * filled).ljust(bar_width) if bar_width >= 6 else ""
        tone = "note" if timing is report.baseline else _tone(ratio)
        rows.append(
            row(
                " " + fit(timing.label, label_width, signs.ellipsis),
                Piece(bar + " " if bar else "", tone),
                Piece(f"{_milliseconds(timing, signs):<17}"),
                Piece(ratio_text(ratio, signs) if ratio else f"1.00{signs.times}", "strong"),
            )
        )
    return [*rows, row()]


def memory_rows(report: OverheadReport, width: int, signs: Signs) -> list[Row]:
    """Wall time and peak memory of each variant, then tests of the ratios, method and notes."""
    heading = f" {'':<24}{'runs':>6}{'steps':>8}{'wall':>10}{'memory':>12}{'GPU memory':>12}"
    rows = [row(Piece(heading, "muted"))]
    for timing in (report.baseline, *report.variants):
        device = timing.peak_device_memory_bytes
        rows.append(
            row(
                f" {fit(timing.label, 23, signs.ellipsis)} {timing.runs:>6,}{timing.steps:>8,}"
                f"{f'{timing.wall_s:.1f} s':>10}{size_text(timing.peak_memory_bytes):>12}"
                f"{size_text(device) if device is not None else 'no GPU':>12}"
            )
        )
    rows.append(row())
    for ratio in report.ratios:
        if ratio.dominance is not None:
            rows += labelled("tested", f"{ratio.label}: {tested(ratio.dominance)}", width)
    rows += labelled("method", report.method, width)
    for note in report.notes:
        rows += labelled("note", note, width)
    return rows


def tab_answer(report: OverheadReport | None, signs: Signs) -> tuple[str, str]:
    """The ratio of the last variant, the one asked about."""
    if report is None or not report.ratios:
        return "", "muted"
    ratio = report.ratios[-1]
    return (f"{ratio.ratio:.2f}{signs.times}" if ratio.conclusive else f"~{ratio.ratio:.2f}{signs.times}"), _tone(ratio)


def _tone(ratio: Ratio | None) -> str:
    if ratio is None or not ratio.conclusive:
        return "muted"
    return "warning" if ratio.ratio > 1 else "good"


def _milliseconds(timing: Timing, signs: Signs) -> str:
    half = (timing.interval_s.high - timing.interval_s.low) / 2
    return f"{timing.median_step_s * 1e3:.4g} {signs.plus_minus}{half * 1e3:.2g} ms"


def ratio_text(ratio: Ratio, signs: Signs) -> str:
    """`1.38× (1.35-1.42)`, and that it is inconclusive where it is."""
    text = f"{ratio.ratio:.2f}{signs.times} ({ratio.interval.low:.2f}-{ratio.interval.high:.2f})"
    return text if ratio.conclusive else text + " inconclusive"


def size_text(size: int) -> str:
    """Bytes in the unit that people would use."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
