"""What `--show-settings` prints."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.services.setting_keys import KEYS
from auditor.services.settings import ResolvedSettings


def settings_page(resolved: ResolvedSettings) -> str:
    """Return one block a setting: value, where it came from, what it means."""
    lines = [f"project: {resolved.project}"]
    for key in KEYS:
        value = getattr(resolved.settings, key.name.replace("-", "_"))
        lines += [
            "",
            f"{key.name} = {_shown(value)}",
            f"  from     {resolved.origins[key.name]}",
            f"  meaning  {key.meaning}",
        ]
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "(none)"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_shown(item)}" for key, item in value.items()) or "(none)"
    return "(default)" if value is None else str(value)
