"""Fills in one side of a comparison from files that a training wrote and from what it printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from auditor.dynamic.printed import LIMIT_CHARACTERS, printed_figures
from auditor.errors import UsageError
from auditor.model.lean import dataclass, field, replace
from auditor.model.variance import Criterion
from auditor.runs.measures import MetricSource, file_metrics, printed_metric
from auditor.runs.result_files import Parts, array_samples, class_samples, is_loss, is_metric, read_parts
from auditor.runs.samples import LABEL_NAMES, PREDICTION_NAMES, one_column, read_columns
from auditor.runs.sides import FinalWeights, Number, Samples, Series, Side, Written

T = TypeVar("T")
OUTPUT = "the output, as printed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Where a person says that results are; empty for wherever they are recognised."""

    metrics: tuple[MetricSource, ...] = ()
    predictions: str = ""
    labels: Path | None = None
    losses: MetricSource | None = None
    weights: str = ""

    def files(self) -> tuple[str, ...]:
        """Files that are named, as they were named."""
        sources = (*self.metrics, *((self.losses,) if self.losses is not None else ()))
        return tuple(name for name in (*(each.path for each in sources), self.predictions, self.weights) if name)


@dataclass(slots=True, kw_only=True)
class SideBuilder:
    """One side while it is filled in."""

    name: str
    looking: Looking
    log: str | None
    """What the program printed; None where nobody kept it."""

    find: Callable[[str], Path | str]
    """A file by the name that a person gave it, or a sentence on why it cannot be had."""

    cut: str = ""
    metrics: dict[str, Number] = field(default_factory=dict)
    classes: dict[str, Number] = field(default_factory=dict)
    predictions: dict[str, Samples] = field(default_factory=dict)
    losses: dict[str, Series] = field(default_factory=dict)
    weights: FinalWeights | None = None
    files: Written | None = None
    labels: Sequence[str] | None = None
    tried: dict[Criterion, list[str]] = field(default_factory=dict)

    def note(self, criterion: Criterion, *texts: str) -> None:
        self.tried.setdefault(criterion, []).extend(texts)

    def read_all(self, paths: Iterable[tuple[str, Path]]) -> None:
        """Look into every file, as far as its kind is known; what a person named is looked for there alone."""
        for name, path in paths:
            try:
                parts = read_parts(path, name)
            except UsageError as error:
                for criterion in (Criterion.OVERALL, Criterion.PREDICTIONS, Criterion.WEIGHTS):
                    self.note(criterion, str(error))
                continue
            self.take(parts, name)

    def take(self, parts: Parts, name: str) -> None:
        """Add what a file says."""
        looking = self.looking
        if parts.text is not None and self.log is None:
            self.log = parts.text
        if not looking.metrics:
            _merge(self.metrics, parts.metrics, name)
        _merge(self.classes, parts.classes, name)
        if looking.losses is None:
            _merge(self.losses, parts.losses, name)
        if parts.predictions is not None and not looking.predictions:
            self.predictions["predictions" if not self.predictions else name] = parts.predictions
        if parts.labels is not None and looking.labels is None:
            self.labels = self.labels or parts.labels
        if parts.weights is not None and not looking.weights:
            self._take_weights(parts.weights)

    def _take_weights(self, found: FinalWeights) -> None:
        if self.weights is None:
            self.weights = found
            return
        known = dict(self.weights.tensors)
        added = {name: replace(tensor, file=found.source) for name, tensor in found.tensors.items()}
        _merge(known, added, found.source)
        self.weights = replace(self.weights, tensors=known, source=f"{self.weights.source}, {found.source}")

    # what a person named

    def read_named(self) -> None:
        """Look where a person said. Raises `UsageError` for what is there and cannot be understood."""
        for source in self.looking.metrics:
            self._named_metric(source)
        if self.looking.predictions and (path := self._file(self.looking.predictions, Criterion.PREDICTIONS)):
            self._named_predictions(path)
        if self.looking.labels is not None:
            columns = read_columns(self.looking.labels)
            self.labels = one_column(self.looking.labels, columns, LABEL_NAMES, "labels")
        if self.looking.losses is not None:
            self._named_losses(self.looking.losses)
        if self.looking.weights and (path := self._file(self.looking.weights, Criterion.WEIGHTS)):
            from auditor.runs.weight_files import read_weights

            self.weights = read_weights(path, self.looking.weights)

    def _file(self, name: str, criterion: Criterion) -> Path | None:
        found = self.find(name)
        if isinstance(found, Path):
            return found
        self.note(criterion, found)
        return None

    def _named_metric(self, source: MetricSource) -> None:
        if source.pattern:
            value = printed_metric(source, self.log or "")
            if value is not None:
                self.metrics[source.name] = Number(value=value, source=OUTPUT, printed=True)
        elif path := self._file(source.path, Criterion.OVERALL):
            for name, value in file_metrics(source, path).items():
                self.metrics[name] = Number(value=value, source=source.path)
        if source.name and source.name not in self.metrics:
            self.note(Criterion.OVERALL, f"{self.name}: no {source.name} ({source.told()})")

    def _named_predictions(self, path: Path) -> None:
        name = self.looking.predictions
        if path.suffix.lower() == ".npy":
            import numpy

            try:
                values = numpy.load(path, allow_pickle=False)
            except (OSError, ValueError) as error:
                raise UsageError(f"{name}: cannot be read: {error}") from error
            if values.dtype.names is None and values.ndim:
                self.predictions["predictions"] = array_samples(values, name)
                return
        parts = read_parts(path, name)
        if parts.predictions is None:
            columns = read_columns(path)
            parts.predictions = class_samples(one_column(path, columns, PREDICTION_NAMES, "predictions"), name)
            parts.labels = next((columns[key] for key in LABEL_NAMES if key in columns), None)
        self.predictions["predictions"] = parts.predictions
        self.labels = parts.labels if parts.labels is not None else self.labels

    def _named_losses(self, source: MetricSource) -> None:
        import re

        if source.path:
            path = self._file(source.path, Criterion.LOSSES)
            found = {} if path is None else read_parts(path, source.path).losses
            chosen = {name: series for name, series in found.items() if source.key in ("", name)}
            if path is not None and not chosen:
                self.note(
                    Criterion.LOSSES,
                    f"{source.path} has no losses called {source.key}; it has {', '.join(found) or 'none'}",
                )
            self.losses.update(chosen)
            return
        matches = [(match.group(1), match.start()) for match in re.finditer(source.pattern, self.log or "")]
        try:
            values = [float(text) for text, _ in matches]
        except ValueError as error:
            raise UsageError(f"--losses {source.pattern}: {error}") from error
        places = [f"line {(self.log or '').count(chr(10), 0, start) + 1:,}" for _, start in matches]
        if values:
            self.losses["loss"] = Series(values=values, places=places, source=OUTPUT, printed=True)
        else:
            self.note(Criterion.LOSSES, f"{self.name}: `{source.pattern}` is found nowhere in the output")

    # what is recognised

    def read_output(self) -> None:
        """Take figures that were printed beside words that tell what they are, unless a person named others."""
        series: dict[str, list[tuple[str, float]]] = {}
        last: dict[str, float] = {}
        for place, words, value in printed_figures((self.log or "")[:LIMIT_CHARACTERS]):
            if is_loss(words) and self.looking.losses is None:
                series.setdefault(words, []).append((place, value))
            elif is_metric(words) and not self.looking.metrics:
                last[words] = value
        for words, value in last.items():  # what a file has is not rounded
            self.metrics.setdefault(words, Number(value=value, source=OUTPUT, printed=True))
        for words, found in series.items():
            self.losses.setdefault(
                words,
                Series(values=[v for _, v in found], places=[p for p, _ in found], source=OUTPUT, printed=True),
            )

    def derive(self) -> None:
        """Accuracy, of all samples and of each class, from predictions and labels."""
        for samples in list(self.predictions.values())[:1]:
            labels = self.labels
            if labels is None or samples.classes is None or len(labels) != len(samples.classes):
                continue
            source = f"{samples.source} and labels"
            right = [a == b for a, b in zip(samples.classes, labels, strict=True)]
            if not self.metrics and not self.looking.metrics:
                self.metrics["accuracy"] = Number(value=sum(right) / len(right), source=source)
            if not self.classes:
                for name in sorted(set(labels), key=_by_number):
                    of_class = [hit for hit, label in zip(right, labels, strict=True) if label == name]
                    self.classes[name] = Number(value=sum(of_class) / len(of_class), source=source)

    def side(self, hints: Mapping[Criterion, Sequence[str]]) -> Side:
        """The side as it is; `hints` say what was tried, and how to make it seen."""
        return Side(
            name=self.name,
            metrics=self.metrics,
            classes=self.classes,
            predictions=self.predictions,
            losses=self.losses,
            weights=self.weights,
            files=self.files,
            tried={each: (*self.tried.get(each, ()), *hints.get(each, ())) for each in Criterion},
            cut=self.cut,
        )


def _merge(known: dict[str, T], found: Mapping[str, T], source: str) -> None:
    """Add entries; a name that is taken is told with its file."""
    for name, value in found.items():
        known[name if name not in known else f"{source}:{name}"] = value


def _by_number(name: str) -> tuple[bool, float, str]:
    return (False, float(name), "") if name.lstrip("-").isdigit() else (True, 0.0, name)


def finish(
    builder: SideBuilder, paths: Sequence[tuple[str, Path]], hints: Mapping[Criterion, Sequence[str]] | None = None
) -> Side:
    """Read files and output into a side; `hints` say what was tried before. Raises what `read_named` raises."""
    builder.read_all(paths)
    builder.read_named()
    builder.read_output()
    builder.derive()
    common = {
        Criterion.OVERALL: [_METRIC_HINT],
        Criterion.PER_CLASS: [_CLASS_HINT],
        Criterion.PREDICTIONS: [_PREDICTION_HINT],
        Criterion.LOSSES: [_LOSS_HINT],
        Criterion.WEIGHTS: [_WEIGHT_HINT],
    }
    hints = hints or {}
    return builder.side({key: (*hints.get(key, ()), *common.get(key, ())) for key in Criterion})


_METRIC_HINT = "no figure is called accuracy, f1, … in the output or in files: --metric 'NAME=REGEX' or FILE.json:key"
_CLASS_HINT = "there are no predictions with labels and no metric of each class: --predictions FILE --labels FILE"
_PREDICTION_HINT = (
    "no file has a column `prediction`: --predictions FILE that it writes, or variance --evaluate MODULE:FUNCTION, "
    "whose replicas keep them"
)
_LOSS_HINT = "no figure is called loss in the output or in files: --losses REGEX or FILE:column"
_WEIGHT_HINT = "no file of weights was found: --weights FILE (.pt, .safetensors, .npz) that it writes"
