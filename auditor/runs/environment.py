"""What a process ran on, from its trace; and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.model.annotations import Any
from auditor.model.environment import Environment

_ABSENT = "not set"


def from_fields(fields: Mapping[str, Any]) -> Environment:
    """Turn a trace's `environment` record into our type; fields that are missing are empty or None."""
    threads = fields.get("threads")
    return Environment(
        python=str(fields.get("python", "")),
        torch=fields.get("torch"),
        platform=str(fields.get("platform", "")),
        cpu=str(fields.get("cpu", "")),
        threads=int(threads) if threads is not None else None,
        devices=tuple(fields.get("devices", ())),
        flags=dict(fields.get("flags", {})),
        variables=dict(fields.get("variables", {})),
        packages=dict(fields.get("packages", {})),
    )


def differences(reference: Environment, candidate: Environment) -> tuple[tuple[str, str, str], ...]:
    """Return (what, reference's value, candidate's value) for everything that differs, in a fixed order.

    What only one of them knows (None) is no difference.
    """
    a, b = dict(_items(reference)), dict(_items(candidate))
    found = []
    for name in sorted(a.keys() | b.keys()):
        one, other = a.get(name, _ABSENT), b.get(name, _ABSENT)
        if one != other and one is not None and other is not None:
            found.append((name, one, other))
    return tuple(found)


def _items(environment: Environment) -> Iterator[tuple[str, str | None]]:
    yield "cpu", environment.cpu or None
    yield "devices", ", ".join(environment.devices) or None
    yield "platform", environment.platform or None
    yield "python", environment.python or None
    yield "threads", None if environment.threads is None else str(environment.threads)
    yield "torch", environment.torch
    for prefix, table in (
        ("flag", environment.flags),
        ("variable", environment.variables),
        ("package", environment.packages),
    ):
        for key, value in table.items():
            yield f"{prefix} {key}", value
