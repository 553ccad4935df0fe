"""What a program's trained model would reach on hardware with noise, by profiles of such hardware."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import auditor
from auditor.dynamic.statistics import LEVEL, RESAMPLES, bootstrap_interval
from auditor.errors import UsageError
from auditor.model.hardware import (
    HardwareNoise,
    HardwareNoiseKind,
    HardwareProfile,
    NoisyLayer,
    RelativeTo,
    SimulatedHardware,
    SimulationReport,
)
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.ruleset.hardware import concerns, find_profile
from auditor.services.evaluation_name import check_evaluation
from auditor.services.noise_asking import Link
from auditor.services.noise_curves import noise_seed
from auditor.services.noise_options import NO_EVALUATION, WalkOptions, check_options, chosen_metric, probe_settings
from auditor.services.noise_session import NoiseProgram, project_of, use_model
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings

SEED = 20_221_221
_STAGES = {RelativeTo.ABSOLUTE: "add", RelativeTo.RMS: "add-rms", RelativeTo.MAX: "add-max"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOptions:
    """What a person may choose."""

    profiles: tuple[str, ...]
    """Names, or paths of files."""

    repeats: int = 20
    """Draws of the noise."""

    evaluate: str | None = None
    """As in `WalkOptions`, and so is the next."""

    metric: str | None = None
    seed: int = 0


def simulate(
    program: NoiseProgram, options: SimulationOptions, *, settings: Settings, progress: Progress | None = None
) -> AuditReport:
    """Run a program once and evaluate its model as hardware with the noise of each profile would.

    Raises `RuleError` for what is wrong in a profile, before anything runs; else as `walk_noise` does.
    """
    wanted = WalkOptions(sigmas=(1.0,), evaluate=options.evaluate, metric=options.metric, seed=options.seed)
    check_options(wanted)
    check_evaluation(options.evaluate, script_of(program.command, program.cwd.resolve()))
    if options.repeats < 2:
        raise UsageError(f"--repeats: an interval needs 2 or more, found {options.repeats}")
    if not options.profiles:
        raise UsageError("--profile: name at least one")
    profiles = [find_profile(text) for text in options.profiles]
    progress = progress or Silent()

    def use(link: Link, hello: Mapping[str, Any]) -> SimulationReport:
        return _Simulation(link, hello, wanted, options, progress).run(program, profiles)

    probe = probe_settings(evaluate=options.evaluate, metric=wanted.probe_metric)
    found = use_model(program, probe, use, settings, progress)
    tool = f"repro-audit {auditor.__version__}"
    return AuditReport(tool=tool, project=project_of(program).name, simulation=found)


class _Simulation:
    def __init__(
        self, link: Link, hello: Mapping[str, Any], wanted: WalkOptions, options: SimulationOptions, progress: Progress
    ) -> None:
        if hello["evaluation"] is None:
            raise UsageError(NO_EVALUATION)
        self._link = link
        self._hello = hello
        self._options = options
        self._progress = progress
        self._metric, self._better = chosen_metric(wanted, hello["evaluation"]["values"])

    def run(self, program: NoiseProgram, profiles: Sequence[HardwareProfile]) -> SimulationReport:
        options, evaluation = self._options, self._hello["evaluation"]
        self._progress.stage("simulate", len(profiles) * options.repeats)
        found = []
        for place, profile in enumerate(profiles):
            done = self._under(profile, place * options.repeats)
            if done is None:
                break
            found.append(done)
        notes = list(self._hello["notes"])
        if evaluation["by"] == "replay":
            notes.append(
                f"{self._metric} compares with the outputs without noise and knows no labels; for accuracy: "
                "--evaluate module:function"
            )
        if len(found) < len(profiles):
            notes.append(f"stopped: {len(profiles) - len(found)} profiles were not simulated")
        return SimulationReport(
            program=" ".join(program.command),
            models=tuple(self._hello["models"]),
            metric=self._metric,
            better=self._better,
            baseline=float(evaluation["values"][self._metric]),
            samples=evaluation["samples"],
            profiles=tuple(found),
            seed=options.seed,
            method=(
                f"{options.repeats} draws of the noise, the same trained weights and samples; interval of the mean: "
                f"{LEVEL:.0%} percentile bootstrap, {RESAMPLES} resamples, seed {SEED}"
            ),
            notes=tuple(notes),
        )

    def _under(self, profile: HardwareProfile, done: int) -> SimulatedHardware | None:
        """Evaluate under one profile; None where somebody asked to stop."""
        points = self._hello["points"]
        here = [
            [each for each in profile.noise if point["injectable"] and concerns(each, point["type"], point["is_input"])]
            for point in points
        ]
        if not any(here):
            types = ", ".join(dict.fromkeys(point["type"] for point in points))
            raise UsageError(f"--profile {profile.name}: none of its noise is at a layer of this model ({types})")
        layers = [place for place, noise in enumerate(here) if noise]
        values = []
        for repeat in range(self._options.repeats):
            if self._progress.cancelled():
                return None
            self._progress.update(done + repeat, profile.name)
            answer = self._link.ask(
                {
                    "layers": layers,
                    "executions": None,
                    "stages": [[stage(each) for each in here[place]] for place in layers],
                    "seed": noise_seed(self._options.seed, f"profile {profile.name}", 1.0, repeat),
                }
            )
            values.append(float(answer["values"].get(self._metric, math.nan)))
        whole = all(map(math.isfinite, values))
        return SimulatedHardware(
            profile=profile,
            layers=tuple(
                NoisyLayer(name=point["name"], type=point["type"], noise=tuple(in_words(each) for each in noise))
                for point, noise in zip(points, here, strict=True)
            ),
            values=tuple(value if math.isfinite(value) else None for value in values),
            mean=_mean(values) if whole else None,
            interval=bootstrap_interval(values, seed=SEED, statistic=_mean) if whole else None,
        )


def stage(noise: HardwareNoise) -> tuple[str, float]:
    """Return the noise as the probe applies it."""
    kind = _STAGES[noise.relative] if noise.kind is HardwareNoiseKind.ADD else noise.kind.value
    return kind, noise.amount


def in_words(noise: HardwareNoise) -> str:
    """`additive, 0.005 of the greatest value`, `8 bits`."""
    amount = f"{noise.amount:g}"
    if noise.kind is HardwareNoiseKind.BITS:
        return f"{amount} bits"
    if noise.kind is HardwareNoiseKind.STEP:
        return f"steps of {amount}"
    if noise.kind is HardwareNoiseKind.MULTIPLY:
        return f"multiplicative, {amount}"
    relative = {RelativeTo.ABSOLUTE: "", RelativeTo.RMS: " of the rms", RelativeTo.MAX: " of the greatest value"}
    return f"additive, {amount}{relative[noise.relative]}"


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
