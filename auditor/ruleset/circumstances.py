"""Under which circumstances an operator is non-deterministic, as `rules/operators.toml` says it.

    accumulate is true and values.dtype is float32 and written >= 32768 and threads >= 2
    deterministic is off or warn and unseen: which algorithm cuDNN chose

Conditions joined by `and`; each is about one fact of a call. `unseen:` is something that no probe can look at: where
everything else holds, the answer is that it cannot be told. `always` is no condition at all. What the facts are called
is listed in docs/profile.md; the probe reads those of a call (`auditor/probe/profiling/facts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern

ALWAYS = "always"
MODE = "deterministic"
"""The fact that says whether the deterministic mode is on: `off`, `warn` or `on`."""

AMBIENT = frozenset(("device", MODE, "fill", "read", "threads", "torch", "workspace"))
"""Facts about the surroundings of a call; all others are about its arguments, or about cuDNN's switches."""

_IS = lazy_pattern(r"([\w.]+) is (not )?([\w.]+(?: or [\w.]+)*)")
_BOUND = lazy_pattern(r"([\w.]+) (>=|<) ([0-9][0-9.]*)")
_UNSEEN = lazy_pattern(r"(?:^|\s+and\s+)unseen: (.+)$")


class Relation(Enum):
    """How a fact is held against a condition's values."""

    IS = "is"
    IS_NOT = "is not"
    AT_LEAST = ">="
    BELOW = "<"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition on one fact of a call."""

    fact: str
    """Empty for what cannot be seen."""

    relation: Relation
    values: tuple[str, ...]
    """As text, as `fact_text` writes facts; of a bound one number; of what cannot be seen the words for it."""


Alternative = tuple[Condition, ...]
"""Conditions that must all hold."""


def read_alternative(text: str) -> Alternative:
    """Read one line; raises `ValueError` saying what was expected."""
    if text == ALWAYS:
        return ()
    unseen = _UNSEEN.search(text)
    seen = text[: unseen.start()] if unseen else text
    found = [_read_condition(part) for part in re.split(r"\s+and\s+", seen) if part]
    if unseen:
        found.append(Condition(fact="", relation=Relation.UNSEEN, values=(unseen[1],)))
    if not found:
        raise ValueError(f"expected conditions joined by `and`, or `{ALWAYS}`, found `{text}`")
    return tuple(found)


def _read_condition(text: str) -> Condition:
    if bound := _BOUND.fullmatch(text):
        relation = Relation.AT_LEAST if bound[2] == ">=" else Relation.BELOW
        return Condition(fact=bound[1], relation=relation, values=(bound[3],))
    if plain := _IS.fullmatch(text):
        values = tuple(plain[3].split(" or "))
        return Condition(fact=plain[1], relation=Relation.IS_NOT if plain[2] else Relation.IS, values=values)
    raise ValueError(f"expected `FACT is VALUE`, `FACT >= NUMBER` or `unseen: WORDS`, found `{text}`")


def facts_of(alternatives: Sequence[Alternative]) -> frozenset[str]:
    """The names of all facts that the alternatives ask for."""
    return frozenset(condition.fact for each in alternatives for condition in each if condition.fact)


def mentions(alternative: Alternative, fact: str) -> bool:
    return any(condition.fact == fact for condition in alternative)
