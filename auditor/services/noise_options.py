"""What a walk is asked to do, and what is wrong with that."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.errors import UsageError
from auditor.experiments.quality import HIGHER, LOWER
from auditor.model.lean import dataclass, field
from auditor.model.sensitivity import InjectionPoint, NoiseKind, NoiseMode
from auditor.runs.executor import Needs

GLOBAL = "global"
ALL = "all"
OWN_METRICS = ("auto", "agreement", "fidelity")
LIMIT_BYTES = 1 << 30
"""How much of the program's last evaluation is kept in memory to be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkOptions:
    """How to walk."""

    kind: NoiseKind = NoiseKind.ADD
    sigmas: tuple[float, ...]
    """Above 0, rising."""

    layers: str = ALL
    """`all` (each alone, and all together), `global`, or indices, ranges, names and patterns with commas."""

    repeats: int = 3
    precision: float | None = 0.1
    """Half width of the interval, relative to the midpoint, at which a sweep stops; None measures the whole grid."""

    ratio: float = 0.5
    """Share of sigma that is additive, where the noise is combined."""

    order: str = "mul-add"
    executions: Mapping[str, int] = field(default_factory=dict)
    """Layer → how often its operator is applied and averaged; `` stands for every other one."""

    evaluate: str | None = None
    """`module:function`, called with the trained model; None repeats the program's own last evaluation."""

    metric: str | None = None
    """`name` or `name:min` of what the function returns; without one: `agreement`, `fidelity`, with `:dimension`."""

    chance: float | None = None
    """The metric of a model that guesses; None where nobody says."""

    clamp: float | None = None
    seed: int = 0
    mode: NoiseMode = NoiseMode.EVALUATION
    jobs: int | None = None
    """Trainings at a time, where each level is one; see `choose_executor`."""

    retries: int = 1
    """How often a training is run again that failed otherwise than by itself under noise."""

    executor: str = "local"
    """Where they run: `local`, `ray[:ADDRESS]` or `slurm[:PARTITION]`."""

    needs: Needs = field(default_factory=Needs)
    """What each is given."""

    resume: bool = False
    """Take over what trainings of an interrupted walk came to."""

    train_sigma: float | None = None
    """Noise under which the one model is trained that is evaluated; None for none."""

    train_layers: str = ALL
    """Where; as `layers`. `all` and `global` are the same here."""

    levels_at_once: int | None = None
    """Levels in one forward pass, where that gives the same bits; None: as many as pay, 1: one after the other."""

    reuse: bool = True
    """Compute what comes before a noisy layer once, where that gives the same bits."""

    def executions_of(self, layer: str) -> int:
        """How often the operator of a layer is applied."""
        return self.executions.get(layer, self.executions.get("", 1))

    @property
    def probe_metric(self) -> str:
        return "auto" if self.evaluate is not None or self.metric is None else self.metric


NO_EVALUATION = (
    "the program evaluates its model nowhere: no call in eval() mode or under torch.no_grad() was seen; "
    "name a function that is given the trained model and returns its quality: --evaluate module:function"
)


def probe_settings(
    *, evaluate: str | None = None, metric: str = "auto", clamp: float | None = None, **more: object
) -> dict[str, object]:
    """Return what the probe is told: how to evaluate, and how to answer; see `ProbeConfig`."""
    return {
        "address": None,
        "evaluate": evaluate,
        "metric": metric,
        "clamp": clamp,
        "limit_bytes": LIMIT_BYTES,
        "result": None,
        "requests": [],
        "training": None,
        "reference": None,
        "spectra": False,
        **more,
    }


def check_options(options: WalkOptions) -> None:
    """Raise `UsageError` for what would fail only after the program has trained."""
    if options.repeats < 1:
        raise UsageError(f"--repeats: expected 1 or more, found {options.repeats}")
    if options.precision is not None and not 0 < options.precision < 1:
        raise UsageError(f"--precision: expected a share between 0 and 1 such as 10%, found {options.precision:g}")
    if not 0 <= options.ratio <= 1:
        raise UsageError(f"--ratio: expected a share from 0 to 1, found {options.ratio:g}")
    if options.order not in ("mul-add", "add-mul"):
        raise UsageError(f"--order: expected mul-add or add-mul, found `{options.order}`")
    if options.chance is not None and not math.isfinite(options.chance):
        raise UsageError(f"--chance: expected the metric of a model that guesses, found {options.chance:g}")
    if options.clamp is not None and not options.clamp > 0:
        raise UsageError(f"--clamp: expected a bound above 0, found {options.clamp:g}")
    if options.mode is NoiseMode.TRAINING and options.train_sigma is not None:
        raise UsageError(
            "--train-sigma: with --mode train each level is a training under its own noise; leave one away"
        )
    if options.train_sigma is not None and not 0 < options.train_sigma < math.inf:
        raise UsageError(f"--train-sigma: expected a noise level above 0, found {options.train_sigma:g}")
    if options.train_sigma is None and options.train_layers != ALL:
        raise UsageError("--train-layers: says where the noise of --train-sigma is; give that as well")
    if options.retries < 0:
        raise UsageError(f"--retries {options.retries}: expected 0 or more")
    many = options.jobs not in (None, 1) or options.executor != "local" or options.needs != Needs()
    many = many or options.retries != 1
    if options.mode is NoiseMode.EVALUATION and (many or options.resume):
        raise UsageError(
            "--jobs, --executor, --needs, --retries, --resume: with --mode eval there is but one training; "
            "they are for --mode train"
        )
    if options.levels_at_once is not None and options.levels_at_once < 1:
        raise UsageError(f"--levels-at-once: expected auto, or 1 or more, found {options.levels_at_once}")
    if options.mode is NoiseMode.TRAINING and options.levels_at_once not in (None, 1):
        raise UsageError("--levels-at-once: with --mode train each level is a training; it is for --mode eval")
    if any(count < 1 for count in options.executions.values()):
        raise UsageError("--executions: each layer needs 1 or more")
    if options.evaluate is not None:
        module, _, function = options.evaluate.partition(":")
        if not module or not function:
            raise UsageError(f"--evaluate: expected module:function, found `{options.evaluate}`")
    elif options.metric is not None and not _is_own(options.metric):
        raise UsageError(
            f"--metric: expected agreement or fidelity (with the class dimension as in agreement:1), found "
            f"`{options.metric}`; other metrics are computed by your own function: --evaluate module:function"
        )


def _is_own(metric: str) -> bool:
    name, _, dimension = metric.partition(":")
    return name in OWN_METRICS and (not dimension or dimension.lstrip("-").isdigit())


def chosen_metric(options: WalkOptions, values: Mapping[str, Any]) -> tuple[str, str]:
    """Return which of the values that an evaluation gave is meant, and its direction."""
    if options.evaluate is None:
        return next(iter(values)), HIGHER
    name, _, direction = (options.metric or "").partition(":")
    direction = direction or HIGHER
    if direction not in (HIGHER, LOWER):
        raise UsageError(f"--metric: expected NAME, NAME:max or NAME:min, found `{options.metric}`")
    if not name or (name not in values and list(values) == ["value"]):
        name = next(iter(values), "")
    if name not in values:
        raise UsageError(
            f"--metric: {options.evaluate} returns no `{name}`; it returns: {', '.join(values) or 'nothing'}"
        )
    return name, direction


def choose(layers: str, points: Sequence[InjectionPoint]) -> tuple[tuple[InjectionPoint, ...], bool]:
    """Return the injection points that are meant, in forward order, and whether all together are."""
    chosen: set[int] = set()
    together = False
    for word in (part.strip() for part in layers.split(",") if part.strip()):
        if word in (ALL, GLOBAL):
            together = True
            chosen.update(range(len(points)) if word == ALL else ())
            continue
        found = _named(word, points)
        if not found:
            known = ", ".join(f"{point.index} {point.name}" for point in points)
            raise UsageError(f"--layers: there is no `{word}`; there are: {known}")
        chosen.update(found)
    return tuple(point for point in points if point.index in chosen), together


def check_layers(options: WalkOptions, points: Sequence[InjectionPoint]) -> None:
    """Raise `UsageError` for executions of layers that the model has not: they would go unheeded."""
    unknown = sorted(options.executions.keys() - {"", *(point.name for point in points)})
    if unknown:
        known = ", ".join(point.name for point in points)
        raise UsageError(f"--executions: the model has no layer {', '.join(unknown)}; it has: {known}")


def _named(word: str, points: Sequence[InjectionPoint]) -> list[int]:
    """Names come before numbers: layers of a Sequential are called 0, 1, …"""
    named = [point.index for point in points if fnmatch.fnmatchcase(point.name, word)]
    if named:
        return named
    first, dash, last = word.partition("-")
    if first.isdigit() and (last.isdigit() or not dash):
        return [point.index for point in points if int(first) <= point.index <= int(last or first)]
    return []
