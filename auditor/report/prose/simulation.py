"""What a model would reach on hardware with noise."""

from __future__ import annotations

from auditor.model.hardware import SimulatedHardware, SimulationReport
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.table import add_table


def add_simulation(page: Page, report: SimulationReport, verbosity: int = 0) -> None:
    """Add the answer, a line for each profile, what a profile stands for, and with -v the noise of each layer."""
    page.add((summary(report), Style.STRONG))
    page.add()
    rows = [("no noise", _figure(report.baseline), "", ""), *(_row(each, report.baseline) for each in report.profiles)]
    add_table(page, ("hardware", report.metric, "interval", "change"), rows)
    for each in report.profiles:
        page.add()
        noisy = sum(bool(layer.noise) for layer in each.layers)
        page.sentence(
            f"{each.profile.name}: {each.profile.title}; {noisy} of {count(len(each.layers), 'layer')} noisy."
        )
        page.sentence(each.profile.about)
        for source in each.profile.sources:
            page.add((f"  {source}", Style.FAINT))
        if verbosity > 0 and each.layers:
            kinds = [(layer.name, layer.type, "; ".join(layer.noise) or "none") for layer in each.layers]
            width = max(len(name) for name, _, _ in kinds)
            longest = max(len(kind) for _, kind, _ in kinds)
            for name, kind, noise in kinds:
                page.add(f"  {name.ljust(width)}  {kind.ljust(longest)}  {noise}")
    page.add()
    samples = f", {count(report.samples, 'prediction')} each" if report.samples is not None else ""
    page.sentence(f"{report.method[:1].upper()}{report.method[1:]}{samples}.")
    page.sentence("A simulation of noise at the layers' outputs: it promises nothing of a chip.")
    for note in report.notes:
        page.sentence(f"Note: {note}.")


def summary(report: SimulationReport) -> str:
    """The whole answer in one line."""
    model = " and ".join(report.models)
    told = [f"{each.profile.name} {_figure(each.mean)}" for each in report.profiles]
    return f"{model}, {report.metric} without noise {_figure(report.baseline)}" + "".join(f", on {one}" for one in told)


def _row(each: SimulatedHardware, baseline: float) -> tuple[str, str, str, str]:
    interval = "" if each.interval is None else f"{_figure(each.interval.low)}–{_figure(each.interval.high)}"
    change = "" if each.mean is None else f"{each.mean - baseline:+.4f}"
    return each.profile.name, _figure(each.mean), interval, change


def _figure(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4f}"
