"""The parts of a report on noise that are the same however it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.dynamic.statistics import LEVEL
from auditor.experiments.midpoint import RESAMPLES, SEED
from auditor.experiments.noise import FEW
from auditor.model.sensitivity import InjectionPoint, TrainedWeights, WeightMatrix
from auditor.services.noise_options import WalkOptions


def describe(command: Sequence[str], hello: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields on the program and its model, of what the program's end told."""
    return {
        "program": " ".join(command),
        "models": tuple(hello["models"]),
        "points": tuple(
            InjectionPoint(
                index=index,
                name=point["name"],
                type=point["type"],
                shapes=tuple(tuple(shape) for shape in point["shapes"]),
                dtypes=tuple(point["dtypes"]),
                calls=point["calls"],
                injectable=point["injectable"],
            )
            for index, point in enumerate(hello["points"])
        ),
    }


def trained_weights(layer: str, sigma: float, repeat: int, hello: Mapping[str, Any]) -> TrainedWeights:
    """Return the weights that a training left; `layer` is empty for one without noise."""
    return TrainedWeights(
        layer=layer,
        sigma=sigma,
        repeat=repeat,
        matrices=tuple(
            WeightMatrix(
                name=each["name"],
                shape=tuple(each["shape"]),
                spectral=each["spectral"],
                frobenius=each["frobenius"],
                effective_rank=each["effective_rank"],
                singular_values=tuple(each["values"]),
            )
            for each in hello["spectra"]
        ),
    )


def sweep_words(options: WalkOptions) -> str:
    """Return how levels were chosen and midpoints fitted, in words."""
    times = "once" if options.repeats == 1 else f"{options.repeats} times"
    everything = options.precision is None or len(options.sigmas) < FEW
    if not everything and options.repeats > 1:
        times = f"up to {times} each"
    how = (
        f"every level {times}"
        if everything
        else f"coarse levels first, then those near the midpoint, {times}, until its interval is within "
        f"±{options.precision:.0%}"
    )
    first, last = options.sigmas[0], options.sigmas[-1]
    levels = f"{len(options.sigmas)} levels from {first:g} to {last:g}" if last > first else f"One level, {first:g}"
    return (
        f"{levels}; {how}. Midpoint: "
        f"least-squares logistic in log10 sigma; interval: {LEVEL:.0%} percentile bootstrap, {RESAMPLES} "
        f"resamples, seed {SEED}."
    )
