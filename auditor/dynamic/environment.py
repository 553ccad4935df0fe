"""What two processes ran on, held against each other key by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNSET = "not set"
_GROUPS = ("flags", "variables", "packages")
_PLAIN = ("python", "torch", "platform", "cpu", "threads", "devices")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One key that has two values."""

    name: str
    reference: str
    candidate: str


def differences(reference: Mapping[str, Any], candidate: Mapping[str, Any]) -> list[Setting]:
    """Settings of two `environment` records that differ, in the order of the record, then by name."""
    found = [_setting(name, reference.get(name), candidate.get(name)) for name in _PLAIN]
    for group in _GROUPS:
        a, b = reference.get(group) or {}, candidate.get(group) or {}
        found += [_setting(f"{group[:-1]} {key}", a.get(key), b.get(key)) for key in sorted(set(a) | set(b))]
    return [setting for setting in found if setting.reference != setting.candidate]


def _setting(name: str, reference: object, candidate: object) -> Setting:
    return Setting(name=name, reference=_text(reference), candidate=_text(candidate))


def _text(value: object) -> str:
    if value is None:
        return UNSET
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
