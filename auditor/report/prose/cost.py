"""What deterministic mode costs, as a table."""

from __future__ import annotations

from auditor.model.overhead import OverheadReport, Ratio, Timing
from auditor.report.prose.numbers import between, count, duration, size
from auditor.report.prose.page import Page, Style


def add_overhead(page: Page, overhead: OverheadReport) -> None:
    """Add the answer, one line a variant, and how it was measured."""
    for ratio in overhead.ratios:
        page.sentence(answer(ratio), style=Style.STRONG if ratio.conclusive else Style.WARNING)
    page.add()
    ratios = {ratio.label: ratio for ratio in overhead.ratios}
    timings = (overhead.baseline, *overhead.variants)
    rows = [_HEADER] + [_row(timing, ratios.get(timing.label)) for timing in timings]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for index, row in enumerate(rows):
        cells = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        page.add(("  " + "   ".join(cells), Style.PLAIN if index else Style.FAINT))
    page.add()
    page.sentence(overhead.method)
    for note in overhead.notes:
        page.sentence(note)


def answer(ratio: Ratio) -> str:
    """`deterministic mode: 1.38× the step time (1.35–1.42, 95 %)`."""
    interval = f"{between(ratio.interval)}, {100 * ratio.interval.level:.0f} %"
    if ratio.conclusive:
        return f"{ratio.label}: {ratio.ratio:.2f}× the step time ({interval})"
    return (
        f"{ratio.label}: INCONCLUSIVE, {ratio.ratio:.2f}× with an interval that spans 1 ({interval}); try more --runs"
    )


_HEADER = ("variant", "ms per step", "interval", "ratio", "run", "peak memory", "peak GPU memory", "runs × steps")


def _row(timing: Timing, ratio: Ratio | None) -> tuple[str, ...]:
    device = timing.peak_device_memory_bytes
    return (
        timing.label,
        f"{timing.median_step_s * 1e3:.3g}" if timing.median_step_s < 0.1 else f"{timing.median_step_s * 1e3:.1f}",
        between(timing.interval_s, 1e3, 3 if timing.median_step_s < 1e-2 else 1),
        f"{ratio.ratio:.2f}×" if ratio else "1.00×",
        duration(timing.wall_s),
        size(timing.peak_memory_bytes),
        "not measured" if device is None else size(device),
        f"{timing.runs} × {timing.steps}",
    )


def summary(overhead: OverheadReport) -> str:
    """The whole answer in one line."""
    return "; ".join(answer(ratio) for ratio in overhead.ratios) or f"{count(overhead.baseline.runs, 'run')} timed"
