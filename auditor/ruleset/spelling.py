"""Which rule a word that names none was most likely meant to be."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.rule import Rule
from auditor.ruleset.table import nearest

COMMON = 3
"""Characters at the beginning of an id that must be right, as they say what a rule is about."""


def nearest_rule(word: str, rules: Iterable[Rule]) -> str | None:
    """Return the nearest id for what looks like an id, else the nearest name; None where nothing is close."""
    rules = list(rules)
    wanted = word.strip().upper()
    if not any(character.isdigit() for character in wanted):
        return nearest(word.strip().lower(), [rule.name for rule in rules])
    best = max(sorted(str(rule.id) for rule in rules), key=lambda known: _common(known, wanted), default="")
    return best if _common(best, wanted) >= COMMON else None


def _common(one: str, other: str) -> int:
    """How many characters two words have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (first, second) in enumerate(pairs) if first != second), min(len(one), len(other)))
