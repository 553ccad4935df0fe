"""How much noise each layer of a trained model tolerates."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.overhead import Interval


class NoiseKind(Enum):
    """What the noise does to a value x."""

    ADD = "add"
    """x + e, e drawn from N(0, sigma²)."""

    MULTIPLY = "mul"
    """x · h, h drawn from N(1, sigma²)."""

    COMBINED = "combined"
    """Both, one after the other."""


class NoiseMode(Enum):
    """When there is noise."""

    EVALUATION = "eval"
    """A model that is trained is evaluated under noise."""

    TRAINING = "train"
    """Each level is a training of its own, under noise from the first step on, evaluated under the same noise."""


class ToleranceStatus(Enum):
    """What could be said about a midpoint."""

    MEASURED = "measured"
    """The quality falls half-way within the levels that were tried."""

    PLATEAU = "plateau"
    """The same, and it levels off well above chance: the layer can be lost, and something still works."""

    ABOVE = "above"
    """It never falls half-way: the midpoint lies above the greatest level."""

    BELOW = "below"
    """It is down already at the smallest level: the midpoint lies below it."""

    IMPOSSIBLE = "impossible"
    """No noise can enter: there is no floating-point tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionPoint:
    """A place where noise can enter the model: its input, or the output of a module that calls no other."""

    index: int
    """From 0, in forward order."""

    name: str
    """Dotted name in the model; `input` for its input."""

    type: str
    """Class of the module; `input` for the input."""

    shapes: tuple[tuple[int, ...], ...]
    """Of the tensors at the first call, batch included."""

    dtypes: tuple[str, ...]
    calls: int
    """Calls while the layers were listed; several in one pass are one point."""

    injectable: bool
    """False where no tensor is floating-point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseLevel:
    """The model under noise of one size."""

    sigma: float
    values: tuple[float | None, ...]
    """The metric, one a repeat, as it was measured; None where it is infinite or undefined."""

    quality: float
    """Mean over the repeats, from 1 at best to 0; see `SensitivityReport.scale`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much noise one injection point, or all together, tolerate."""

    name: str
    index: int | None
    """Of the injection point; None for all together."""

    status: ToleranceStatus
    midpoint: float | None
    """Sigma at which the quality has fallen half-way, by the fit; None where it lies outside the levels."""

    interval: Interval | None
    crossing: float | None
    """The same without a fit: interpolated between levels."""

    midpoint_to_chance: float | None
    """Sigma half-way between the quality without noise and chance; None where that is never reached."""

    highest: float | None
    """Fitted quality without noise."""

    lowest: float | None
    """Fitted quality under endless noise."""

    slope: float | None
    """Steepness k of the fit, per decade of sigma."""

    executions: int
    """How often the operator was applied and averaged."""

    evaluations: int
    curve: tuple[NoiseLevel, ...]
    """By rising sigma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMatrix:
    """The singular values of one trained weight; of more than two dimensions it counts as [first, all others]."""

    name: str
    shape: tuple[int, ...]
    spectral: float | None
    """The greatest singular value; None, as the next, where the matrix is too large for them, or not finite."""

    frobenius: float | None
    """Square root of the sum of all squares; None where that is not finite."""

    effective_rank: float | None
    """exp of the entropy of the singular values over their sum (Roy, Vetterli 2007)."""

    singular_values: tuple[float, ...]
    """Falling; the greatest 64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedWeights:
    """What one training left."""

    layer: str
    """Where noise was in it: a layer, `global`; empty for the training without noise."""

    sigma: float
    repeat: int
    matrices: tuple[WeightMatrix, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCondition:
    """Noise under which a model was trained before it was looked at."""

    layers: tuple[str, ...]
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityReport:
    """Noise tolerance of a model, layer by layer. Without tolerances it lists the layers alone."""

    program: str
    models: tuple[str, ...]
    points: tuple[InjectionPoint, ...]
    kind: NoiseKind | None
    """None where only the layers were asked for."""

    metric: str | None
    baseline: float | None
    """The metric without noise."""

    chance: float | None
    """Quality of a model that knows nothing; None where nobody can say."""

    samples: int | None
    """Predictions an evaluation; None where a function of the user's counts them."""

    scale: str
    """How the metric becomes a quality."""

    tolerances: tuple[Tolerance, ...]
    all_layers: Tolerance | None
    """Every injection point noisy at once."""

    evaluations: int
    grid_evaluations: int
    """What all levels, points and repeats would have taken."""

    seed: int
    method: str
    notes: tuple[str, ...]
    mode: NoiseMode = NoiseMode.EVALUATION
    trained_under: TrainingCondition | None = None
    """Noise that was on in the one training; None where there was none, or where each level is a training."""

    weights: tuple[TrainedWeights, ...] = ()
    """By layer and sigma, the training without noise first; empty where no training was noisy."""

    clamp: float | None = None
    """Weights were kept within so much of 0 while the program trained; None where they were left alone."""
