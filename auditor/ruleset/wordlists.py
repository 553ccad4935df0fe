"""Files of rules that hold nothing but lists of words, to which a team's folder adds its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from auditor.ruleset.table import Table

Keys = Mapping[str, tuple[str, ...]]
"""The lists of such a file, by the table in which they stand."""

Forms = Mapping[str, tuple[str, str]]
"""By list: how a word of it must be written, and what to call that. One that nothing can match would silently say
nothing."""


def read_lists(table: Table, keys: Keys, forms: Forms) -> dict[str, tuple[str, ...]]:
    """What one file says, by list; every table and list of it may be left out."""
    found: dict[str, tuple[str, ...]] = {}
    for name, lists in keys.items():
        part = table.table(name)
        if part is not None:
            found.update({key: _checked(part, key, forms) for key in lists})
            part.finish()
    table.finish()
    return found


def joined_lists(parts: Sequence[object], keys: Keys) -> dict[str, tuple[str, ...]]:
    """What several of them say, by list: one after the other, and what two of them say counts once."""

    def said(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for part in parts for each in getattr(part, key)))

    return {key: said(key) for lists in keys.values() for key in lists}


def _checked(table: Table, key: str, forms: Forms) -> tuple[str, ...]:
    words = table.strings(key)
    form, expected = forms.get(key, (r".*", ""))
    for word in words:
        if not re.fullmatch(form, word, re.DOTALL):
            raise table.complain(key, f"expected {expected}, found `{word}`")
    return words
