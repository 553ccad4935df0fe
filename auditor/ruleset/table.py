"""Read a TOML table key by key; every complaint names the file and the key.

A table is read with typed getters and closed with `finish()`, which refuses keys that nobody asked for: a typing
mistake in a rule must not silently turn the rule off.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.errors import RuleError


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the name in `known` that `word` was most likely meant to be, or None where nothing is close."""
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean `x`?)` for an error message, empty where nothing is close."""
    guess = nearest(word, known)
    return f" (did you mean `{guess}`?)" if guess else ""


def describe(value: object) -> str:
    """Return a value as it stands in TOML, for `expected …, found …`."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "an array"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


class Table:
    """One TOML table that is being read."""

    def __init__(self, values: Mapping[str, object], path: str, key: str = "") -> None:
        self.path = path
        self._values = values
        self._key = key
        self._asked: set[str] = set()

    def complain(self, key: str, problem: str) -> RuleError:
        """Return the error for one key of this table; an empty key means the table itself."""
        place = ".".join(part for part in (self._key, key) if part)
        return RuleError(f"{self.path}: {place}: {problem}" if place else f"{self.path}: {problem}")

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._values

    def keys(self) -> tuple[str, ...]:
        """Return the keys in file order; none counts as asked for."""
        return tuple(self._values)

    def value(self, key: str) -> object:
        """Return whatever stands at `key`, or None where it is absent."""
        self._asked.add(key)
        return self._values.get(key)

    def _required(self, key: str, expected: str) -> object:
        self._asked.add(key)
        if key not in self._values:
            raise self.complain(key, f"missing; expected {expected}{self._misspelt(key)}")
        return self._values[key]

    def _misspelt(self, key: str) -> str:
        """What stands here in place of a key that is missing, if it looks like that."""
        from difflib import get_close_matches  # only a mistake needs it

        others = sorted(self._values.keys() - self._asked)
        return "".join(f" (is `{name}` meant for it?)" for name in get_close_matches(key, others, n=1, cutoff=0.75))

    def string(self, key: str, default: str | None = None) -> str:
        """Return a non-empty string; without a default the key is required."""
        if default is not None and key not in self._values:
            self._asked.add(key)
            return default
        value = self._required(key, "a string")
        if not isinstance(value, str) or not value.strip():
            raise self.complain(key, f"expected a non-empty string, found {describe(value)}")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """Return an integer; without a default the key is required."""
        if default is not None and key not in self._values:
            self._asked.add(key)
            return default
        value = self._required(key, "an integer")
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.complain(key, f"expected an integer, found {describe(value)}")
        return value

    def position(self, key: str) -> int | None:
        """Return the index of a positional argument; None where the key is absent or -1 (keyword-only)."""
        index = self.integer(key, -1)
        return index if index >= 0 else None

    def boolean(self, key: str, default: bool) -> bool:
        """Return a boolean."""
        self._asked.add(key)
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise self.complain(key, f"expected `true` or `false`, found {describe(value)}")
        return value

    def strings(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return an array of non-empty strings without repetitions; empty where the key is absent and not required."""
        if not required and key not in self._values:
            self._asked.add(key)
            return ()
        value = self._required(key, "an array of strings")
        if not isinstance(value, list):
            raise self.complain(key, f"expected an array of strings, found {describe(value)}")
        for item in value:
            if not isinstance(item, str) or not item:
                raise self.complain(key, f"expected an array of strings, found {describe(item)} in it")
        if required and not value:
            raise self.complain(key, "expected at least one string, found an empty array")
        seen: set[str] = set()
        for item in value:
            if item in seen:
                raise self.complain(key, f"`{item}` is listed twice")
            seen.add(item)
        return tuple(value)

    def choice(self, key: str, choices: Iterable[str], default: str | None = None) -> str:
        """Return one of `choices`."""
        value = self.string(key, default)
        allowed = tuple(choices)
        if value not in allowed:
            names = ", ".join(f"`{name}`" for name in allowed)
            raise self.complain(key, f"expected one of {names}, found `{value}`{did_you_mean(value, allowed)}")
        return value

    def table(self, key: str) -> Table | None:
        """Return a sub-table, or None where it is absent."""
        self._asked.add(key)
        return self.required_table(key) if key in self._values else None

    def texts(self, key: str) -> Mapping[str, str]:
        """Return a table whose values are all strings; empty where there is none."""
        entries = self.table(key)
        if entries is None:
            return {}
        found = {name: entries.string(name) for name in entries.keys()}  # noqa: SIM118
        entries.finish()
        return found

    def required_table(self, key: str) -> Table:
        """Return a sub-table that must be there."""
        value = self._required(key, "a table")
        if not isinstance(value, Mapping):
            raise self.complain(key, f"expected a table, found {describe(value)}")
        return Table(value, self.path, ".".join(part for part in (self._key, key) if part))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return an array of tables; empty where it is absent."""
        self._asked.add(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise self.complain(key, f"expected an array of tables, found {describe(value)}")
        place = ".".join(part for part in (self._key, key) if part)
        return tuple(Table(item, self.path, f"{place}[{number}]") for number, item in enumerate(value, 1))

    def finish(self) -> None:
        """Refuse the keys that were not asked for."""
        for key in self._values:
            if key not in self._asked:
                raise self.complain(key, f"unknown key{did_you_mean(key, self._asked)}")


def read_table(file: Path, shown: str) -> Table:
    """Parse one TOML file and check its `schema`; `shown` is how messages call the file."""
    if sys.version_info >= (3, 11):  # our own rules come in their compiled form mostly
        import tomllib
    else:
        import tomli as tomllib
    try:
        table = Table(tomllib.loads(file.read_bytes().decode("utf-8")), shown)
    except OSError as error:
        raise RuleError(f"{shown}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RuleError(f"{shown}: not UTF-8: byte {error.start} is {error.object[error.start]:#04x}") from error
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{shown}: not TOML: {error}") from error
    version = table.integer("schema")
    if version != 1:
        raise table.complain("schema", f"this program reads version 1, found `{version}`")
    return table
