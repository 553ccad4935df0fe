"""Reads what a file that a training wrote says of its results: metrics, losses, predictions, final weights.

What a number is, its name tells: `test_accuracy` is a metric, `lr` is none. Nothing in a file is executed.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.lean import dataclass, field
from auditor.runs.icse22 import parse_result
from auditor.runs.measures import is_number
from auditor.runs.samples import LABEL_NAMES, PREDICTION_NAMES, as_column
from auditor.runs.sides import FinalWeights, Number, Samples, Series
from auditor.runs.weight_files import WEIGHT_KINDS, read_weights

MAX_BYTES = 100_000_000
"""Larger files of text are not searched."""

_METRIC = re.compile(
    r"(?i)(?:^|[^a-z])(?:\w*acc(?:uracy)?|f1\w*|auc\w*|auroc|roc\w*|precision|recall|\w*score|perplexity|ppl|bleu\w*|rouge\w*"
    r"|mae|mse|rmse|r2|mape|err(?:or)?(?:_?rate)?|reward\w*|return|nll|elbo|dice|m?iou|m?ap|top[-_]?\d|correct|kappa|wer|cer)"
    r"(?:[^a-z]|$)"
)
_LOSS = re.compile(r"(?i)(?:^|[^a-z])\w*loss(?:es)?(?:[^a-z]|$)")
_CLASSES = re.compile(r"(?i)(?:^|_)(?:per_?class|class_?acc\w*|by_?class|classes|class_?metrics)\w*$")
_PREDICTED = re.compile(r"(?i)pred|logit|prob|output")
_MOMENTS = ("epoch", "step", "iteration", "iter", "round", "episode")
_LARGEST_EXACT = 2**53
_TEXT_KINDS = (".txt", ".log", ".out")


@dataclass(slots=True, kw_only=True)
class Parts:
    """What one file says; empty where it says nothing that is known here."""

    metrics: dict[str, Number] = field(default_factory=dict)
    classes: dict[str, Number] = field(default_factory=dict)
    predictions: Samples | None = None
    labels: Sequence[str] | None = None
    losses: dict[str, Series] = field(default_factory=dict)
    weights: FinalWeights | None = None
    text: str | None = None
    """What is left to be read as the output of a program."""


def is_metric(name: str) -> bool:
    """Whether a name is that of a quality, and not of a setting, a loss or a time."""
    return bool(_METRIC.search(name)) and not _LOSS.search(name)


def is_loss(name: str) -> bool:
    return bool(_LOSS.search(name))


def read_parts(path: Path, name: str) -> Parts:
    """Read a file as what its ending says; empty for other files. Raises `UsageError` where it cannot be read so."""
    kind = path.suffix.lower()
    try:
        if kind in WEIGHT_KINDS:
            return Parts(weights=read_weights(path, name))
        if kind == ".npy":
            return _npy(path, name)
        if kind not in (".json", ".jsonl", ".csv", *_TEXT_KINDS) or path.stat().st_size > MAX_BYTES:
            return Parts()
        text = path.read_text(encoding="utf-8-sig", errors="strict" if kind not in _TEXT_KINDS else "replace")
        if kind == ".json":
            return _json(json.loads(text), name)
        if kind == ".jsonl":
            return _rows([json.loads(line) for line in text.splitlines() if line.strip()], name)
        if kind == ".csv":
            return _rows(list(csv.DictReader(text.splitlines())), name)
        return _plain(text, name)
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: cannot be read as {kind}: {error}") from error


def class_samples(values: Sequence[Any], source: str) -> Samples:
    """Predictions from a list: classes, numbers, or rows of scores."""
    try:
        classes: Sequence[str] | None = as_column(values)
    except (ValueError, TypeError):
        classes = None  # a regression
    shown = classes or [json.dumps(value) for value in values]
    return Samples(
        bits=[json.dumps(value).encode() for value in values], shown=shown.__getitem__, source=source, classes=classes
    )


def array_samples(values: Any, source: str) -> Samples:
    """Predictions from a numpy array with one entry a sample."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    scores = values.ndim == 2
    whole = values.dtype.kind in "iub" or (values.dtype.kind == "f" and not scores and bool((values % 1 == 0).all()))
    classes: Sequence[str] | None = None
    if scores:
        classes = as_column(values.argmax(1).tolist())
    elif values.ndim == 1 and (whole or values.dtype.kind in "US"):
        classes = as_column(values.tolist())

    def shown(index: int) -> str:
        return classes[index] if classes is not None else str(values[index].tolist())[:40]

    return Samples(bits=[row.tobytes() for row in values], shown=shown, source=source, classes=classes)


def _npy(path: Path, name: str) -> Parts:
    import numpy

    if not _PREDICTED.search(path.stem) and not any(
        label in path.stem.lower() for label in LABEL_NAMES if len(label) > 1
    ):
        return Parts(weights=read_weights(path, name))
    values = numpy.load(path, allow_pickle=False)
    if not values.ndim:
        return Parts()
    samples = array_samples(values, name)
    return Parts(predictions=samples) if _PREDICTED.search(path.stem) else Parts(labels=samples.classes)


def _plain(text: str, name: str) -> Parts:
    """A result file of Chen et al., or what a program printed."""
    try:
        found = parse_result(name, text)
    except ValueError:
        return Parts(text=text)
    parts = Parts(classes={key: Number(value=value, source=name) for key, value in found.classes})
    if found.overall is not None:
        parts.metrics["overall"] = Number(value=found.overall, source=name)
    if found.losses:
        parts.losses["loss"] = Series(values=found.losses, places=_places("epoch", found.losses), source=name)
    if found.predictions:
        parts.predictions = class_samples(found.predictions, name)
    return parts


def _json(content: Any, name: str) -> Parts:
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return _rows(content, name)
    if isinstance(content, list) and _PREDICTED.search(Path(name).stem):
        return Parts(predictions=class_samples(content, name))
    parts = Parts()
    for key, value in _leaves(content):
        last = key.rpartition(".")[2]
        parent = key.rpartition(".")[0].rpartition(".")[2]
        if isinstance(value, list):
            _json_list(parts, key, last, value, name)
        elif _CLASSES.search(parent):
            parts.classes[last] = Number(value=value, source=name)
        elif is_metric(key) or is_loss(last):
            parts.metrics[key] = Number(value=value, source=name)
    return parts


def _json_list(parts: Parts, key: str, last: str, values: list[Any], name: str) -> None:
    if last in PREDICTION_NAMES:
        parts.predictions = class_samples(values, name)
    elif last in LABEL_NAMES:
        parts.labels = class_samples(values, name).classes
    elif not values or not all(is_number(value) for value in values):
        return
    elif _CLASSES.search(last):
        parts.classes.update({str(i): Number(value=float(value), source=name) for i, value in enumerate(values)})
    elif is_loss(last):
        parts.losses[key] = Series(values=[float(v) for v in values], places=_places("epoch", values), source=name)
    elif is_metric(key):
        parts.metrics[key] = Number(value=_exact(values[-1]), source=name)


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (`test.accuracy`, number or list)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        yield prefix, value
    elif is_number(value):
        yield prefix, _exact(value)


def _rows(rows: Sequence[Mapping[str, Any]], name: str) -> Parts:
    """A table: one row a sample where it has predictions, else one row an epoch or a step."""
    columns: dict[str, list[tuple[int, Any]]] = {}
    for index, row in enumerate(rows):
        for key, value in row.items():
            if key is not None and value not in (None, ""):
                columns.setdefault(str(key).strip(), []).append((index, value))
    predicted = next((key for key in PREDICTION_NAMES if key in columns), None)
    if predicted is not None:
        labels = next((key for key in LABEL_NAMES if key in columns), None)
        return Parts(
            predictions=class_samples(_cells(rows, predicted), name),
            labels=None if labels is None else class_samples(_cells(rows, labels), name).classes,
        )
    parts = Parts()
    moment = next((key for key in columns if key.lower() in _MOMENTS), None)
    moments = dict(columns.get(moment, ())) if moment is not None else {}
    for key, cells in columns.items():
        numbers = [(index, float(value)) for index, value in cells if is_number(_parsed(value))]
        if not numbers:
            continue
        if is_loss(key):
            places = [f"{moment} {moments[i]}" if i in moments else f"row {i + 1:,}" for i, _ in numbers]
            parts.losses[key] = Series(values=[value for _, value in numbers], places=places, source=name)
        elif is_metric(key):
            parts.metrics[key] = Number(value=numbers[-1][1], source=name)
    return parts


def _cells(rows: Sequence[Mapping[str, Any]], column: str) -> list[Any]:
    """One entry a row: an empty cell is one as well, else what follows would move up."""
    return [
        _parsed(next((value for key, value in row.items() if key is not None and str(key).strip() == column), ""))
        for row in rows
    ]


def _exact(value: float) -> float:
    """The double, or the whole number itself where no double is that number."""
    return value if isinstance(value, int) and abs(value) > _LARGEST_EXACT else float(value)


def _parsed(value: Any) -> Any:
    """The number that a cell of a table holds; else the cell."""
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"[-+]?\d+", text):
            return int(text)
        try:
            return float(text)
        except ValueError:
            return text
    return value


def _places(what: str, values: Sequence[Any]) -> list[str]:
    return [f"{what} {number:,}" for number in range(1, len(values) + 1)]
