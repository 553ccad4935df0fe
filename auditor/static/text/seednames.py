"""Names under which programs keep seeds: `seed`, `rng_seed`, `random_state`.

Only of what goes by such a name is it followed what an object or a dictionary holds: of whatever else it holds nothing
hangs on the numbers that are drawn.
"""

from __future__ import annotations

_PARTS = ("seed", "random_state")


def may_name_seed(name: str) -> bool:
    """Whether a name is one for a seed, by its letters alone."""
    lower = name.lower()
    return any(part in lower for part in _PARTS)
