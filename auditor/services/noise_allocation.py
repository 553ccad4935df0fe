"""Executions for each layer, from the midpoints of a walk that was written as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.experiments.allocation import allocate, promised_midpoint
from auditor.model.lean import dataclass

FORMAT = "repro-audit-executions"
VERSION = 1
# Version 1: first version.

GREATEST_POWER = 20
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """How often to execute each layer."""

    budget: float
    power: float
    layers: tuple[tuple[str, float, int], ...]
    """(name, midpoint, executions) in forward order."""

    promised: float | None
    """Midpoint of noise in all layers at once with these executions, estimated; None where noise is not additive."""

    plain: float | None
    """The same with one execution a layer."""

    left_out: tuple[str, ...] = ()
    """Layers where noise can enter and that were not walked over: then nothing is promised of all."""

    def to_json(self) -> str:
        """Return what `walk --executions` reads."""
        executions = {name: count for name, _, count in self.layers}
        content = {
            "format": FORMAT,
            "version": VERSION,
            "budget": self.budget,
            "power": self.power,
            "promised": self.promised,
        }
        return json.dumps({**content, "executions": executions}, indent=2) + "\n"

    def to_text(self) -> str:
        """Return a table with what is left of each layer's noise."""
        width = max(len(name) for name, _, _ in self.layers)
        lines = [f"  {'layer'.ljust(width)}  midpoint  executions  noise left"]
        for name, midpoint, count in self.layers:
            lines.append(f"  {name.ljust(width)}  {midpoint:8.3g}  {count:10}  {1 / math.sqrt(count):10.3f}")
        total = sum(count for _, _, count in self.layers)
        lines.append(f"{total} executions over {len(self.layers)} layers, proportional to midpoint^-{self.power:g}")
        if self.left_out:
            more = f" and {len(self.left_out) - _SHOWN} more" if len(self.left_out) > _SHOWN else ""
            lines.append(
                f"nothing is promised of noise in all layers: the walk leaves out {', '.join(self.left_out[:_SHOWN])}"
                f"{more}; walk with --layers all"
            )
        elif self.promised is not None and self.plain is not None:
            lines.append(
                f"promised: with noise in all layers the midpoint goes from {self.plain:.3g} to {self.promised:.3g} "
                "(parts add up as squares)\n"
                "check it: noise walk … --layers global --executions FILE, with what --json writes"
            )
        return "\n".join(lines) + "\n"


def allocate_executions(walk: Path, budget: float, power: float) -> Allocation:
    """Share out `budget` executions a layer over the layers of a walk whose midpoints are known.

    Raises `UsageError` where the file is no walk, or a layer has no midpoint within its levels.
    """
    if not (0 < budget < math.inf and abs(power) <= GREATEST_POWER):
        raise UsageError(
            f"--budget {budget:g} --power {power:g}: expected executions a layer from 1, and a power such as 0.5 or 2"
        )
    sensitivity = _read(walk, "sensitivity")
    if not sensitivity or not sensitivity.get("tolerances"):
        raise UsageError(f"{walk}: holds no walk; make one with: noise walk … --format json -o {walk.name}")
    usable = [each for each in sensitivity["tolerances"] if each["status"] != "impossible"]
    unknown = [each["name"] for each in usable if each["midpoint"] is None]
    if unknown:
        raise UsageError(f"{walk}: no midpoint is known of {', '.join(unknown)}; walk with wider levels (--sigma)")
    try:
        counts: Sequence[int] = allocate([each["midpoint"] for each in usable], budget, power)
    except ValueError as error:
        raise UsageError(f"--budget {budget:g}: {error}") from error
    midpoints = [each["midpoint"] for each in usable]
    walked = {each["name"] for each in sensitivity["tolerances"]}
    points = sensitivity.get("points") or []
    left_out = tuple(each["name"] for each in points if each["injectable"] and each["name"] not in walked)
    additive = sensitivity.get("kind") == "add" and not left_out
    rows = [(each["name"], each["midpoint"], count) for each, count in zip(usable, counts, strict=True)]
    return Allocation(
        budget=budget,
        power=power,
        layers=tuple(rows),
        promised=promised_midpoint(midpoints, counts) if additive else None,
        plain=promised_midpoint(midpoints, [1] * len(midpoints)) if additive else None,
        left_out=left_out,
    )


def read_executions(path: Path) -> dict[str, int]:
    """Return layer → executions from what `noise allocate --json` wrote."""
    content = _read(path, None)
    counts = content.get("executions")
    if content.get("format") != FORMAT or content.get("version") != VERSION or not isinstance(counts, dict):
        raise UsageError(f"--executions {path}: expected a number, or what `noise allocate --json` writes")
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool):
            raise UsageError(f"--executions {path}: executions.{name}: expected a whole number, found `{count}`")
    return counts


def _read(path: Path, key: str | None) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: is no report of ours")
    return (content.get(key) or {}) if key is not None else content
