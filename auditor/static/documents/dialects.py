"""Whose configuration a section is: told by keys that stand together, by the class it names, by who reads the file.

The dialects are data (`rules/dialects.toml`). A key alone proves nothing: `seed: null` in a file of a CI service is
none of our business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.ruleset.locate import bundled_rules
from auditor.ruleset.table import Table, read_table
from auditor.static.documents.kinds import Kind
from auditor.static.documents.tree import Entry, Items, Node, Section, sections

_CLASS_KEYS = ("_target_", "class_path")
Readers = Callable[[], frozenset[str]]
"""How programs refer to a file; asked only where its keys alone do not tell."""

_TEMPLATE = lazy_pattern(rb"\{\{|\{%")
_MAX_LEVEL = 4
"""Sections deeper than this have no name that tells whose they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One framework's way to be configured."""

    name: str
    formats: frozenset[Kind]
    at: tuple[str, ...]
    """Names of sections that may be it; empty text is the whole file."""

    needs: tuple[str, ...]
    """Keys that must be there, `name[]` as a list, `name{}` as a section."""

    keys: frozenset[str]
    at_least: int
    """How many of `keys` must be there."""

    with_inner_keys: bool
    """Keys of the sections inside count as well."""

    unless: frozenset[str]
    """Keys that tell that it is something else."""

    targets: tuple[str, ...]
    """Patterns of class names at `_target_` or `class_path`, which prove it alone."""

    read_by: frozenset[str]
    """How a program may refer to the file so that fewer keys suffice: `hydra`, `name`."""


@cache
def dialects() -> dict[str, Dialect]:
    """All of them by name."""
    table = read_table(bundled_rules() / "dialects.toml", "rules/dialects.toml")
    found = {entry.string("name"): _dialect(entry) for entry in table.tables("dialect")}
    table.finish()
    return found


def _dialect(entry: Table) -> Dialect:
    formats = entry.strings("formats") or ("yaml", "json", "toml")
    dialect = Dialect(
        name=entry.string("name"),
        formats=frozenset(Kind(each) for each in formats),
        at=tuple("" if each == "." else each for each in entry.strings("at")),
        needs=entry.strings("needs"),
        keys=frozenset(entry.strings("keys")),
        at_least=entry.integer("at_least", 0),
        with_inner_keys=entry.boolean("with_inner_keys", False),
        unless=frozenset(entry.strings("unless")),
        targets=entry.strings("targets"),
        read_by=frozenset(entry.strings("read_by")),
    )
    entry.finish()
    return dialect


def is_likely(dialect: Dialect, raw: bytes) -> bool:
    """Whether bytes that cannot be read as a whole are most likely of a dialect: its keys are there, line by line."""
    if _TEMPLATE.search(raw):
        return False
    wanted = {need.rstrip("[]{}") for need in dialect.needs} | dialect.keys
    pattern = rb"^[ \t]*[\"']?(" + b"|".join(re.escape(key).encode() for key in sorted(wanted)) + rb")[\"']?[ \t]*[:=]"
    found = {match.decode() for match in re.findall(pattern, raw, re.MULTILINE)} if wanted else set()
    needed = {need.rstrip("[]{}") for need in dialect.needs}
    return needed <= found and len(found & dialect.keys) >= max(dialect.at_least, 2)


def spoken(
    dialect: Dialect, root: Node, groups: frozenset[str], readers: Readers
) -> Iterator[tuple[tuple[str, ...], Section]]:
    """The sections of a file that are of a dialect.

    `groups`: names under which another file may take the whole of this one in, its own and its folder's. `readers`: how
    programs refer to the file.
    """
    for path, section in sections(root):
        if _is_made_by(dialect, section) or (_is_at(dialect, path, groups) and _holds(dialect, section, readers)):
            yield path, section


def _is_made_by(dialect: Dialect, section: Section) -> bool:
    made = next((text for key in _CLASS_KEYS if (text := section.text(key))), None)
    return made is not None and any(fnmatchcase(made, pattern) for pattern in dialect.targets)


def _is_at(dialect: Dialect, path: Sequence[str], groups: frozenset[str]) -> bool:
    if not path:
        return "" in dialect.at or not groups.isdisjoint(dialect.at)
    return len(path) <= _MAX_LEVEL and path[-1] in dialect.at


def _holds(dialect: Dialect, section: Section, readers: Readers) -> bool:
    keys = section.keys()
    inner = [entry.value.keys() for entry in section.entries if isinstance(entry.value, Section)]
    if keys.union(*inner) & dialect.unless:
        return False
    if dialect.with_inner_keys:
        keys = keys.union(*inner)
    told = dialect.needs or dialect.at_least
    if told and all(_has(section, need) for need in dialect.needs) and len(keys & dialect.keys) >= dialect.at_least:
        return True
    return bool(dialect.read_by and readers() & dialect.read_by)


def _has(section: Section, need: str) -> bool:
    entry: Entry | None = section.entry(need.rstrip("[]{}"))
    if entry is None:
        return False
    if need.endswith("[]"):
        return isinstance(entry.value, Items)
    return isinstance(entry.value, Section) if need.endswith("{}") else True
