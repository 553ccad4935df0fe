"""May a difference pass that somebody allowed to be small? Only where everything that differs was covered."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.dynamic.layerwise import LayerSeries, Layerwise
from auditor.model.divergence import Comparison
from auditor.model.lean import dataclass
from auditor.model.margin import Acceptance, LayerMargin, MarginState
from auditor.model.run import Ending, RunRecord
from auditor.model.trace import Phase

_SHOWN = 5
_GAPS = ("activations: ", "backend: ")
"""What the problems of a process begin with in which calls of modules, or operators, went unseen."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What an acceptance rests on."""

    records: tuple[RunRecord, RunRecord]
    comparison: Comparison
    layers: Sequence[LayerMargin]
    layerwise: Layerwise
    deviations: Sequence[str]
    """What differs beside floating-point values."""

    walk: str | None
    metric: str | None
    unseen: Sequence[str]
    """Layers of the walk of which no run kept anything."""

    reacts: bool = True
    """Noise made the walk's metric fall somewhere."""

    doubt: str = ""
    """Why the walk may be of another program; empty where it is of the same."""


def accept(case: Case, decades: float) -> Acceptance:
    """Accept if every difference was covered and no layer's margin, at its lower end, is below `decades`."""
    known = sorted((end, _name(case, layer)) for layer in case.layers if (end := _lower(layer)) is not None)
    reasons = [*_outside(case), *_layers(case), *_steps(case)]
    near = [(end, name) for end, name in known if end < decades]
    reasons += [
        f"{name} is {end:.1f} decades from its tolerance (lower end), fewer than {decades:g}."
        for end, name in near[:_SHOWN]
    ]
    if len(near) > _SHOWN:
        reasons.append(f"{len(near) - _SHOWN} more layers are nearer than {decades:g} decades.")
    return Acceptance(
        decades=decades,
        accepted=not reasons,
        smallest=known[0][0] if known else None,
        rests_on=() if reasons else tuple(_rests_on(case, known)),
        reasons=tuple(dict.fromkeys(reasons)),  # processes of one kind may say the same
    )


def _name(case: Case, layer: LayerMargin | LayerSeries) -> str:
    """The layer, with its model where there are several."""
    several = len({each.model for each in case.layers}) > 1
    return f"{layer.model}.{layer.layer}" if several and layer.layer != layer.model else layer.layer


def _lower(layer: LayerMargin) -> float | None:
    """The least that the margin may be."""
    if layer.margin_interval is not None:
        return layer.margin_interval.low
    return layer.margin if layer.state is MarginState.ABOVE else None


def _outside(case: Case) -> list[str]:
    """Differences that no margin speaks of."""
    reasons = list(case.deviations)
    reasons += [
        f"Run {record.id} did not come to its end."
        for record in case.records
        if record.status.ending not in (Ending.FINISHED, Ending.STOPPED)
    ]
    reasons += [
        f"Run {record.id}, process {process.name}: not everything was seen ({problem})."
        for record in case.records
        for process in record.processes
        for problem in process.problems
        if problem.startswith(_GAPS)
    ]
    if not case.layerwise.layers:
        reasons.append("No forward activation was kept: no module with parameters was called.")
    elif not case.layerwise.complete:
        reasons.append("A process that kept activations did not come to its end.")
    if case.walk is None:
        reasons.append("There is no noise walk of the program to take tolerances from.")
    if case.doubt:
        reasons.append(f"The tolerances may be of another model: {case.doubt}.")
    if not case.reacts:
        reasons.append(
            f"No noise makes {case.metric} fall in {case.walk}, at no layer and not at all of them: it may not look at "
            "the model's outputs, or be better when lower (--metric NAME:min)."
        )
    return reasons


def _layers(case: Case) -> list[str]:
    reasons = []
    for state, what in ((MarginState.UNKNOWN, "no tolerance"), (MarginState.UNMEASURED, "no size of the difference")):
        found = [layer for layer in case.layers if layer.state is state]
        if found:
            told = f" ({found[0].note})" if found[0].note else ""
            reasons.append(f"Of {_some([_name(case, layer) for layer in found])} {what} is known{told}.")
    missed = [
        _name(case, layer)
        for layer in case.layers
        if layer.state in (MarginState.MEASURED, MarginState.ABOVE) and any(step.rms is None for step in layer.steps)
    ]
    if missed:
        reasons.append(f"In some steps no size of the difference is known of {_some(missed)}.")
    uncertain = [layer for layer in case.layers if layer.state is MarginState.MEASURED and _lower(layer) is None]
    vague = [_name(case, layer) for layer in uncertain]
    if vague:
        reasons.append(f"The walk gives no interval for {_some(vague)}.")
    if case.walk is not None and case.unseen:
        reasons.append(f"Nothing was kept of {_some(case.unseen)}, which the walk has.")
    return reasons


def _steps(case: Case) -> list[str]:
    """Steps that differ and were not measured, and gradients and weights that no later forward pass has shown."""
    reasons = []
    cells = [cell for cell in case.comparison.grid if cell.differing]
    forward = {cell.step for cell in cells if cell.phase is Phase.FORWARD}
    if missed := sorted(forward - case.layerwise.measured):
        reasons.append(
            f"The forward passes of {_steps_of(missed)} differ and were not kept whole; --margin-budget keeps more."
        )
    shown = {step.step for layer in case.layers for step in layer.steps if step.differing_calls}
    if outside := sorted((forward & case.layerwise.measured) - shown):
        reasons.append(f"The forward passes of {_steps_of(outside)} differ outside the layers: none of these does.")
    elif not shown:
        reasons.append("No layer differs, so that what differs is outside the layers.")
    changed = [cell.step for cell in cells if cell.phase in (Phase.BACKWARD, Phase.OPTIMIZER)]
    if changed and max(case.layerwise.measured, default=-1) <= max(changed):
        reasons.append(
            f"Gradients or weights differ in step {max(changed):,}, and no forward pass after it was kept that shows "
            "what that does; an evaluation at the program's end would."
        )
    elif changed and (
        stale := [layer for layer in case.layers if layer.steps and layer.steps[-1].step <= max(changed)]
    ):
        names = _some([_name(case, layer) for layer in stale])
        reasons.append(
            f"Gradients or weights differ in step {max(changed):,}, and {names} "
            "made no forward pass after it; an evaluation at the program's end that calls every layer would show it."
        )
    return reasons


def _steps_of(steps: Sequence[int]) -> str:
    return f"{'steps' if len(steps) > 1 else 'step'} {_some([f'{step:,}' for step in steps])}"


def _rests_on(case: Case, known: Sequence[tuple[float, str]]) -> list[str]:
    covered = sum(bool(layer.steps) for layer in case.layers)
    over = f"{covered} layers in {len(case.layerwise.measured):,} steps, every forward pass of each"
    sentences = [f"{over}; {len(known)} of them differ."]
    if known:
        smallest, nearest = known[0]
        sentences.append(
            f"Smallest margin {smallest:.1f} decades ({nearest}, lower end of its interval), by the midpoints of "
            f"{case.walk} for {case.metric}."
        )
    sentences.append("Gradients, optimizer states and weights count by the forward passes that follow them.")
    sampled = [_name(case, series) for series in case.layerwise.layers if series.is_sample]
    if sampled:
        sentences.append(f"Of {_some(sampled)} the sizes are estimated from signed sums over all elements.")
    if case.comparison.output:
        line = case.comparison.output[0]
        sentences.append(
            f"The program printed other things, for which no margin speaks: line {line.line} is `{line.reference}` in "
            f"the reference and `{line.candidate}` in the candidate."
        )
    if any(record.status.ending is Ending.STOPPED for record in case.records):
        sentences.append("The runs were stopped as asked; what comes later did not run.")
    skipped = [f"{item.subject} ({item.reason})" for item in case.comparison.not_compared]
    if skipped:
        sentences.append(f"Not compared: {_some(skipped)}.")
    sentences.append("It is an estimate for accuracy only; bit-exactness is not given.")
    return sentences


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
