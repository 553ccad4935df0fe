"""Noise profiles of hardware: how much noise each class of layers has there."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.overhead import Interval


class HardwareNoiseKind(Enum):
    """What hardware does to a value x."""

    ADD = "add"
    """x + e, e drawn from N(0, amount²); relative to the tensor where the profile says so."""

    MULTIPLY = "mul"
    """x · h, h drawn from N(1, amount²)."""

    STEP = "step"
    """x + u, u uniform over a step of that size."""

    BITS = "bits"
    """The same, with 2^amount - 1 steps between plus and minus the greatest absolute value of the tensor."""


class RelativeTo(Enum):
    """What additive noise is relative to."""

    ABSOLUTE = "absolute"
    RMS = "rms"
    """Root mean square of the tensor."""

    MAX = "max"
    """Greatest absolute value of the tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareNoise:
    """One kind of noise at some layers."""

    at: tuple[str, ...]
    """Groups (`linear`, `conv`, …, `all`), or patterns of class names with a capital (`My*Block`)."""

    kind: HardwareNoiseKind
    amount: float
    """Sigma, size of a step, or bits."""

    relative: RelativeTo


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareProfile:
    """One piece of hardware."""

    name: str
    title: str
    about: str
    """What the numbers stand for, and what they leave out."""

    sources: tuple[str, ...]
    noise: tuple[HardwareNoise, ...]
    """A layer has all of those that name it, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyLayer:
    """A layer under a profile."""

    name: str
    type: str
    noise: tuple[str, ...]
    """In words, in the order of application; empty where the profile leaves the layer alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedHardware:
    """The model under one profile."""

    profile: HardwareProfile
    layers: tuple[NoisyLayer, ...]
    values: tuple[float | None, ...]
    """The metric, one a draw; None where it is infinite or undefined."""

    mean: float | None
    """Of the values; None where one of them is."""

    interval: Interval | None
    """Of the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationReport:
    """What a trained model would reach on hardware with noise."""

    program: str
    models: tuple[str, ...]
    metric: str
    better: str
    """`max` where more is better, else `min`."""

    baseline: float
    """The metric without noise."""

    samples: int | None
    """Predictions an evaluation; None where a function of the user's counts them."""

    profiles: tuple[SimulatedHardware, ...]
    """In the order in which they were asked for."""

    seed: int
    method: str
    notes: tuple[str, ...]
