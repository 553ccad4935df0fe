"""Calls that take their numbers from a shared generator because they were given none of their own.

Which calls these are, and which arguments make them independent, stands in `rules/libraries/*.toml`; a rule names the
library and the packages that it speaks about.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.model.lean import dataclass, replace
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.evaluation.spread import bound_before, spread
from auditor.static.evaluation.unset import is_unset
from auditor.static.execution.followed import methods_after
from auditor.static.execution.handedon import as_called
from auditor.static.execution.knowledge import draws
from auditor.static.execution.seededparts import SeedingHolder, is_seeded_by_holder
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.programwide.leftopen import leaving_open, left_open
from auditor.static.programwide.pickedcalls import picked_calls
from auditor.static.programwide.unseeded import unseeded_programs, worded
from auditor.static.project import Project
from auditor.static.resolution.constants import may_hold_for_none
from auditor.static.scanning.lookedat import is_only_looked_at
from auditor.static.scanning.prerequisites import Prerequisite, packages_of
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.text.mentions import Names

_TELLING = 9
"""Letters from which on the last part of a name stands in few files that do not mean it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    libraries: tuple[str, ...]
    packages: tuple[str, ...]
    """Beginnings of qualified names: `sklearn.`."""

    callees: frozenset[str]
    """The calls in question, put in when the rules are loaded."""

    deferred: bool | None
    """Only calls whose result draws later (True), or that draw at once (False); None: both."""

    program: ProgramCondition
    given_later: Mapping[str, str]
    """Methods of what the call makes that give it the argument after all: `set_params` → `random_state`."""

    seeding_holders: tuple[SeedingHolder, ...]
    """Classes that give what they are made with a state of its own."""


def _read(table: Table) -> _Options:
    return _Options(
        libraries=table.strings("libraries", required=True),
        packages=table.strings("packages", required=True),
        callees=frozenset(table.strings("callees")),
        deferred=table.boolean("deferred", False) if "deferred" in table else None,
        program=read_program_condition(table),
        given_later=_read_given_later(table),
        seeding_holders=tuple(_read_seeding_holders(table)),
    )


def _read_given_later(table: Table) -> Mapping[str, str]:
    found = {}
    for entry in table.tables("given_later"):
        found[entry.string("method")] = entry.string("argument")
        entry.finish()
    return found


def _read_seeding_holders(table: Table) -> Iterator[SeedingHolder]:
    for entry in table.tables("seeding_holders"):
        yield SeedingHolder(
            callees=entry.strings("callee", required=True),
            takes=entry.strings("takes", required=True),
            argument=entry.string("argument"),
        )
        entry.finish()


class FallbackMatcher(WithOptions[_Options]):
    """`kind = "fallback"`."""

    kind = "fallback"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str]:
        names = [name.split(".") for name in self._options.of(rule).callees]
        return frozenset(parts[-1] if len(parts[-1]) >= _TELLING else parts[0] for parts in names)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        options = self._options.of(rule)
        last = frozenset(name.rpartition(".")[2] for name in options.callees)
        packages, unseeded = packages_of(options.callees), frozenset(options.libraries)
        return (
            Prerequisite(
                literals=(self.literals(rule), last),
                names=Names(options.callees),
                packages=packages,
                unseeded=unseeded,
            ),
        )

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        named = module.call_index.candidates(options.callees, (), ())
        picked = list(picked_calls(named, options.callees, module))
        for call in (*named, *picked):
            opened: dict[str, Location] = {}
            for library, deferred in _draws(call, module, project, opened):
                if library not in options.libraries or options.deferred not in (None, deferred):
                    continue
                if deferred and is_only_looked_at(module, call.node):
                    continue
                reached = unseeded_programs(call, module, project, library, deferred=deferred)
                reached = tuple(path for path in reached if not opened or path in opened)
                if reached and _is_given_later(call, module, options.given_later):
                    continue
                reached = _without_holders(call, module, options.seeding_holders, opened, reached)
                if reached and options.program.entry_points(module, project) != ():
                    text = f"`{call.callee}` draws from {project.rng.libraries[library].title}, which is not seeded."
                    yield Hit(
                        location=module.location(call.node),
                        message=worded(text, reached, project, library),
                        related=leaving_open(opened, reached),
                        confidence=Confidence.MEDIUM if call in picked else None,
                        entry_points=reached,
                    )


def _is_given_later(call: Call, module: ModuleFacts, methods: Mapping[str, str]) -> bool:
    """Whether a method of what the call makes gets the argument, by its name (`part__random_state` too) or in `**`."""
    if not methods:
        return False
    for method, made in methods_after(call, module):
        wanted = methods.get(method)
        if wanted and made and any(word.arg is None or word.arg.split("__")[-1] == wanted for word in made.keywords):
            return True
    return False


def _without_holders(
    call: Call,
    module: ModuleFacts,
    holders: Sequence[SeedingHolder],
    opened: dict[str, Location],
    reached: tuple[str, ...],
) -> tuple[str, ...]:
    """Of programs that get to a call those in which nothing that takes the estimator sets its state.

    Put into `opened`: the programs in which the state of such a holder is left None.
    """
    left: dict[str, Location] = {}

    def is_none(node: ast.expr) -> bool:
        value = module.constant(node)
        left.update(left_open(node, module))
        return (isinstance(value, Known) and value.value is None) or is_unset(node, module)

    if not reached or not is_seeded_by_holder(call.node, module, holders, is_none):
        return reached
    opened.update(left)
    return tuple(path for path in reached if path in left)


def _draws(
    call: Call, module: ModuleFacts, project: Project, opened: dict[str, Location]
) -> Iterable[tuple[str, bool]]:
    """Libraries that the call draws from, each with whether it does so later.

    Put into `opened`: the programs in which it does so, where these are not all that reach it.
    """

    def is_none(node: object) -> bool:
        value = module.constant(node)  # type: ignore[arg-type]
        known = isinstance(value, Known) and value.value is None
        if known or is_unset(node, module):  # type: ignore[arg-type]
            return True
        opened.update(left_open(node, module))  # type: ignore[arg-type]
        return bool(opened)

    def equals(node: object, wanted: object) -> bool:
        value = module.constant(node)  # type: ignore[arg-type]
        if isinstance(value, Known):
            return value.value == wanted
        return wanted is True and may_hold_for_none(module, node)

    bound = bound_before(call, module)
    written = list(as_called(bound, module)) or [replace(bound, node=spread(module, bound.node))]
    found = [draws(project.rng, each, is_none, equals, module.names.value) for each in written]
    for fact in found[0] if all(found) else ():
        yield fact.library.id, fact.deferred


MATCHER = FallbackMatcher(_read)
