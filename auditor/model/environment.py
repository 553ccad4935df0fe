"""What a process ran on."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Versions, devices and switches of one process, as strings so that any two can be compared key by key."""

    python: str
    torch: str | None
    platform: str
    cpu: str
    threads: int | None
    """`torch.get_num_threads()`; None where torch was not imported."""

    devices: tuple[str, ...]
    flags: Mapping[str, str]
    """Framework switches (`cudnn.benchmark`, `deterministic_algorithms`, …) as the process had them at its end."""

    variables: Mapping[str, str]
    """Environment variables that bear on determinism; unset ones are absent."""

    packages: Mapping[str, str]
