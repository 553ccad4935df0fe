"""One walk over the layers of a model that waits to be evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.errors import UsageError
from auditor.experiments.noise import FEW, Measured, Sweep, sweep_adaptive, sweep_grid
from auditor.experiments.quality import choose_scale
from auditor.model.lean import dataclass, replace
from auditor.model.sensitivity import InjectionPoint, Tolerance, ToleranceStatus
from auditor.services.noise_asking import Inquirer, Link, Plan, metric_of
from auditor.services.noise_curves import Yardstick, impossible, told
from auditor.services.noise_options import GLOBAL, NO_EVALUATION, WalkOptions, check_layers, choose, chosen_metric
from auditor.services.noise_report import sweep_words
from auditor.services.progress import Progress

_UNMOVED = (ToleranceStatus.ABOVE, ToleranceStatus.IMPOSSIBLE)


class _StoppedError(Exception):
    """Somebody asked to stop: curves that are not whole are left out."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Everything that a walk needs; `run` makes it."""

    link: Link
    hello: Mapping[str, Any]
    points: tuple[InjectionPoint, ...]
    options: WalkOptions
    progress: Progress

    def run(self) -> dict[str, Any]:
        """Return the fields of the report that a walk fills."""
        evaluation = self._evaluation()
        name, direction = chosen_metric(self.options, evaluation["values"])
        baseline = float(evaluation["values"][name])
        injectable = [point.index for point in self.points if point.injectable]
        if not injectable:
            raise UsageError("noise can enter nowhere: no layer of the model has a floating-point output")
        chosen, together = choose(self.options.layers, self.points)
        check_layers(self.options, self.points)
        raw: dict[tuple[str, int], list[float]] = {}
        inquirer = Inquirer(link=self.link, points=self.points, options=self.options)
        (greatest,) = inquirer.values(GLOBAL, injectable, [(self.options.sigmas[-1], 0)])
        try:
            scale = choose_scale(direction, baseline, metric_of(greatest, name))
        except ValueError as error:
            raise UsageError(f"metric `{name}`: {error}") from error
        chance = self.options.chance if self.options.chance is not None else evaluation["chance"]
        floor = None if chance is None else scale.quality(chance)
        yardstick = Yardstick(scale=scale, top=scale.quality(baseline), floor=floor)
        subjects: list[tuple[str, int | None, list[int]]] = [(each.name, each.index, [each.index]) for each in chosen]
        subjects += [(GLOBAL, None, injectable)] if together else []
        sweeps: dict[str, Sweep] = {}
        self.progress.stage("noise", len(subjects))
        self.progress.update(0, "which way is the quickest")
        plan = inquirer.plan(injectable)
        for done, (subject, _, layers) in enumerate(subjects):
            self.progress.update(done, subject + (f", {plan.at_once} levels at once" if plan.at_once > 1 else ""))
            if not all(self.points[layer].injectable for layer in layers):
                continue
            try:
                sweeps[subject] = self._sweep(name, subject, layers, yardstick, raw, inquirer, plan)
            except _StoppedError:
                break
        if floor is None and sweeps:
            floor = min(sweep.levels()[-1].mean for sweep in sweeps.values())
            yardstick = replace(yardstick, floor=floor)
        found = [self._told(*subject, sweeps, yardstick, raw) for subject in subjects]
        whole = [each for each in found if each is not None]
        notes = [*self.hello["notes"], *self._notes(evaluation, plan, len(subjects) - len(whole))]
        if whole and all(each.status in _UNMOVED for each in whole):
            notes.append(
                f"no noise makes {name} fall, at no layer and not at all of them: see whether the evaluation looks at "
                "the model that it is given"
            )
        return {
            "kind": self.options.kind,
            "metric": name,
            "baseline": baseline,
            "chance": floor,
            "samples": evaluation["samples"],
            "scale": scale.words,
            "tolerances": tuple(each for each in whole if each.index is not None),
            "all_layers": next((each for each in whole if each.index is None), None),
            "evaluations": sum(each.evaluations for each in whole),
            "grid_evaluations": len(self.options.sigmas) * self.options.repeats * len(sweeps),
            "seed": self.options.seed,
            "method": sweep_words(self.options),
            "clamp": self.options.clamp,
            "notes": tuple(notes),
        }

    def _evaluation(self) -> Mapping[str, Any]:
        evaluation: Mapping[str, Any] | None = self.hello["evaluation"]
        if evaluation is None:
            raise UsageError(NO_EVALUATION)
        return evaluation

    def _sweep(
        self,
        name: str,
        subject: str,
        layers: Sequence[int],
        yardstick: Yardstick,
        raw: dict[tuple[str, int], list[float]],
        inquirer: Inquirer,
        plan: Plan,
    ) -> Sweep:
        options = self.options

        def measure(wanted: Sequence[tuple[float, int]]) -> Measured:
            for start in range(0, len(wanted), plan.at_once):
                if self.progress.cancelled():
                    raise _StoppedError
                part = wanted[start : start + plan.at_once]
                for (sigma, _), values in zip(part, inquirer.values(subject, layers, part), strict=True):
                    value = metric_of(values, name)
                    raw.setdefault((subject, options.sigmas.index(sigma)), []).append(value)
                    yield yardstick.scale.quality(value)

        if options.precision is None or len(options.sigmas) < FEW:
            return sweep_grid(options.sigmas, options.repeats, measure)
        return sweep_adaptive(
            options.sigmas,
            options.repeats,
            measure,
            top=yardstick.top,
            precision=options.precision,
            floor=yardstick.floor,
        )

    def _told(
        self,
        name: str,
        index: int | None,
        layers: Sequence[int],
        sweeps: Mapping[str, Sweep],
        yardstick: Yardstick,
        raw: Mapping[tuple[str, int], Sequence[float]],
    ) -> Tolerance | None:
        if any(not self.points[layer].injectable for layer in layers):
            return impossible(name, index)
        if name not in sweeps:
            return None
        values = {at: found for (subject, at), found in raw.items() if subject == name}
        return told(name, index, sweeps[name], values, yardstick, self.options.executions_of(name))

    def _notes(self, evaluation: Mapping[str, Any], plan: Plan, missing: int) -> list[str]:
        notes = []
        if evaluation["by"] == "replay":
            dimension, calls = evaluation["dimension"], evaluation["calls"]
            batches = "the one recorded batch" if calls == 1 else f"the {calls:,} recorded batches"
            notes.append(
                f"evaluated by {batches} of the program's last evaluation"
                + (
                    f"; agreement is the share of predictions (argmax over dimension {dimension}) that stay as they "
                    "are without noise: it knows no labels. For accuracy: --evaluate module:function"
                    if "agreement" in evaluation["values"]
                    else "; fidelity is the share of the output's variance that is kept"
                )
            )
        elif self.options.chance is None:
            notes.append("chance is taken to be the lowest quality that any curve ends at; --chance says it better")
        if self.hello["reshapes"]:
            notes.append(f"no noise after pure reshapes: {', '.join(self.hello['reshapes'])}")
        if self.options.clamp is not None:
            notes.append(f"weights were clamped to ±{self.options.clamp:g} in training, normalisation layers left out")
        if plan.reason is not None:
            notes.append(f"evaluated one level at a time: {plan.reason}")
        if missing:
            notes.append(f"stopped: {missing} curves were not measured")
        return notes
