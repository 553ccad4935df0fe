"""Proposed changes of source text."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.location import Location


class Applicability(Enum):
    """Who may apply a patch.

    `safe`: training can only become reproducible. `unsafe`: results or speed may change. `display`: a person decides.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace the text at `span` by `replacement`."""

    span: Location
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Edits that belong together: all or none."""

    id: str = ""
    """What `repro-audit fix` calls it: `RA301-4f09ab`."""

    title: str
    """What it does, one line in the imperative."""

    applicability: Applicability
    effect: str = ""
    """What else changes; empty where nothing does."""

    edits: tuple[Edit, ...]
    """In the order of the files and lines; in a notebook places are those of its JSON."""
