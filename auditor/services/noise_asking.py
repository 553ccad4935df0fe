"""Asks a model that waits to be evaluated how it does under noise, several levels at a time where that pays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from auditor.model.lean import dataclass
from auditor.model.sensitivity import InjectionPoint
from auditor.services.noise_curves import noise_seed
from auditor.services.noise_options import WalkOptions

MOST_AT_ONCE = 8
"""Levels in one forward pass, unless more are asked for: as many as a sweep begins with."""


class Link(Protocol):
    """What can be asked about the model."""

    def ask(self, request: Mapping[str, object]) -> Mapping[str, Any]:
        """Evaluate it under noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many levels are evaluated in one forward pass, and why not more, where more are no question of time."""

    at_once: int = 1
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquirer:
    """The link, and what all requests of a walk have in common."""

    link: Link
    points: tuple[InjectionPoint, ...]
    options: WalkOptions

    def plan(self, layers: Sequence[int]) -> Plan:
        """Let the program find out how to evaluate, with noise at all of these layers."""
        wanted = self.options.levels_at_once
        trial = trial_levels(self.options.sigmas, wanted or MOST_AT_ONCE)
        levels = [[sigma, noise_seed(self.options.seed, "trial", sigma, at)] for at, sigma in enumerate(trial)]
        asked = {"at_once": wanted, "reuse": self.options.reuse}
        answer = self.link.ask({**self._request(layers), "levels": levels, "plan": asked})
        return Plan(at_once=answer["at_once"], reason=answer["reason"])

    def values(
        self, subject: str, layers: Sequence[int], wanted: Sequence[tuple[float, int]]
    ) -> list[Mapping[str, float]]:
        """Return the metrics under each (sigma, number of the repeat)."""
        order = sorted(range(len(wanted)), key=lambda at: wanted[at])
        levels = [[wanted[at][0], noise_seed(self.options.seed, subject, *wanted[at])] for at in order]
        answer = self.link.ask({**self._request(layers), "levels": levels})
        found = dict(zip(order, answer["levels"], strict=True))
        return [found[at] for at in range(len(wanted))]

    def _request(self, layers: Sequence[int]) -> dict[str, object]:
        options = self.options
        return {
            "layers": list(layers),
            "executions": [options.executions_of(self.points[layer].name) for layer in layers],
            "kind": options.kind.value,
            "ratio": options.ratio,
            "order": options.order,
        }


def trial_levels(sigmas: Sequence[float], count: int) -> list[float]:
    """Return no noise, the greatest level, and others between them: what one level does to the next would show."""
    between = [sigmas[at * (len(sigmas) - 1) // max(1, count - 2)] for at in range(count - 2)]
    return [0.0, sigmas[-1], *between]


def metric_of(values: Mapping[str, float], name: str) -> float:
    """Return one of the metrics; NaN where the evaluation gave none of that name."""
    return float(values.get(name, math.nan))
