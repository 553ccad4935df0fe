"""Values of a rule's options that may be written in more than one way."""

from __future__ import annotations

import re

from auditor.ruleset.table import Table


def values(entry: Table, key: str) -> tuple[object, ...]:
    """One value or an array of them."""
    value = entry.value(key)
    if value is None:
        return ()
    several = value if isinstance(value, list) else [value]
    return tuple(tuple(each) if isinstance(each, list) else each for each in several)


def compiled(entry: Table, key: str) -> re.Pattern[str] | None:
    """A regular expression; None where there is none."""
    if key not in entry:
        return None
    try:
        return re.compile(entry.string(key))
    except re.error as error:
        raise entry.complain(key, f"not a regular expression: {error}") from error
