"""Conditions on versions of packages, as rules write them: `torch >= 2.1, torch < 2.10`."""

from __future__ import annotations

import re

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern

if TYPE_CHECKING:
    from auditor.ruleset.table import Table

Version = tuple[int, ...]

_BOUND = lazy_pattern(r"([A-Za-z0-9][\w.-]*) *(>=|<) *([0-9]+(?:\.[0-9]+)*)")


@dataclass(frozen=True, slots=True)
class Bound:
    """One condition on one package."""

    package: str
    at_least: bool
    """`>=`; otherwise `<`."""

    version: Version


def parse_version(text: str) -> Version:
    """The numbers of a release, without trailing zeros' help: `2.6.0+cu118` is (2, 6, 0). Suffixes are dropped."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def parse_bounds(text: str) -> tuple[Bound, ...]:
    """Read `torch >= 2.1, torch < 2.10`; raises `ValueError` saying what was expected."""
    bounds: list[Bound] = []
    for part in text.split(","):
        found = _BOUND.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"expected conditions such as `torch >= 2.1, torch < 2.10`, found `{part.strip()}`")
        package, sign, version = found.groups()
        bounds.append(Bound(package, sign == ">=", parse_version(version)))
    return tuple(bounds)


def read_bounds(table: Table) -> tuple[Bound, ...]:
    """The `versions` of a table; none where it has none. Raises `RuleError`."""
    try:
        return parse_bounds(table.string("versions")) if "versions" in table else ()
    except ValueError as error:
        raise table.complain("versions", str(error)) from error
