"""Model types as JSON values: objects in the order of the fields, enums by their words, digests as 16 hex digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from auditor.model.trace import Fingerprint, TraceEvent

DIGESTS = frozenset(
    {(Fingerprint, "digest"), *((TraceEvent, name) for name in ("inputs", "arguments", "outputs", "state"))}
)
"""Numbers of 64 bits, which many JSON readers would round."""


def to_json(value: object) -> object:
    """Return `value` made of dicts, lists, strings, numbers and None; keys of mappings are sorted.

    Numbers that are not finite become None: JSON has no word for them.
    """
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _field(type(value), field.name, getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)


def _field(owner: type, name: str, value: object) -> object:
    if (owner, name) in DIGESTS and isinstance(value, int):
        return f"{value:016x}"
    return to_json(value)
