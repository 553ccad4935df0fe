"""From what a replica left to its result: metrics, predictions, weights; and what was tried where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.lean import dataclass, field
from auditor.runs import collected as collected_files
from auditor.runs.measures import MetricSource, file_metrics, is_usable, likely_metrics, printed_metric
from auditor.runs.output import LOG_NAME
from auditor.runs.replicas import COLLECTED, Kept
from auditor.runs.samples import (
    LABEL_NAMES,
    PREDICTION_NAMES,
    Column,
    as_column,
    one_column,
    read_columns,
)

_SHOWN_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where results come from, beside the weights, which are looked for always."""

    metrics: tuple[MetricSource, ...] = ()
    predictions: str = ""
    labels: Path | None = None
    evaluate: str = ""

    def files(self) -> tuple[str, ...]:
        """Files that the program writes."""
        named = [source.path for source in self.metrics if source.path]
        return tuple(dict.fromkeys([*named, *([self.predictions] if self.predictions else [])]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one replica came to."""

    name: str
    """`algo/3`."""

    metrics: Mapping[str, float]
    predictions: Column | None
    labels: Column | None
    digest: str | None
    """Of the final weights, all bits; None where nothing was trained by an optimizer of torch."""

    vector: Sequence[Any] | None
    seeds: tuple[str, ...]
    problems: tuple[str, ...] = field(default=())
    collected: collected_files.Collected | None = None
    """What the process that trained left; None where none did."""


def read_result(kept: Kept, sources: Sources) -> Result:
    """Read a replica. What is missing is told in its problems; `UsageError` for files that cannot be understood."""
    problems = list(kept.notes)
    collected = collected_files.read_collected(kept.folder / COLLECTED)
    evaluation = (collected.evaluation if collected is not None else None) or {}
    if sources.evaluate and collected is None:
        problems.append(f"--evaluate {sources.evaluate}: no optimizer of torch stepped, so there is no trained module")
    if "error" in evaluation:
        problems.append(f"--evaluate {sources.evaluate}: {evaluation['error']}")
    predictions, labels = _samples(kept, sources, evaluation)
    metrics = _metrics(kept, sources, problems)
    metrics.update(evaluation.get("metrics") or {})
    problems += [f"{name} is {value}" for name, value in metrics.items() if not is_usable(value)]
    metrics = {name: value for name, value in metrics.items() if is_usable(value)}
    if collected is not None:
        problems += collected.problems
    return Result(
        name=f"{kept.variant}/{kept.number}",
        metrics=metrics,
        predictions=predictions,
        labels=labels,
        digest=collected.digest if collected is not None else None,
        vector=collected_files.vector(collected) if collected is not None else None,
        seeds=kept.seeds,
        problems=tuple(problems),
        collected=collected,
    )


def check_first(kept: Kept, result: Result, sources: Sources) -> None:
    """Raise `UsageError` where the first replica lacks what was asked for: no other one would have it."""
    log = (kept.folder / LOG_NAME).read_text(encoding="utf-8", errors="replace")
    for source in sources.metrics:
        known = [name for name in result.metrics if not source.name or name == source.name]
        if not known:
            raise UsageError(_no_metric(source, kept, result, log))
    if sources.predictions and result.predictions is None:
        raise UsageError(_told(result, f"--predictions {sources.predictions}", "the program did not write it"))
    if sources.evaluate and any(problem.startswith("--evaluate") for problem in result.problems):
        raise UsageError(_told(result, f"--evaluate {sources.evaluate}", ""))
    if result.digest is None and not result.metrics and result.predictions is None:
        raise UsageError(_nothing(log))


def _metrics(kept: Kept, sources: Sources, problems: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    log: str | None = None
    for source in sources.metrics:
        if source.pattern:
            if log is None:
                log = (kept.folder / LOG_NAME).read_text(encoding="utf-8", errors="replace")
            value = printed_metric(source, log)
            if value is not None:
                found[source.name] = value
        elif source.path in kept.files:
            found.update(file_metrics(source, kept.folder / kept.files[source.path]))
        if source.name and source.name not in found:
            problems.append(f"no {source.name} ({source.told()})")
    return found


def _samples(kept: Kept, sources: Sources, evaluation: Mapping[str, Any]) -> tuple[Column | None, Column | None]:
    predictions = labels = None
    try:
        if evaluation.get("predictions") is not None:
            predictions = as_column(evaluation["predictions"])
        if evaluation.get("labels") is not None:
            labels = as_column(evaluation["labels"])
    except (ValueError, TypeError) as error:
        raise UsageError(f"--evaluate {sources.evaluate}: {error}") from error
    if sources.predictions in kept.files:
        path = kept.folder / kept.files[sources.predictions]
        columns = read_columns(path)
        predictions = one_column(path, columns, PREDICTION_NAMES, "predictions")
        labels = next((columns[name] for name in LABEL_NAMES if name in columns), labels)
    if sources.labels is not None:
        columns = read_columns(sources.labels)
        labels = one_column(sources.labels, columns, LABEL_NAMES, "labels")
    return predictions, labels


def _no_metric(source: MetricSource, kept: Kept, result: Result, log: str) -> str:
    if source.path:
        if source.path not in kept.files:
            return _told(result, f"--metric {source.told()}", f"the program did not write {source.path}")
        everything = file_metrics(MetricSource(name="", path=source.path), kept.folder / kept.files[source.path])
        there = ", ".join(everything) or "no number at all"
        return f"--metric {source.told()}: {source.path} has no {source.key or 'number'}; it has {there}"
    lines = [line.strip() for line in log.splitlines() if line.strip()][-_SHOWN_LINES:]
    shown = "".join(f"\n  {line}" for line in lines) or " nothing"
    likely = likely_metrics(log)
    hint = f"\nperhaps --metric '{likely[-1]}'" if likely else ""
    return f"--metric {source.told()}: found nowhere in what the program printed; it ended with{shown}{hint}"


def _told(result: Result, what: str, reason: str) -> str:
    own = [
        problem for problem in result.problems if problem.split(" was ")[0] in what or problem.startswith("--evaluate")
    ]
    return f"{what}: {'; '.join(own).removeprefix(f'{what}: ') or reason}"


def _nothing(log: str) -> str:
    likely = likely_metrics(log)
    hint = f"--metric '{likely[-1]}'" if likely else "--metric 'accuracy=accuracy ([0-9.]+)'"
    return (
        "nothing to hold replicas against each other; tried: final weights (no optimizer of torch took a step in any "
        f"process), metrics (none named; for what the program prints: {hint}), predictions (none named: "
        "--predictions FILE that it writes, or --evaluate module:function)"
    )
