"""Numbers of parameters that a run or a replica kept: gradients step by step, and final weights as one step of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.model.lean import dataclass
from auditor.runs.collected import Collected

END = 0
"""The step under which final weights stand: they have one only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNumbers:
    """One parameter, or its gradient, as one process kept it."""

    dtype: str
    """Of the parameter: `bfloat16`. What is kept of it may be wider."""

    shape: tuple[int, ...]
    digest: str | None
    """Of all its bits, of a replica's gradient those of what is kept; None where there are none."""

    why: str = ""
    """Why there are no numbers; empty where there are."""

    kept: int = 0
    """How many numbers; complex ones count twice."""

    numbers: Any = None
    """Them, as a flat float array over the file; None where there are none."""

    @property
    def is_sample(self) -> bool:
        """Fewer than the parameter has."""
        total = 1
        for side in self.shape:
            total *= side
        return 0 < self.kept < total


Parts = Mapping[str, KeptNumbers]
"""By what tells apart those of one name: the process, and which of several."""

Parameters = Mapping[tuple[str, str], Mapping[int, Parts]]
"""(model, name of the parameter) → step → parts; in the order in which they were first seen."""


def final_parameters(collected: Collected) -> Parameters:
    """Return the floating-point weights of which numbers were kept."""
    import numpy

    path = collected.path.with_suffix(".weights")
    if not path.is_file() or not path.stat().st_size:
        return {}
    data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
    found: dict[tuple[str, str], Mapping[int, Parts]] = {}
    for tensor in collected.tensors:
        place = tensor.get("kept")
        if not place or not place["count"]:
            continue
        size = {"float32": 4, "float64": 8}[place["dtype"]] * place["count"]
        part = data[place["offset"] : place["offset"] + size]
        if len(part) < size:
            continue
        found["", tensor["name"]] = {
            END: {
                collected.process: KeptNumbers(
                    dtype=tensor["dtype"].removeprefix("torch."),
                    shape=tuple(tensor["shape"]),
                    digest=tensor["digest"],
                    kept=place["count"],
                    numbers=part.view(place["dtype"]),
                )
            }
        }
    return found
