"""What noise in training did to the weights, as sentences and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.model.sensitivity import SensitivityReport, TrainedWeights, WeightMatrix
from auditor.report.prose.numbers import count
from auditor.report.prose.page import Page, Style
from auditor.report.prose.table import add_table

_COLUMNS = 5
_ROWS = 8
_MEASURES: tuple[tuple[str, Callable[[WeightMatrix], float | None]], ...] = (
    ("spectral norm", lambda matrix: matrix.spectral),
    ("Frobenius norm", lambda matrix: matrix.frobenius),
    ("effective rank", lambda matrix: matrix.effective_rank),
)


def add_weights(page: Page, report: SensitivityReport, verbosity: int) -> None:
    """A sentence for each noisy layer; tables where there is one such layer, or somebody asks for more."""
    plain, groups = grouped(report)
    if plain is None or not groups:
        return
    page.add()
    for layer, trained in groups:
        page.sentence(_sentence(report, layer, plain, trained))
    measures = _MEASURES if verbosity > 0 else _MEASURES[:1]
    if verbosity > 0 or len(groups) == 1:
        for layer, trained in groups:
            for word, measure in measures:
                _add(page, f"{word} of each weight, noise in training at {layer}", plain, trained, measure, verbosity)


def grouped(report: SensitivityReport) -> tuple[TrainedWeights | None, list[tuple[str, list[TrainedWeights]]]]:
    """Return the training without noise, and by noisy layer the first training of each sigma, rising."""
    plain = next((each for each in report.weights if not each.layer), None)
    groups: dict[str, list[TrainedWeights]] = {}
    for each in report.weights:
        if each.layer and each.repeat == 0:
            groups.setdefault(each.layer, []).append(each)
    return plain, list(groups.items())


def _sentence(report: SensitivityReport, layer: str, plain: TrainedWeights, trained: Sequence[TrainedWeights]) -> str:
    """How the weights nearest to the midpoint, or under the greatest noise, compare with those without noise."""
    everything = [*report.tolerances, *([report.all_layers] if report.all_layers is not None else [])]
    middle = next((each.midpoint for each in everything if each.name == layer), None)
    below = [each for each in trained if middle is not None and each.sigma <= middle]
    shown = below[-1] if below else trained[-1] if middle is None else trained[0]
    before = {matrix.name: matrix for matrix in plain.matrices}
    grown = []
    for matrix in shown.matrices:
        old = before.get(matrix.name)
        if old is not None and old.frobenius and matrix.frobenius is not None:
            grown.append((matrix.frobenius / old.frobenius, old, matrix))
    if not grown:
        return f"Noise of {shown.sigma:.3g} in training at {layer}: no weight matrix can be compared."
    ratio, old, new = max(grown, key=lambda each: each[0])
    spectral = f", its spectral norm {old.spectral:.3g} → {new.spectral:.3g}" if old.spectral and new.spectral else ""
    larger = sum(each[0] > 1 for each in grown)
    matrices = count(len(grown), "weight matrix", "weight matrices")
    return (
        f"Noise of {shown.sigma:.3g} in training at {layer}: {larger} of {matrices} larger than without noise; "
        f"{new.name} most, Frobenius norm × {ratio:.3g}{spectral}."
    )


def _add(
    page: Page,
    title: str,
    plain: TrainedWeights,
    trained: Sequence[TrainedWeights],
    measure: Callable[[WeightMatrix], float | None],
    verbosity: int,
) -> None:
    columns = [plain, *_spread(trained, len(trained) if verbosity > 1 else _COLUMNS)]
    header = ("weight", "no noise", *(f"{each.sigma:.3g}" for each in columns[1:]))
    by_name = [{matrix.name: matrix for matrix in each.matrices} for each in columns]
    names = [matrix.name for matrix in plain.matrices if all(matrix.name in each for each in by_name)]
    if not names:
        return
    kept = names if verbosity > 0 else names[-_ROWS:]
    page.add()
    page.add((f"{title}:", Style.FAINT))
    add_table(page, header, [(name, *(_shown(measure(each[name])) for each in by_name)) for name in kept])
    if len(kept) < len(names):
        page.add((f"  the last {len(kept)} of {len(names)}; -v shows all", Style.FAINT))


def _spread(trained: Sequence[TrainedWeights], most: int) -> list[TrainedWeights]:
    if len(trained) <= most:
        return list(trained)
    return [trained[round(place * (len(trained) - 1) / (most - 1))] for place in range(most)]


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
