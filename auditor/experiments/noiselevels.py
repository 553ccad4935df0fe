"""Noise levels as they are written on a command line."""

from __future__ import annotations

import math
from collections.abc import Sequence

DEFAULT_LEVELS = {"add": "log:1e-2:1e8:41", "mul": "lin:0:6:25,log:1e1:1e10:37", "combined": "log:1e-2:1e8:41"}
"""Those of Borras, Klein, Fröning (arXiv 2212.10430), by the kind of noise."""


def parse_levels(text: str) -> tuple[float, ...]:
    """Return the noise levels that `log:1e-2:1e8:41`, `lin:0:6:25`, numbers, or several with commas stand for.

    Sorted, each once; 0 is left out, because the model without noise is measured in any case. Raises `ValueError`.
    """
    found: set[float] = set()
    for part in text.split(","):
        kind, *numbers = part.strip().split(":")
        if kind in ("log", "lin"):
            found.update(_spaced(kind, part, numbers))
        elif numbers:
            raise ValueError(f"`{part}`: expected log:FROM:TO:COUNT, lin:FROM:TO:COUNT or a number")
        else:
            found.add(_number(part, kind))
    if min(found) < 0:
        raise ValueError(f"`{text}`: a noise level cannot be negative")
    found.discard(0.0)
    if not found:
        raise ValueError(f"`{text}`: names no noise level above 0")
    return tuple(sorted(found))


def _spaced(kind: str, part: str, numbers: Sequence[str]) -> list[float]:
    if len(numbers) != 3:
        raise ValueError(f"`{part}`: expected {kind}:FROM:TO:COUNT")
    low, high, count = _number(part, numbers[0]), _number(part, numbers[1]), int(_number(part, numbers[2]))
    if count < 1 or high < low or (kind == "log" and low <= 0):
        raise ValueError(f"`{part}`: expected FROM below TO{', above 0' if kind == 'log' else ''}, and a COUNT above 0")
    if count == 1:
        return [low]
    shares = [step / (count - 1) for step in range(count)]
    if kind == "lin":
        return [_clean(low + share * (high - low)) for share in shares]
    return [_clean(10 ** (math.log10(low) + share * (math.log10(high) - math.log10(low)))) for share in shares]


def _number(part: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"`{part}`: `{text}` is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"`{part}`: `{text}` is not finite")
    return value


def _clean(value: float) -> float:
    """Without the last digits that rounding left."""
    return float(f"{value:.12g}")
