"""A walk with noise in training: each level of each layer is a training of its own, evaluated under the same noise."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.errors import ProgramError, UsageError
from auditor.experiments.noise import FEW, LEAST, Sweep, adaptive_batches, grid_batches
from auditor.experiments.quality import choose_scale
from auditor.model.sensitivity import InjectionPoint, NoiseMode, TrainedWeights
from auditor.services.noise_curves import Yardstick, impossible, noise_seed, told
from auditor.services.noise_options import GLOBAL, NO_EVALUATION, WalkOptions, check_layers, choose, chosen_metric
from auditor.services.noise_report import describe, sweep_words, trained_weights
from auditor.services.noise_schedule import Schedule, Subject
from auditor.services.noise_trainings import Came, Task, TrainingShop

DRAWS = 3
"""Evaluations of each noisily trained model, each under another draw of the noise; their mean counts."""

PLAIN = "plain"


class TrainingWalk:
    """The trainings of one walk; `run` makes them and returns the fields of the report."""

    def __init__(self, shop: TrainingShop, options: WalkOptions) -> None:
        self._shop = shop
        self._options = options
        self._failed: list[tuple[str, float, str]] = []
        self._silent: set[str] = set()
        self._repeated: list[tuple[str, ...]] = []
        self._weights: list[TrainedWeights] = []

    def run(self) -> dict[str, Any]:
        """Train plainly, then noisily at one layer after the other.

        Raises `ProgramError` where the program fails without noise, `UsageError` where it has no model, evaluates it
        nowhere, or has no such layer. A cancelled walk reports the layers that were whole.
        """
        options, progress = self._options, self._shop.progress
        progress.stage("train")
        hello, greatest = self._plain()
        described = describe(self._shop.command, hello)
        points: tuple[InjectionPoint, ...] = described["points"]
        evaluation = hello["evaluation"]
        if evaluation is None:
            raise UsageError(NO_EVALUATION)
        name, direction = chosen_metric(options, evaluation["values"])
        baseline = float(evaluation["values"][name])
        chosen, together = choose(options.layers, points)
        check_layers(options, points)
        if not any(point.injectable for point in points):
            raise UsageError("noise can enter nowhere: no layer of the model has a floating-point output")
        try:
            scale = choose_scale(direction, baseline, float(greatest.get(name, math.nan)))
        except ValueError as error:
            raise UsageError(f"metric `{name}`: {error}") from error
        chance = options.chance if options.chance is not None else evaluation["chance"]
        floor = None if chance is None else scale.quality(chance)
        yardstick = Yardstick(scale=scale, top=scale.quality(baseline), floor=floor)
        self._note_weights("", 0.0, 0, hello)
        subjects = self._subjects(chosen, together, points, yardstick)
        schedule = Schedule(subjects, scale.quality)
        self._train(schedule, hello, name)
        whole = [each for each in subjects if each.whole and each.sweep.evaluations]
        if floor is None and whole:
            floor = min(each.sweep.levels()[-1].mean for each in whole)
            yardstick = Yardstick(scale=scale, top=yardstick.top, floor=floor)
        found = [
            told(each.name, each.index, each.sweep, each.values, yardstick, options.executions_of(each.name))
            for each in whole
        ]
        shown = [each for each in found if each.index is not None]
        shown += [impossible(point.name, point.index) for point in chosen if not point.injectable]
        trainings = sum(each.sweep.evaluations for each in whole)
        return {
            **described,
            "mode": NoiseMode.TRAINING,
            "kind": options.kind,
            "metric": name,
            "baseline": baseline,
            "chance": floor,
            "samples": evaluation["samples"],
            "scale": scale.words,
            "tolerances": tuple(sorted(shown, key=lambda each: each.index or 0)),
            "all_layers": next((each for each in found if each.index is None), None),
            "evaluations": trainings,
            "grid_evaluations": len(options.sigmas) * options.repeats * len(whole),
            "seed": options.seed,
            "method": sweep_words(options),
            "clamp": options.clamp,
            "notes": (*hello["notes"], *self._notes(hello, len(subjects) - len(whole))),
            "weights": tuple(
                sorted(self._weights, key=lambda each: (order(each.layer, points), each.sigma, each.repeat))
            ),
        }

    def _plain(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Train without noise; return what its end told, and the metrics under the greatest noise everywhere."""
        options = self._options
        came = self._shop.kept(PLAIN)
        if came is None:
            request = self._request(None, options.sigmas[-1], noise_seed(options.seed, GLOBAL, options.sigmas[-1], 0))
            task = Task(key=PLAIN, training=None, requests=(request,))
            came = next((found for _, found in self._shop.run([task])), None)
        if came is None:
            raise ProgramError("interrupted before the program had ended; its model was not evaluated")
        assert came.hello is not None
        self._repeated.append(came.repeated)
        return came.hello, came.answers[0]["values"] if came.answers else {}

    def _subjects(
        self,
        chosen: Sequence[InjectionPoint],
        together: bool,
        points: Sequence[InjectionPoint],
        yardstick: Yardstick,
    ) -> list[Subject]:
        wanted: list[tuple[str, int | None, tuple[int, ...]]] = [
            (point.name, point.index, (point.index,)) for point in chosen if point.injectable
        ]
        if together:
            wanted.append((GLOBAL, None, tuple(point.index for point in points if point.injectable)))
        return [self._subject(*each, yardstick) for each in wanted]

    def _subject(self, name: str, index: int | None, layers: tuple[int, ...], yardstick: Yardstick) -> Subject:
        options = self._options
        sweep = Sweep(options.sigmas)
        grid = len(options.sigmas) * options.repeats
        if options.precision is None or len(options.sigmas) < FEW:
            batches, expected = grid_batches(sweep, options.repeats), grid
        else:
            batches = adaptive_batches(
                sweep, options.repeats, top=yardstick.top, precision=options.precision, floor=yardstick.floor
            )
            expected = min(LEAST, grid)
        return Subject(name=name, index=index, layers=layers, sweep=sweep, batches=batches, expected=expected)

    def _train(self, schedule: Schedule, hello: Mapping[str, Any], metric: str) -> None:
        progress = self._shop.progress
        begun: dict[str, tuple[Subject, int, int]] = {}
        kept = 0

        def arrived(place: tuple[Subject, int, int], came: Came) -> None:
            subject, at, repeat = place
            schedule.arrived(subject, at, repeat, self._value(subject, at, repeat, came, hello, metric))

        def tasks() -> Iterator[Task | None]:
            nonlocal kept
            for place in schedule.wanted(progress.cancelled):
                if place is None:
                    yield None
                    continue
                subject, at, repeat = place
                task = self._task(subject, subject.sweep.sigmas[at], repeat, hello)
                came = self._shop.kept(task.key)
                if came is not None:
                    kept += 1
                    arrived(place, came)
                    continue
                begun[task.key] = place
                yield task

        total = schedule.total()
        progress.stage("noisy trainings", total)
        for done, (task, came) in enumerate(self._shop.run(tasks(), eager=hello["compiled"]), start=1):
            arrived(begun[task.key], came)
            if schedule.total() - kept != total:
                total = schedule.total() - kept
                progress.stage("noisy trainings", total)
            progress.update(done, begun[task.key][0].name)

    def _task(self, subject: Subject, sigma: float, repeat: int, hello: Mapping[str, Any]) -> Task:
        options = self._options
        training = training_noise(hello, subject.layers, options, sigma)
        training["seed"] = noise_seed(options.seed, f"training {subject.name}", sigma, repeat)
        layers = [(layer, options.executions_of(hello["points"][layer]["name"])) for layer in subject.layers]
        requests = tuple(
            self._request(layers, sigma, noise_seed(options.seed, subject.name, sigma, repeat * DRAWS + draw))
            for draw in range(DRAWS)
        )
        text = f"{subject.name} {sigma!r} {repeat}"
        return Task(key=f"t-{hashlib.sha256(text.encode()).hexdigest()[:16]}", training=training, requests=requests)

    def _request(self, layers: Sequence[tuple[int, int]] | None, sigma: float, seed: int) -> dict[str, object]:
        """An evaluation under noise at (layer, executions), or wherever it can enter."""
        options = self._options
        return {
            "layers": None if layers is None else [layer for layer, _ in layers],
            "executions": None if layers is None else [count for _, count in layers],
            "kind": options.kind.value,
            "sigma": sigma,
            "ratio": options.ratio,
            "order": options.order,
            "seed": seed,
        }

    def _value(
        self, subject: Subject, at: int, repeat: int, came: Came, hello: Mapping[str, Any], metric: str
    ) -> float:
        sigma = subject.sweep.sigmas[at]
        self._repeated.append(came.repeated)
        if came.hello is None:
            self._failed.append((subject.name, sigma, came.failure))
            return math.nan
        names = [[point["name"] for point in each["points"]] for each in (hello, came.hello)]
        if names[0] != names[1]:
            raise ProgramError(
                f"with noise at {subject.name} the program trains a model with other layers ({', '.join(names[1])}); "
                "it has to make the same model in every run"
            )
        self._silent.update(name for name, calls in came.hello["training"]["calls"].items() if not calls)
        self._note_weights(subject.name, sigma, repeat, came.hello)
        values = [float(answer["values"].get(metric, math.nan)) for answer in came.answers]
        return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan

    def _note_weights(self, layer: str, sigma: float, repeat: int, hello: Mapping[str, Any]) -> None:
        self._weights.append(trained_weights(layer, sigma, repeat, hello))

    def _notes(self, hello: Mapping[str, Any], missing: int) -> list[str]:
        options = self._options
        notes = [
            f"trainings differ in the noise alone; each model is evaluated under {DRAWS} draws of it, the mean counts"
        ]
        if hello["evaluation"]["by"] == "replay":
            calls = hello["evaluation"]["calls"]
            batches = "the one recorded batch is" if calls == 1 else f"the {calls:,} recorded batches are"
            notes.append(
                f"{batches} evaluated; outputs are held against those of the "
                "training without noise. For accuracy: --evaluate module:function"
            )
        elif options.chance is None:
            notes.append("chance is taken to be the lowest quality that any curve ends at; --chance says it better")
        if hello["compiled"]:
            notes.append("the program compiles; its noisy trainings run without compilation")
        if options.clamp is not None:
            notes.append(f"weights were clamped to ±{options.clamp:g} in training, normalisation layers left out")
        if self._silent:
            names = ", ".join(sorted(self._silent))
            notes.append(f"no call with gradients has reached {names}: only the evaluation was noisy there")
        if self._failed:
            layer, sigma, words = min(self._failed, key=lambda each: (each[1], each[0]))
            several = len(self._failed) > 1
            notes.append(
                f"{len(self._failed)} {'trainings' if several else 'training'} failed under noise and "
                f"{'count' if several else 'counts'} as quality 0; the one of least sigma {sigma:g} at {layer}, ended "
                f"with: {words}"
            )
        if again := [ways for ways in self._repeated if ways]:
            ways = ", ".join(sorted({way for each in again for way in each}))
            notes.append(
                f"{len(again)} {'training' if len(again) == 1 else 'trainings'} failed ({ways}) and ended otherwise "
                "when run again; if luck decides which do, the curves are of the lucky"
            )
        if missing:
            notes.append(f"stopped: {missing} curves were not measured; --resume goes on")
        return notes


def training_noise(
    hello: Mapping[str, Any], layers: Sequence[int], options: WalkOptions, sigma: float
) -> dict[str, object]:
    """Return what the probe is told of noise in training, with the modules as the plain run has found them."""
    points = hello["points"]
    return {
        "layers": [
            {
                "index": layer,
                "name": points[layer]["name"],
                "is_input": points[layer]["is_input"],
                "places": points[layer]["places"],
                "executions": options.executions_of(points[layer]["name"]),
            }
            for layer in layers
        ],
        "kind": options.kind.value,
        "sigma": sigma,
        "ratio": options.ratio,
        "order": options.order,
        "seed": options.seed,
    }


def order(layer: str, points: Sequence[InjectionPoint]) -> int:
    """Return the place of a training in a list: the plain one, those of each layer, those of all together."""
    names = [point.name for point in points]
    return -1 if not layer else names.index(layer) if layer in names else len(names)
