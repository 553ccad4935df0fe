"""The way of something unordered through a program, and where it ends in a place where order counts."""

from __future__ import annotations

import ast
from enum import Enum

from auditor.model.lean import dataclass, field, replace
from auditor.model.rule import Confidence
from auditor.static.facts import ModuleFacts

NUMBERED = "they are numbered in that order"
PICKED = "some are picked by position"


class Kind(Enum):
    """What is unordered."""

    SET = "set"
    LISTING = "listing"
    """A list or an iterator whose order is arbitrary."""

    COMPLETION = "completion"
    """As LISTING, and the order changes within one machine: even floating point sums differ."""


@dataclass(frozen=True, slots=True)
class Place:
    """An expression of a file."""

    module: ModuleFacts
    node: ast.AST


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedUse:
    """Where the order counts, and how."""

    node: ast.expr | ast.stmt
    module: ModuleFacts
    how: str
    """For a sentence: `the first ones are taken`."""

    confidence: Confidence
    fixed_at: Place | None = None
    """For a set: where it was turned into a sequence on the way there, which fixed an arbitrary order."""


@dataclass(frozen=True, kw_only=True)
class Trail:
    kind: Kind
    numbered: bool = False
    """Passed `enumerate`: positions are attached."""

    as_list: bool = False
    """A set was turned into a sequence."""

    fixed_at: Place | None = None
    """Where that happened."""

    keyed: bool = False
    """It was made the keys of a dictionary, which is asked by key."""

    is_text: bool = False
    """A set certainly holds text."""

    firsts: bool = True
    """Whether it counts that the first one of a listing is taken: mostly there is one."""

    ignored: frozenset[tuple[str, int]] = frozenset()
    """Files and lines in which a use is passed over: others are asked for."""

    depth: int = 0
    seen: frozenset[object] = field(default_factory=frozenset)


def as_list(module: ModuleFacts, node: ast.AST, trail: Trail, *, numbered: bool) -> Trail:
    """The trail behind `node`, which is read in order there."""
    first = trail.kind is Kind.SET and not trail.as_list
    place = Place(module, node) if first else trail.fixed_at
    return replace(trail, as_list=True, numbered=numbered, keyed=False, fixed_at=place)


def used(
    trail: Trail, module: ModuleFacts, node: ast.expr | ast.stmt, how: str, confidence: Confidence = Confidence.MEDIUM
) -> OrderedUse | None:
    """The end of a trail, unless that place is passed over."""
    if (module.path, node.lineno) in trail.ignored:
        return None
    return OrderedUse(node=node, module=module, how=how, confidence=confidence, fixed_at=trail.fixed_at)
