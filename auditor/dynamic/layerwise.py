"""How far apart the layers of two runs are, by step, from the activations that both kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auditor.dynamic import magnitude
from auditor.model.lean import dataclass, field
from auditor.model.margin import StepDifference
from auditor.runs.activations import KeptActivations, KeptCall, KeptTensor, open_activations

INTEGERS = "whole numbers differ, which have no size of noise"
OUTSIDE = "it differs by less than the kept sums show, where the kept sample does not reach"
NOT_FINITE = "a difference is infinite or NaN"
SHAPES = "shapes or types differ"
UNREAD = "its bits cannot be read"


@dataclass
class LayerSeries:
    """One layer through the steps."""

    model: str
    layer: str
    type: str
    steps: tuple[StepDifference, ...] = ()
    faults: tuple[str, ...] = ()
    """Why the size of a difference is not known, at most one sentence a reason."""

    is_sample: bool = False
    """Some of its tensors were kept in part: their sizes are estimates."""

    @property
    def differs(self) -> bool:
        return any(step.differing_calls for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class Layerwise:
    """All layers of two runs."""

    layers: tuple[LayerSeries, ...]
    """In the order of their first calls."""

    measured: frozenset[int]
    """Steps of which all forward passes were kept, in every process and both runs."""

    complete: bool
    """Every process of both runs came to its end."""

    gaps: tuple[str, ...]
    """What was not kept, or exists in one run only, as sentences."""


def compare_layers(reference: Path, candidate: Path) -> Layerwise:
    """Hold the activations of two run folders against each other, one pair of tensors at a time.

    Raises `TraceFormatError` where a file is damaged; without activations nothing is measured.
    """
    sides = open_activations(reference), open_activations(candidate)
    try:
        return _compared(*sides)
    finally:
        for side in sides:
            for process in side.values():
                process.close()


@dataclass
class _Sum:
    """One layer in one step."""

    calls: int = 0
    differing: int = 0
    elements: int = 0
    squares: float = 0.0
    max_ulp: int | None = None
    known: bool = True


@dataclass
class _Layer:
    type: str
    steps: dict[int, _Sum] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)
    is_sample: bool = False


def _compared(reference: Mapping[str, KeptActivations], candidate: Mapping[str, KeptActivations]) -> Layerwise:
    found: dict[tuple[str, str], _Layer] = {}
    measured: set[int] | None = None
    gaps = [f"process {name} kept activations in one run only" for name in sorted(set(reference) ^ set(candidate))]
    for name in sorted(set(reference) & set(candidate)):
        a, b = reference[name], candidate[name]
        unpaired = _pair_up(a, b, found)
        whole = (a.steps & b.steps) - set(a.cuts) - set(b.cuts) - unpaired
        measured = whole if measured is None else measured & whole
        gaps += _gaps(name, a, b, unpaired)
    return Layerwise(
        layers=tuple(_series(key, layer) for key, layer in found.items()),
        measured=frozenset(measured or ()) if not set(reference) ^ set(candidate) else frozenset(),
        complete=all(process.complete for side in (reference, candidate) for process in side.values()),
        gaps=tuple(gaps),
    )


def _pair_up(a: KeptActivations, b: KeptActivations, found: dict[tuple[str, str], _Layer]) -> set[int]:
    """Add up the calls that both have; return the steps in which one run has a call that the other lacks."""
    others = {(call.step, call.model, call.layer, call.number): call for call in b.calls}
    unpaired: set[int] = set()
    for call in a.calls:
        other = others.pop((call.step, call.model, call.layer, call.number), None)
        if other is None:
            unpaired.add(call.step)
            continue
        layer = found.setdefault((call.model, call.layer), _Layer(call.type))
        _add(layer, layer.steps.setdefault(call.step, _Sum()), (a, call), (b, other))
    return unpaired | {step for step, _, _, _ in others}


def _add(
    layer: _Layer, total: _Sum, first: tuple[KeptActivations, KeptCall], second: tuple[KeptActivations, KeptCall]
) -> None:
    (a, call), (b, other) = first, second
    total.calls += 1
    differs = False
    if [(t.dtype, t.shape) for t in call.tensors] != [(t.dtype, t.shape) for t in other.tensors]:
        layer.faults[SHAPES] = None
        total.known, differs = False, True
    else:
        for one, two in zip(call.tensors, other.tensors, strict=True):
            layer.is_sample |= one.is_sample
            fault, unequal = _add_tensor(total, a, one, b, two)
            differs |= unequal
            if fault:
                layer.faults[fault] = None
                total.known = False
    total.differing += differs


def _add_tensor(
    total: _Sum, a: KeptActivations, one: KeptTensor, b: KeptActivations, two: KeptTensor
) -> tuple[str, bool]:
    """Return why the difference has no known size (else empty), and whether there is a difference."""
    if one.digest is None or two.digest is None:
        return UNREAD, True
    if one.digest == two.digest:
        total.elements += one.numel if one.sketch else one.kept
        return "", False
    if not one.kept:
        return INTEGERS, True
    first, second = a.read(one), b.read(two)
    if not magnitude.covers(one.dtype) or len(first) != len(second) or not first:
        return UNREAD, True
    found = magnitude.measure(first, second, one.dtype)
    if found.differing:
        total.max_ulp = max(total.max_ulp or 0, found.max_ulp or 0)
    if squares := _estimated(a.sketch(one), b.sketch(two)):
        total.elements += one.numel
        total.squares += squares
        return "", True
    if found.rms is None:
        return NOT_FINITE, True
    total.elements += found.total
    total.squares += found.rms**2 * found.total
    return (OUTSIDE if not found.differing else ""), True


def _estimated(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Estimate the sum of squares of a difference from the sums of both sides; None where they tell nothing."""
    found = sum((x - y) * (x - y) for x, y in zip(first, second, strict=True)) if len(first) == len(second) else 0.0
    return found if found and math.isfinite(found) else None


def _series(key: tuple[str, str], layer: _Layer) -> LayerSeries:
    steps = [
        StepDifference(
            step=step,
            calls=total.calls,
            differing_calls=total.differing,
            rms=(math.sqrt(total.squares / total.elements) if total.elements else 0.0) if total.known else None,
            max_ulp=total.max_ulp if total.differing else 0,
        )
        for step, total in sorted(layer.steps.items())
    ]
    return LayerSeries(key[0], key[1], layer.type, tuple(steps), tuple(layer.faults), layer.is_sample)


def _gaps(name: str, a: KeptActivations, b: KeptActivations, unpaired: set[int]) -> Iterator[str]:
    for side, process in (("reference", a), ("candidate", b)):
        if not process.complete:
            yield f"process {name} of the {side} did not come to its end"
    cuts = dict(sorted({**b.cuts, **a.cuts}.items()))
    for reason in dict.fromkeys(cuts.values()):
        steps = [step for step, why in cuts.items() if why == reason]
        yield f"process {name}: not every forward pass of {_some(steps)} was kept: {reason}"
    if unpaired:
        yield f"process {name}: the runs made other calls in {_some(sorted(unpaired))}"


def _some(steps: list[int]) -> str:
    shown = ", ".join(f"{step:,}" for step in steps[:3])
    more = f" and {len(steps) - 3:,} more" if len(steps) > 3 else ""
    return f"step{'s' if len(steps) > 1 else ''} {shown}{more}"
