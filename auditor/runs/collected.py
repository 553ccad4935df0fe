"""Reads what the processes of a replica left: final weights and the user's own evaluation (`probe/replica`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.model.lean import dataclass, field
from auditor.probe.replica import FORMAT, VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What the process left that trained most."""

    process: str
    """`<rank>-<place>`, as in traces."""

    steps: int
    digest: str | None
    """Of all bits of all trained parameters and buffers, with `earlier`; None where they could not be read."""

    tensors: tuple[dict[str, Any], ...]
    """Records of `probe/replica/tensors.py`."""

    path: Path
    evaluation: dict[str, Any] | None
    """`predictions`, `labels`, `metrics` or `error`."""

    nudged: dict[str, Any] | None
    problems: tuple[str, ...]
    earlier: tuple[str, ...] = ()
    """Digests of what was trained before and let go: the models of earlier folds, say. They are part of `digest`."""

    threads: int | None = None
    """Of operators, when the program ended, as are the next two; None where that was not noted."""

    deterministic: bool | None = None
    """Operators without a deterministic implementation are errors, not warnings."""

    benchmark: bool | None = None
    """A GPU is in use, and cuDNN tries algorithms out there."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """`Python`, `torch`."""


def read_collected(folder: Path) -> Collected | None:
    """Return what the process with most steps left, of several the first by name; None where no process trained."""
    found = [_read(path) for path in sorted(folder.glob("*.json"))]
    return max(found, key=lambda one: one.steps, default=None)


def vector(collected: Collected) -> list[Any] | None:
    """Return the kept numbers as flat arrays, one a tensor, from the file and not in memory; None where none are."""
    import numpy

    path = collected.path.with_suffix(".weights")
    places: Sequence[dict[str, Any]] = [tensor["kept"] for tensor in collected.tensors if "kept" in tensor]
    if not places or not path.is_file():
        return None
    data = numpy.memmap(path, dtype=numpy.uint8, mode="r")
    width = {"float32": 4, "float64": 8}
    return [
        data[place["offset"] : place["offset"] + width[place["dtype"]] * place["count"]].view(place["dtype"])
        for place in places
        if place["count"]
    ]


def _whole(digest: str | None, earlier: Sequence[str]) -> str | None:
    """One digest of what is there at the end and of what was trained before it."""
    if digest is None or not earlier:
        return digest
    return hashlib.blake2b(" ".join([*earlier, digest]).encode("ascii"), digest_size=len(digest) // 2).hexdigest()


def _read(path: Path) -> Collected:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT or data["version"] != VERSION:
            raise TraceFormatError(f"{path}: {data['format']} version {data['version']}; this program reads {VERSION}")
        return Collected(
            process=path.stem,
            steps=int(data["steps"]),
            digest=_whole(data.get("digest"), data.get("earlier", ())),
            tensors=tuple(data.get("tensors", ())),
            path=path,
            evaluation=data.get("evaluation"),
            nudged=data.get("nudged"),
            problems=tuple(data["problems"]),
            earlier=tuple(data.get("earlier", ())),
            threads=data.get("threads"),
            deterministic=data.get("deterministic"),
            benchmark=data.get("benchmark"),
            versions=dict(data.get("versions", {})),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise TraceFormatError(f"{path}: cannot be read: {type(error).__name__}: {error}") from error
