"""What gets to functions and classes that no program names, as data: `rules/reflection.toml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import cache

from auditor.model.lean import dataclass
from auditor.ruleset.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """Methods, classes and words; those of several files stand one after the other."""

    called_back: tuple[str, ...] = ()
    """Methods that libraries call of objects of any class, `*` and `?` for what varies in their names."""

    found_by_name: tuple[str, ...] = ()
    """Packages, or classes, that find what extends them by a name that somebody gives."""

    any_function: tuple[str, ...] = ()
    """Words with which a text may lead to any function of a program."""

    any_method: tuple[str, ...] = ()
    """Words with which any method of what is handed over may be called."""

    seldom_any: tuple[str, ...] = ()
    """Words with which a text may lead to any function, and mostly leads to a number."""

    own_names: tuple[str, ...] = ()
    """Words with which a file may evaluate a text among its own names."""

    own_main: tuple[str, ...] = ()
    """Words of programs that run what is called `main` in them."""

    def calls_back(self, method: str) -> bool:
        """Whether libraries call methods of this name."""
        return _one_of(self.called_back).match(method) is not None

    def finds(self, base: str) -> bool:
        """Whether what extends this class of a library is found by a name that somebody gives."""
        return any(base == name or base.startswith(f"{name}.") for name in self.found_by_name)


_KEYS = {
    "methods": ("called_back",),
    "classes": ("found_by_name",),
    "words": ("any_function", "any_method", "seldom_any", "own_names", "own_main"),
}
_FORMS = {
    "called_back": (r"[\w*?]+", "the name of a method, in which `*` and `?` may stand"),
    "found_by_name": (r"\w+(\.\w+)*", "the dotted name of a package or a class"),
}
"""How names must be written: one that nothing can match would silently say nothing."""


def read_reflection(table: Table) -> Reflection:
    """Turn one `reflection.toml` into what it says; every table and key of it may be left out."""
    found: dict[str, tuple[str, ...]] = {}
    for name, keys in _KEYS.items():
        part = table.table(name)
        if part is not None:
            found.update({key: _checked(part, key) for key in keys})
            part.finish()
    table.finish()
    return Reflection(**found)


def joined(parts: Sequence[Reflection]) -> Reflection:
    """What several files say; what two of them say counts once."""

    def said(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for part in parts for each in getattr(part, key)))

    return Reflection(**{key: said(key) for keys in _KEYS.values() for key in keys})


def _checked(table: Table, key: str) -> tuple[str, ...]:
    names = table.strings(key)
    form, expected = _FORMS.get(key, (r".*", ""))
    for name in names:
        if not re.fullmatch(form, name, re.DOTALL):
            raise table.complain(key, f"expected {expected}, found `{name}`")
    return names


@cache
def _one_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")
