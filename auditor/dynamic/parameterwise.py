"""How far apart the parameters of two runs are, or their gradients, by step, from the numbers that both kept."""

from __future__ import annotations

import math
from typing import Any

from auditor.dynamic import magnitude
from auditor.dynamic.layerwise import NOT_FINITE, OUTSIDE, SHAPES
from auditor.model.divergence import Magnitude
from auditor.model.lean import dataclass
from auditor.runs.gradients import NONE
from auditor.runs.parameters import KeptNumbers, Parameters, Parts

ONE_RUN = "it is there in one run only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """One parameter in one step."""

    step: int
    differs: bool
    rms: float | None
    """None where the difference has no known size."""

    max_ulp: int | None
    numbers: int
    is_sample: bool
    fault: str
    """Why the size is not known; else empty."""


def compare_parameters(reference: Parameters, candidate: Parameters) -> dict[tuple[str, str], tuple[Apart, ...]]:
    """Hold all parameters of two runs against each other, in the steps that both kept.

    Steps in which neither run has numbers (no gradient) are left out, and parameters that have no other.
    """
    steps = kept_steps(reference) & kept_steps(candidate)
    found = {}
    for key in dict.fromkeys([*reference, *candidate]):
        one, other = reference.get(key, {}), candidate.get(key, {})
        apart = [_apart(step, one.get(step, {}), other.get(step, {})) for step in sorted(steps & {*one, *other})]
        known = tuple(each for each in apart if each is not None)
        if known:
            found[key] = known
    return found


def kept_steps(parameters: Parameters) -> frozenset[int]:
    """Return the steps of which anything was kept."""
    return frozenset(step for steps in parameters.values() for step in steps)


def _apart(step: int, one: Parts, other: Parts) -> Apart | None:
    names = sorted({*one, *other})
    pairs = [(one.get(name), other.get(name)) for name in names]
    pairs = [pair for pair in pairs if any(each is not None and each.digest is not None for each in pair)]
    if not pairs:
        return _unread([*one.values(), *other.values()], step)
    differs, squares, numbers, ulps, fault = False, 0.0, 0, 0, ""
    for first, second in pairs:
        if first is None or second is None or first.digest is None or second.digest is None:
            differs, fault = True, ONE_RUN
        elif (first.dtype, first.shape) != (second.dtype, second.shape) or first.kept != second.kept:
            differs, fault = True, SHAPES
        elif first.digest == second.digest:
            numbers += first.kept
        else:
            differs = True
            found = _measured(first, second)
            numbers += first.kept
            ulps = max(ulps, found.max_ulp or 0)
            if found.rms is None or not found.differing:
                fault = NOT_FINITE if found.rms is None else OUTSIDE
            else:
                squares += found.rms**2 * found.total
    known = not fault and (numbers > 0 or not differs)
    return Apart(
        step=step,
        differs=differs,
        rms=(math.sqrt(squares / numbers) if squares else 0.0) if known else None,
        max_ulp=ulps if known or ulps else None,
        numbers=numbers,
        is_sample=any(each is not None and each.is_sample for pair in pairs for each in pair),
        fault=fault,
    )


def _unread(parts: list[KeptNumbers], step: int) -> Apart | None:
    """Gradients that are there and could not be read may differ; where there are none nothing does."""
    why = next((part.why for part in parts if part.why != NONE), "")
    if not why:
        return None
    return Apart(step=step, differs=True, rms=None, max_ulp=None, numbers=0, is_sample=False, fault=why)


def _measured(first: KeptNumbers, second: KeptNumbers) -> Magnitude:
    """The distance, in units in the last place of the parameter's own type where that lost none of what was kept."""
    one, other = first.numbers, second.numbers
    narrow, same = _narrowed(one, first.dtype), _narrowed(other, first.dtype)
    if narrow is not None and same is not None:
        return magnitude.measure(narrow, same, first.dtype)
    return magnitude.measure(one.tobytes(), other.tobytes(), str(one.dtype))


def _narrowed(numbers: Any, dtype: str) -> bytes | None:
    """The bytes of numbers that were widened from a half type; None for others, and where they do not fit."""
    import numpy

    if dtype == "bfloat16" and numbers.dtype == numpy.float32:
        words = numpy.ascontiguousarray(numbers).view(numpy.uint32)
        return None if (words & 0xFFFF).any() else (words >> 16).astype("<u2").tobytes()
    if dtype == "float16" and numbers.dtype == numpy.float32:
        with numpy.errstate(over="ignore", invalid="ignore"):
            half = numbers.astype("<f2")
        return half.tobytes() if numpy.array_equal(half.astype(numpy.float32), numbers, equal_nan=True) else None
    return None
