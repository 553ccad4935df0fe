"""Several ways to write one pattern: `cudnn.benchmark = True`, `cudnn.flags(benchmark=True)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.model.lean import replace
from auditor.model.rule import Match, Rule
from auditor.ruleset.table import Table, did_you_mean
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Matcher, Scope, find_matcher, registry
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, prerequisites
from auditor.static.scanning.ruleoptions import WithOptions

Alternative = tuple[Matcher, Match]

_MAX_KEPT = 1000


def _read(table: Table) -> tuple[Alternative, ...]:
    alternatives: list[Alternative] = []
    shared = {key: table.value(key) for key in ("requires", "unless", "prefers", "versions") if key in table}
    for entry in table.tables("of"):
        kind = entry.string("kind")
        matcher = find_matcher(kind)
        if matcher is None:
            raise entry.complain("kind", f"no matcher or detector is called `{kind}`{did_you_mean(kind, registry())}")
        if matcher.scope != "module":
            raise entry.complain("kind", f"`{kind}` is judged per program and cannot be an alternative")
        options = shared | {key: entry.value(key) for key in entry.keys() if key != "kind"}  # noqa: SIM118
        alternatives.append((matcher, Match(kind=kind, options=options)))
    if len(alternatives) < 2:
        raise table.complain("of", "expected two alternatives or more, each with its `kind`")
    return tuple(alternatives)


class AnyMatcher(WithOptions[tuple[Alternative, ...]]):
    """`kind = "any"`; `requires`, `unless`, `prefers`, `versions`: for every alternative that has none of its own."""

    kind = "any"
    scope: Scope = "module"

    def __init__(self) -> None:
        super().__init__(_read)
        self._rules: dict[int, tuple[Rule, tuple[tuple[Matcher, Rule], ...]]] = {}

    def validate(self, options: Mapping[str, object], where: str) -> None:
        path, _, _ = where.partition(": ")
        for number, (matcher, match) in enumerate(self._options.read(options, where), 1):
            matcher.validate(match.options, f"{path}: match.of[{number}]")

    def literals(self, rule: Rule) -> frozenset[str] | None:
        words: set[str] = set()
        for matcher, alternative in self._alternatives(rule):
            found = matcher.literals(alternative)
            if found is None:
                return None
            words |= found
        return frozenset(words)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...] | None:
        found: list[Prerequisite] = []
        for matcher, alternative in self._alternatives(rule):
            asked = prerequisites(matcher, alternative)
            if asked is None:
                return None
            found.extend(asked)
        return tuple(found)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        for matcher, alternative in self._alternatives(rule):
            yield from matcher.find(alternative, module, project)

    def _alternatives(self, rule: Rule) -> tuple[tuple[Matcher, Rule], ...]:
        """One rule per alternative, kept so that its matcher reads the options once."""
        kept = self._rules.get(id(rule))
        if kept is None or kept[0] is not rule:
            found = tuple((matcher, replace(rule, match=match)) for matcher, match in self._options.of(rule))
            if len(self._rules) >= _MAX_KEPT:
                self._rules.clear()
            kept = self._rules[id(rule)] = (rule, found)
        return kept[1]


MATCHER = AnyMatcher()
