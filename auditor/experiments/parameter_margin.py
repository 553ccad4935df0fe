"""Difference of two runs and spread of replicas, joined parameter by parameter: log10(spread / rms), in decades."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from auditor.dynamic.parameterwise import Apart
from auditor.experiments.margin import growth
from auditor.experiments.replica_spread import deviation_interval, square_deviations
from auditor.model.lean import dataclass
from auditor.model.margin import MarginState, ParameterMargin, ParameterStep, StepDifference
from auditor.model.overhead import Interval
from auditor.runs.parameters import Parameters, Parts

NOT_THERE = "fewer than two replicas have it there"
SAME = "the replicas do not spread there"
ENDLESS = "a replica has numbers there that are infinite or NaN"

_ORDER = (MarginState.MEASURED, MarginState.UNMEASURED, MarginState.UNKNOWN, MarginState.IDENTICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadAt:
    """The spread of one parameter in one step."""

    value: float | None
    replicas: int
    why: str = ""
    """Why there is none; else empty."""


def join_parameters(
    apart: Mapping[tuple[str, str], Sequence[Apart]], replicas: Sequence[Parameters], unknown: str
) -> tuple[ParameterMargin, ...]:
    """Return all parameters, nearest to the spread first.

    `unknown`: why there is no spread at all, where there are no replicas.
    """
    margins = [_join(key, steps, replicas, unknown) for key, steps in apart.items()]
    return tuple(sorted(margins, key=_rank))


def spread_at(replicas: Sequence[Parts], like: Apart) -> SpreadAt:
    """Return the spread over those replicas that have what two runs were compared by."""
    alike = [parts for parts in replicas if parts and all(part.digest is not None for part in parts.values())]
    kept = [parts for parts in alike if sum(part.kept for part in parts.values()) == like.numbers > 0]
    if len(kept) < 2 or any(_shape(parts) != _shape(kept[0]) for parts in kept):
        return SpreadAt(value=None, replicas=0, why=NOT_THERE)
    total = sum(square_deviations([parts[name].numbers for parts in kept]) for name in kept[0])
    if not math.isfinite(total):
        return SpreadAt(value=None, replicas=len(kept), why=ENDLESS)
    return SpreadAt(value=math.sqrt(total / like.numbers), replicas=len(kept), why="" if total else SAME)


def _shape(parts: Parts) -> list[tuple[str, str, tuple[int, ...], int]]:
    return [(name, part.dtype, part.shape, part.kept) for name, part in sorted(parts.items())]


def _join(
    key: tuple[str, str], apart: Sequence[Apart], replicas: Sequence[Parameters], unknown: str
) -> ParameterMargin:
    steps, whys = [], {each.fault: None for each in apart if each.fault}
    for each in apart:
        found = SpreadAt(value=None, replicas=0)
        if each.differs and each.rms and replicas:
            found = spread_at([one.get(key, {}).get(each.step, {}) for one in replicas], each)
            if found.why:
                whys[found.why] = None
        steps.append(_step(each, found))
    differing = [step for step in steps if step.differs]
    known = [step for step in differing if step.decades is not None]
    sized = [step for step in differing if step.rms]
    nearest = min(known, key=lambda step: step.decades or 0.0, default=None) or max(
        sized, key=lambda step: step.rms or 0.0, default=None
    )
    state = _state(bool(differing), nearest)
    if state is MarginState.UNKNOWN and not replicas:
        whys[unknown] = None
    return ParameterMargin(
        model=key[0],
        parameter=key[1],
        state=state,
        numbers=max(each.numbers for each in apart),
        is_sample=any(each.is_sample for each in apart),
        steps=tuple(steps),
        first=differing[0] if differing else None,
        nearest=nearest,
        last=steps[-1],
        decades=nearest.decades if nearest is not None else None,
        decades_interval=_interval(nearest),
        growth=growth(tuple(map(_difference, steps)), known[-1].spread if known else None),
        note=_note(differing, whys),
    )


def _step(apart: Apart, found: SpreadAt) -> ParameterStep:
    decades = math.log10(found.value / apart.rms) if found.value and apart.rms else None
    return ParameterStep(
        step=apart.step,
        differs=apart.differs,
        rms=apart.rms,
        max_ulp=apart.max_ulp,
        spread=found.value,
        replicas=found.replicas,
        decades=decades,
    )


def _state(differs: bool, nearest: ParameterStep | None) -> MarginState:
    if not differs:
        return MarginState.IDENTICAL
    if nearest is None:
        return MarginState.UNMEASURED
    return MarginState.UNKNOWN if nearest.decades is None else MarginState.MEASURED


def _interval(step: ParameterStep | None) -> Interval | None:
    if step is None or step.decades is None:
        return None
    around = deviation_interval(step.replicas)
    return Interval(
        low=step.decades + math.log10(around.low), high=step.decades + math.log10(around.high), level=around.level
    )


def _difference(step: ParameterStep) -> StepDifference:
    return StepDifference(step=step.step, calls=1, differing_calls=step.differs, rms=step.rms, max_ulp=step.max_ulp)


def _note(differing: Sequence[ParameterStep], whys: Mapping[str, None]) -> str:
    missed = sum(step.decades is None for step in differing)
    if not whys or not missed:
        return ""
    told = "; ".join(whys)
    return told if missed == len(differing) else f"in {missed:,} of {len(differing):,} steps that differ: {told}"


def _rank(margin: ParameterMargin) -> tuple[int, float]:
    """Nearest to the spread first; without a spread the greatest difference."""
    if margin.decades is not None:
        return 0, margin.decades
    greatest = margin.nearest.rms if margin.nearest is not None else None
    return _ORDER.index(margin.state), -(greatest or 0.0)
