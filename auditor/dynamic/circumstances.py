"""Does what makes an operator non-deterministic hold for a call? Facts against the conditions of the list.

Three answers: it holds, a condition is not met, or something that matters could not be seen. What was not seen never
counts as not met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.model.lean import dataclass
from auditor.model.profile import Holding
from auditor.ruleset.circumstances import AMBIENT, MODE, Alternative, Condition, Relation
from auditor.ruleset.versions import parse_version

Fact = str | int | bool | None
Facts = Mapping[str, Fact]
"""By name; one that is not there was not seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer for one kind of call."""

    holding: Holding
    reasons: tuple[str, ...]


def judge_call(alternatives: Sequence[Alternative], facts: Facts) -> Judgement:
    """Hold the facts of a call against the conditions, of which one line must hold as a whole."""
    alternatives = [each for each in alternatives if not _of_another_device(each, facts)]
    met = [[_is_met(condition, facts) for condition in each] for each in alternatives]
    for conditions, answers in zip(alternatives, met, strict=True):
        if all(answers):
            return Judgement(holding=Holding.HOLDS, reasons=_told(conditions, facts))
    for conditions, answers in zip(alternatives, met, strict=True):
        if False not in answers:
            open_ones = [each for each, answer in zip(conditions, answers, strict=True) if answer is None]
            return Judgement(holding=Holding.UNKNOWN, reasons=tuple(_not_seen(each) for each in open_ones))
    failing = [
        [each for each, answer in zip(conditions, answers, strict=True) if answer is False]
        for conditions, answers in zip(alternatives, met, strict=True)
    ]
    # The line that comes nearest: one about other arguments than the call has says least.
    nearest = min(failing, key=_distance, default=[])
    return Judgement(holding=Holding.FAILS, reasons=tuple(dict.fromkeys(_unmet(each, facts) for each in nearest)))


def _distance(failing: Sequence[Condition]) -> tuple[int, int, int]:
    """Arguments that say what an operator does, such as `accumulate`, weigh most; the surroundings least."""
    plain = sum("." not in each.fact and each.fact not in AMBIENT and each.fact != "written" for each in failing)
    return plain, sum(each.fact not in AMBIENT for each in failing), len(failing)


def _of_another_device(conditions: Alternative, facts: Facts) -> bool:
    return any(each.fact == "device" and _is_met(each, facts) is False for each in conditions)


def _is_met(condition: Condition, facts: Facts) -> bool | None:
    if condition.relation is Relation.UNSEEN or condition.fact not in facts:
        return None
    value = facts[condition.fact]
    if condition.relation in (Relation.IS, Relation.IS_NOT):
        return (fact_text(value) in condition.values) is (condition.relation is Relation.IS)
    if condition.fact == "torch":
        reached = parse_version(str(value)) >= parse_version(condition.values[0])
    elif isinstance(value, int):
        reached = value >= int(condition.values[0])
    else:
        return None
    return reached is (condition.relation is Relation.AT_LEAST)


def fact_text(value: Fact) -> str:
    """A fact as conditions write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)


_MODES = {
    "off": "the deterministic mode is off",
    "warn": "the deterministic mode only warns",
    "on": "the deterministic mode is on",
}
_SENTENCES: dict[tuple[str, Fact], str] = {
    ("read", True): "the memory is read before it was written",
    ("read", False): "nothing reads the memory before it is written",
    ("fill", True): "the deterministic mode fills the memory",
    ("fill", False): "the deterministic mode is told not to fill memory",
    ("code.atomic", True): "the generated code adds floats atomically",
    ("code.atomic", False): "the generated code adds no floats atomically",
    ("code.listed", True): "the generated code calls operators of the list",
    ("code.listed", False): "the generated code calls no operator of the list",
    ("windows.overlap", True): "windows overlap",
    ("windows.overlap", False): "no windows overlap",
    ("workspace", None): "CUBLAS_WORKSPACE_CONFIG is not set",
}
_QUALITIES: dict[tuple[str, Fact], str] = {
    ("repeated", True): "an index occurs more than once",
    ("repeated", False): "no index occurs twice",
    ("tied", True): "equal values compete",
    ("tied", False): "no equal values compete",
    ("one_line", True): "one line holds all elements",
    ("one_line", False): "several lines are scanned, each on its own",
}
_UNSEEN_QUALITIES = {
    "repeated": "whether an index occurs more than once",
    "tied": "whether equal values compete",
}


def _fact_words(fact: str, value: Fact) -> str:
    """`float32`, `65,536 values are written`, `accumulate=True`."""
    if fact == MODE:
        return _MODES.get(str(value), str(value))
    if (fact, value) in _SENTENCES:
        return _SENTENCES[(fact, value)]
    name, _, quality = fact.partition(".")
    if (quality, value) in _QUALITIES:
        return _QUALITIES[(quality, value)]
    if fact == "threads":
        return "1 thread" if value == 1 else f"{value} threads"
    if fact == "torch":
        return f"torch {value}"
    if fact == "written" or quality == "numel":
        return f"{value:,} value{'' if value == 1 else 's'}" + (" in the source" if fact == "values.numel" else "")
    if quality == "dtype":
        return str(value)
    if quality == "floating":
        return "floating point" if value else "whole numbers"
    if quality == "given":
        return f"`{name}` is {'given' if value else 'not given'}"
    return f"{fact}={value}"


def _told(conditions: Alternative, facts: Facts) -> tuple[str, ...]:
    words = [_fact_words(each.fact, facts[each.fact]) for each in conditions if each.fact not in ("device", "torch")]
    return tuple(dict.fromkeys(words)) or ("always",)


def _unmet(condition: Condition, facts: Facts) -> str:
    """The fact, and what it would have to be where that is no plain opposite."""
    words = _fact_words(condition.fact, facts[condition.fact])
    if condition.fact == "torch":
        return f"{words}, which is not affected"
    if condition.relation is Relation.AT_LEAST and condition.fact != "threads":
        return f"{words} (differs from {int(condition.values[0]):,} on)"
    if condition.fact.endswith(".dtype"):
        return f"{words} (only {' and '.join(condition.values)} differs)"
    return words


def _not_seen(condition: Condition) -> str:
    if condition.relation is Relation.UNSEEN:
        return condition.values[0]
    name, _, quality = condition.fact.partition(".")
    if quality in _UNSEEN_QUALITIES:
        return _UNSEEN_QUALITIES[quality]
    if condition.fact == MODE:
        return "whether the deterministic mode was on"
    if condition.fact == "read":
        return "whether the memory was read before it was written"
    if condition.fact in ("written", "threads"):
        return "how many values were written" if condition.fact == "written" else "how many threads there were"
    if quality == "numel":
        return "how many values there were"
    if name == "code":
        return "what its generated code does"
    return f"what `{condition.fact}` was"
