"""What deterministic mode costs, as a table."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.overhead import Dominance, OverheadReport, Ratio, Timing
from auditor.report.prose.numbers import between, count, duration, p_value, size
from auditor.report.prose.page import Page, Style


def add_overhead(page: Page, overhead: OverheadReport) -> None:
    """Add the answer, one line a variant, and how it was measured."""
    for ratio in overhead.ratios:
        page.sentence(answer(ratio), style=Style.STRONG if ratio.conclusive else Style.WARNING)
        if ratio.dominance is not None:
            page.sentence(tested(ratio.dominance), indent="  ", style=Style.FAINT)
    if not overhead.ratios:
        page.sentence("INCONCLUSIVE: there is nothing to compare with", style=Style.WARNING)
    page.add()
    ratios = {ratio.label: ratio for ratio in overhead.ratios}
    timings = (overhead.baseline, *overhead.variants)
    columns = [
        column for column in zip(_HEADER, *(_row(timing, ratios) for timing in timings), strict=True) if any(column[1:])
    ]
    widths = [max(len(cell) for cell in column) for column in columns]
    for index, row in enumerate(zip(*columns, strict=True)):
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        page.add(("  " + "  ".join([first.strip().ljust(widths[0]), *rest]), Style.PLAIN if index else Style.FAINT))
    page.add()
    runs, steps = overhead.baseline.runs, overhead.baseline.steps
    page.sentence(f"{count(runs, 'run')} of each, {count(steps, 'timed step')} a run. {overhead.method}")
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


def tested(dominance: Dominance) -> str:
    """`rank sum p < 0.001, Cliff's delta +1.00 (large)`."""
    p = p_value(dominance.rank_sum_p)
    relation = "" if p.startswith("<") else "= "
    return f"rank sum p {relation}{p}, Cliff's delta {dominance.cliffs_delta:+.2f} ({dominance.effect.value})"


_HEADER = ("variant", "ms per step", "interval", "ratio", "run", "memory", "GPU memory")


def _row(timing: Timing, ratios: Mapping[str, Ratio]) -> tuple[str, ...]:
    """Cells of one variant; empty where nothing was measured."""
    device = timing.peak_device_memory_bytes
    ratio = ratios.get(timing.label)
    digits = 3 if timing.median_step_s < 1e-2 else 1
    return (
        timing.label,
        f"{timing.median_step_s * 1e3:.{digits}f}",
        between(timing.interval_s, 1e3, digits),
        f"{ratio.ratio:.2f}×" if ratio else "1.00×",
        duration(timing.wall_s),
        size(timing.peak_memory_bytes),
        "" if device is None else size(device),
    )


def summary(overhead: OverheadReport) -> str:
    """The whole answer in one line."""
    return "; ".join(answer(ratio) for ratio in overhead.ratios) or f"{count(overhead.baseline.runs, 'run')} timed"
