"""Modules that a program imports: for libraries of which each use has the same flaw."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    modules: tuple[str, ...]
    message: str
    """`{module}` is the module that was listed."""

    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        modules=table.strings("modules", required=True),
        message=table.string("message"),
        program=read_program_condition(table),
    )


class ImportMatcher(WithOptions[_Options]):
    """`kind = "import"`: each listed module once a file, where it is imported first."""

    kind = "import"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.partition(".")[0] for name in self._options.of(rule).modules)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        told: set[str] = set()
        for entry in module.imports_below(options.modules):
            name = next((name for name in options.modules if f"{entry.target}.".startswith(f"{name}.")), None)
            if name is None or name in told:
                continue
            told.add(name)
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            yield Hit(
                location=module.location(entry.node),
                message=options.message.replace("{module}", name),
                confidence=options.program.weakens(module, project),
                entry_points=entry_points,
            )


MATCHER = ImportMatcher(_read)
