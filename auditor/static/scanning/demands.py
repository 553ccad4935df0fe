"""What each rule asks of a file before it is worth being asked itself, as plain values that can be kept.

To know it, all options of a rule have to be read and checked, and all modules of matchers loaded. That takes longer
than the rest of most scans, and gives the same as long as rules and program are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.errors import RuleError
from auditor.model.annotations import Any, cast
from auditor.model.lean import dataclass
from auditor.model.rule import Rule, RuleId
from auditor.ruleset.library import Library
from auditor.static.matcher import Matcher, Scope, as_first_in_program, find_matcher, registry
from auditor.static.scanning.prerequisites import Prerequisite, drawing, prerequisites
from auditor.static.text.mentions import Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Of one rule."""

    scope: Scope
    literals: frozenset[str]
    """Of these one stands in every file in which the rule can hold; empty where that cannot be said."""

    prerequisites: tuple[Prerequisite, ...] | None
    """None: nothing in particular."""

    names: frozenset[str]
    """The names with dots in its options."""

    documents: frozenset[str]
    """Kinds of files that are no Python and that it speaks about."""

    variables: tuple[str, ...]
    """A launcher that sets one of these answers what it finds."""

    is_first: bool
    """Only the first place in each program counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """Of all rules that may be asked."""

    of: Mapping[RuleId, Demand]
    words: tuple[str, ...]
    """Everything that will be looked for in files, sorted: the vocabulary."""


class Bound:
    """A rule with what it demands, and the matcher that it names once somebody needs it."""

    def __init__(self, rule: Rule, demand: Demand) -> None:
        self.rule = rule
        self.scope = demand.scope
        self.demand = demand

    @property
    def matcher(self) -> Matcher:
        return _matcher_of(self.rule)


def demands_of(rules: Iterable[Rule], libraries: Iterable[Library]) -> Demands:
    """Read and check the options of rules. Raises `RuleError`, naming file and key, for what a matcher refuses."""
    words: set[str] = set()
    memory: dict[int, tuple[object, frozenset[str]]] = {}
    of: dict[RuleId, Demand] = {}
    for rule in sorted(rules, key=lambda rule: rule.id):
        texts = _texts(rule.match.options, memory)
        demand = of[rule.id] = _demand(rule, texts)
        last = (text.rpartition(".")[2] for text in texts)
        words.update(demand.literals, (word for word in last if word.isidentifier() and word.isascii()))
        words.update(_words(demand.prerequisites or ()))
    for library in libraries:
        words.update(library.tokens)
        words.update(_words(drawing((library,))))
    return Demands(of=of, words=tuple(sorted(words)))


def _demand(rule: Rule, texts: frozenset[str]) -> Demand:
    from auditor.static.scanning.program import launched_variables

    matcher = _matcher_of(rule)
    matcher.validate(rule.match.options, f"{rule.path}: match")
    return Demand(
        scope=matcher.scope,
        literals=matcher.literals(rule) or frozenset(),
        prerequisites=prerequisites(matcher, rule),
        names=frozenset(text for text in texts if "." in text),
        documents=frozenset(kind.value for kind in getattr(matcher, "documents", ())),
        variables=launched_variables(rule.match.options),
        is_first=as_first_in_program(matcher) is not None,
    )


def _matcher_of(rule: Rule) -> Matcher:
    matcher = find_matcher(rule.match.kind)
    if matcher is None:
        known = ", ".join(sorted(registry()))
        raise RuleError(f"{rule.path}: match.kind: there is no `{rule.match.kind}`; known are {known}")
    return matcher


def _words(asked: Iterable[Prerequisite]) -> Iterable[str]:
    for prerequisite in asked:
        yield from prerequisite.methods
        for group in prerequisite.literals:
            yield from group


def _texts(value: object, memory: dict[int, tuple[object, frozenset[str]]]) -> frozenset[str]:
    """Every text in rules' options; a definition that several rules share is looked at once."""
    if isinstance(value, str):
        return frozenset((value,))
    if not isinstance(value, list | tuple | Mapping):
        return frozenset()
    if id(value) not in memory:
        parts = (*value, *value.values()) if isinstance(value, Mapping) else value
        # The value stands beside its texts, so that its identity is not given to another one.
        memory[id(value)] = value, frozenset().union(*(_texts(part, memory) for part in parts))
    return memory[id(value)][1]


# -- plain values -----------------------------------------------------------------------------------------------------


def pack(demands: Demands) -> object:
    """As values that `marshal` takes; equal parts that are one object stay one."""
    return [(identifier, _pack_demand(demand)) for identifier, demand in demands.of.items()], demands.words


def unpack(plain: Any) -> Demands:
    """What was packed; raises `TypeError` or `ValueError` for anything else."""
    rules, words = plain
    return Demands(of={RuleId(identifier): _unpack_demand(*values) for identifier, values in rules}, words=words)


def _pack_demand(demand: Demand) -> tuple[object, ...]:
    asked = None if demand.prerequisites is None else tuple(map(_pack_prerequisite, demand.prerequisites))
    return demand.scope, demand.literals, asked, demand.names, demand.documents, demand.variables, demand.is_first


def _unpack_demand(
    scope: str, literals: Any, asked: Any, names: Any, documents: Any, variables: Any, is_first: bool
) -> Demand:
    return Demand(
        scope=cast("Scope", scope),
        literals=literals,
        prerequisites=None if asked is None else tuple([_unpack_prerequisite(*values) for values in asked]),
        names=names,
        documents=documents,
        variables=variables,
        is_first=is_first,
    )


def _pack_prerequisite(asked: Prerequisite) -> tuple[object, ...]:
    names = asked.names and (asked.names.full, asked.names.prefixes, asked.names.beginnings, asked.names.called)
    return asked.literals, asked.methods, names, asked.packages, asked.unseeded, asked.in_program


def _unpack_prerequisite(
    literals: Any, methods: Any, names: Any, packages: Any, unseeded: Any, in_program: Any
) -> Prerequisite:
    return Prerequisite(
        literals=literals,
        methods=methods,
        names=names and Names(*names),
        packages=packages,
        unseeded=unseeded,
        in_program=in_program,
    )
