"""The first of some calls in each program: for what is true of the program as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from weakref import WeakKeyDictionary

from auditor.model.lean import replace
from auditor.model.rule import Rule
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.matchers.call import CallMatcher, read_call
from auditor.static.project import Project
from auditor.static.reuse.trace import Memory
from auditor.static.scanning.findings import led_hits
from auditor.static.scanning.prerequisites import Prerequisite

Places = dict[str, list[Hit]]
"""Hits by the path of the file in which they stand."""


class FirstCallMatcher:
    """`kind = "first-call"`: the options of `call`; one finding a place, with the programs that begin there."""

    kind = "first-call"
    scope: Scope = "module"

    def __init__(self) -> None:
        self._calls = CallMatcher(read_call)
        self._places: WeakKeyDictionary[Project, Memory[str, Places]] = WeakKeyDictionary()

    def validate(self, options: Mapping[str, object], where: str) -> None:
        self._calls.validate(options, where)

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return self._calls.literals(rule)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return self._calls.prerequisites(rule, in_program=True)

    def candidates(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        """Hits that are the first of their file for some program; `firsts` tells which are the first of a program."""
        covered: set[str] = set()
        for hit in led_hits(rule, self._calls.find(rule, module, project), module, project):
            around = project.programs.reaching(module.path) if hit.entry_points is None else hit.entry_points
            if not covered.issuperset(around):
                covered.update(around)
                yield hit

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        """The same, told at once by whoever has no list of all candidates: for a rule that is a part of another one."""
        for path in project.programs.entry_points:
            project.trace.note("reach", path)
        places = self._places.setdefault(project, {})
        key = f"{rule.id}:{id(rule)}"
        return project.trace.once(places, key, lambda: self._first_places(rule, project)).get(module.path, ())

    def _first_places(self, rule: Rule, project: Project) -> Places:
        found: dict[str, Hit] = {}
        programs: dict[str, list[str]] = {}
        hits = _Hits(self._calls, rule, self.prerequisites(rule), project)
        for path in project.programs.entry_points:
            hit = self._first(rule, path, project, hits)
            if hit is not None and project.module(path) is not None:
                key = f"{hit.location.path}:{hit.location.line}:{hit.location.column}"
                found.setdefault(key, hit)
                programs.setdefault(key, []).append(path)
        places: Places = {}
        for key, hit in found.items():
            places.setdefault(hit.location.path, []).append(replace(hit, entry_points=tuple(programs[key])))
        return places

    def _first(self, rule: Rule, path: str, project: Project, hits: _Hits) -> Hit | None:
        """The first hit of a program: in its own file, else in the first of the files that it imports."""
        for reached in (path, *project.programs.paths_reached(path, self._calls.literals(rule))):
            for hit in hits.of(reached):
                if hit.entry_points is None or path in hit.entry_points:
                    return hit
        return None


class _Hits:
    """All that `call` finds in a file, which is parsed only if that can be anything.

    Asked once: most files of one program are those of others too.
    """

    def __init__(
        self, calls: CallMatcher, rule: Rule, prerequisites: tuple[Prerequisite, ...], project: Project
    ) -> None:
        self._calls = calls
        self._rule = rule
        self._prerequisites = prerequisites
        self._project = project
        self._found: dict[str, tuple[Hit, ...]] = {}

    def of(self, path: str) -> tuple[Hit, ...]:
        if path not in self._found:
            project = self._project
            module = project.module(path) if project.selection.can_hold(path, self._prerequisites) else None
            project.unread(path)
            self._found[path] = tuple(self._led(module)) if module is not None else ()
        return self._found[path]

    def _led(self, module: ModuleFacts) -> Iterable[Hit]:
        return led_hits(self._rule, self._calls.find(self._rule, module, self._project), module, self._project)


MATCHER = FirstCallMatcher()
