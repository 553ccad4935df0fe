"""How far apart two runs are: layers beside the noise that each tolerates, parameters beside the spread of replicas."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.overhead import Interval


class MarginState(Enum):
    """What could be said about a layer."""

    MEASURED = "measured"
    """The runs differ there, and the tolerance is known."""

    ABOVE = "above"
    """The runs differ there; the tolerance is above the greatest noise that was tried: the margin is a lower bound."""

    UNKNOWN = "unknown"
    """The runs differ there by a known size, and no tolerance is known."""

    UNMEASURED = "unmeasured"
    """The runs differ there, and the size has no meaning (infinite, NaN, whole numbers) or was not kept."""

    IDENTICAL = "identical"
    """Equal bit for bit wherever it was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDifference:
    """One layer's outputs in one step, reference against candidate."""

    step: int
    """Optimizer steps before these forward passes."""

    calls: int
    differing_calls: int
    rms: float | None
    """Root mean square of the difference over all kept elements; None where that has no meaning."""

    max_ulp: int | None
    """Greatest distance in units in the last place; None where nothing could be counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How the difference grows with the steps: log10 of it is fitted by a line."""

    steps: int
    """Steps with a difference, which the line was fitted to."""

    decades_per_step: float
    interval: Interval
    ulp_decades_per_step: float | None
    ulp_interval: Interval | None
    grows: bool
    """The interval lies above 0."""

    steps_to_tolerance: float | None
    """Further steps until the line reaches the tolerance; None where it does not grow, or no tolerance is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerMargin:
    """One layer: difference, tolerance, and decades between them."""

    model: str
    layer: str
    """Name of the injection point, as `noise layers` has it."""

    type: str
    state: MarginState
    steps: tuple[StepDifference, ...]
    first: StepDifference | None
    """The first step in which it differs; None where it never does."""

    greatest: StepDifference | None
    last: StepDifference | None
    tolerance: float | None
    """Midpoint noise level of the walk; the greatest level where the state is `above`."""

    tolerance_interval: Interval | None
    margin: float | None
    """log10(tolerance / greatest rms): decades between them."""

    margin_interval: Interval | None
    """From the interval of the tolerance."""

    first_margin: float | None
    last_margin: float | None
    growth: Growth | None
    """None with fewer than three steps that differ."""

    note: str
    """Why something is not known; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterStep:
    """One parameter, or its gradient, in one step, reference against candidate."""

    step: int
    """Optimizer steps before this one; 0 for final weights."""

    differs: bool
    rms: float | None
    """Root mean square of the difference over all kept numbers; None where that has no meaning."""

    max_ulp: int | None
    """Greatest distance in units in the last place; None where nothing could be counted."""

    spread: float | None
    """Standard deviation over replicas (divided by n - 1), as a root mean square over the same numbers; None where none
    was measured."""

    replicas: int
    """Those that the spread is of; 0 for none."""

    decades: float | None
    """log10(spread / rms): by how much the difference is smaller than the spread; None where either is unknown or 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterMargin:
    """One parameter, or its gradient, over the steps."""

    model: str
    """Class of the module that it is in; empty for final weights, and for parameters of no module."""

    parameter: str
    state: MarginState
    """`unknown`: the runs differ by a known size, and no spread was measured. `above` is not used."""

    numbers: int
    """Held against each other in a step."""

    is_sample: bool
    """Fewer than the parameter has."""

    steps: tuple[ParameterStep, ...]
    first: ParameterStep | None
    """The first step in which it differs; None where it never does."""

    nearest: ParameterStep | None
    """Where the difference is nearest to the spread; without a spread, where it is greatest."""

    last: ParameterStep | None
    decades: float | None
    """Of `nearest`."""

    decades_interval: Interval | None
    """From the uncertainty of a standard deviation of so many replicas."""

    growth: Growth | None
    """Of the difference; `steps_to_tolerance` is until it reaches the spread. None below three steps that differ."""

    note: str
    """Why something is not known; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientMargin:
    """Gradients that the optimizers were given."""

    parameters: tuple[ParameterMargin, ...]
    """Nearest to the spread first; then those without a spread, then identical ones in the order of the optimizers."""

    measured_steps: int
    """Steps of which both runs kept gradients."""

    replicas: int
    """Those that the spread is of, at most; 0 where none was measured."""

    source: str
    """Which replicas; or why no spread was measured, with what would measure it."""

    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightMargin:
    """Final parameters and buffers."""

    numbers: int
    distance: float
    """Euclidean distance between the runs."""

    relative: float | None
    """The same over the reference's length; None where that is 0."""

    spread: float | None
    """Mean distance between replicas of the program with other seeds; None where none are kept."""

    spread_interval: Interval | None
    ratio: float | None
    """`distance` over `spread`."""

    source: str
    """Which replicas; or why there is no spread, with what would measure it."""

    replicas: int = 0
    """Those that the spread is of; 0 where none was measured."""

    parameters: tuple[ParameterMargin, ...] = ()
    """Each parameter and buffer beside its spread, in the order of `GradientMargin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Whether a difference may pass that somebody allowed to be so small."""

    decades: float
    """What was asked for: no layer may be nearer to its tolerance."""

    accepted: bool
    smallest: float | None
    """Lower end of the smallest margin; None where no layer differs or none could be told."""

    rests_on: tuple[str, ...]
    """Sentences."""

    reasons: tuple[str, ...]
    """Why not; empty where it is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginReport:
    """Run-to-run differences beside tolerances. An estimate for the model's quality; bit-exactness is not given."""

    reference: str
    candidate: str
    walk: str | None
    """Id or path of the walk that the tolerances are from; None where there is none."""

    metric: str | None
    """What the walk's quality is."""

    layers: tuple[LayerMargin, ...]
    """By margin, smallest first; then those without a margin, then identical ones in forward order."""

    measured_steps: int
    """Steps of which all forward passes were kept in both runs."""

    steps: int
    """Optimizer steps that both runs have."""

    weights: WeightMargin | None
    gradients: str
    """A sentence on the gradients; `gradient_margin` has the figures."""

    acceptance: Acceptance | None
    method: str
    notes: tuple[str, ...]
    gradient_margin: GradientMargin | None = None
    """None where a run kept no gradients."""
