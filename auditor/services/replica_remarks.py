"""What may lie in a spread beside the noise that was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from auditor.runs.replicas import Kept


def left_behind(replicas: Sequence[Kept]) -> list[str]:
    """Files that every replica leaves in the project, where the next one may read them."""
    common = set.intersection(*(set(each.written) for each in replicas)) if replicas else set()
    paths = sorted(path for path in common if not any(part.startswith((".", "__")) for part in Path(path).parts))
    if not paths:
        return []
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    told = f"Every run writes {', '.join(paths[:3])}{more} in the project"
    return [f"{told}; a later one may start from what an earlier one left. --isolate copy rules that out."]


def machines(replicas: Sequence[Kept]) -> list[str]:
    """Machines of several kinds round differently, which no variant takes into account."""
    counted = Counter(each.machine for each in replicas if each.machine)
    if len(counted) < 2:
        return []
    told = "; ".join(f"{name} ({count})" for name, count in sorted(counted.items()))
    ran = f"Replicas ran on machines of different kinds: {told}"
    return [f"{ran}. What differs between these is in the implementation noise, and control need not be one result."]
