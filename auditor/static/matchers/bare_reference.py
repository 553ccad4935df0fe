"""A function that is named where it was meant to be called, or overwritten: `torch.manual_seed = 0`."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodeindex import nodes_of


def _read(table: Table) -> frozenset[str]:
    return frozenset(table.strings("names", required=True))


class BareReferenceMatcher(WithOptions[frozenset[str]]):
    """`kind = "bare-reference"`: `names` alone in a statement, or as the target of an assignment."""

    kind = "bare-reference"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule))

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule)),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        names = self._options.of(rule)
        last = {name.rpartition(".")[2] for name in names}
        for statement in nodes_of(module, ast.Expr):
            if isinstance(statement.value, ast.Name) or getattr(statement.value, "attr", None) in last:
                name = module.resolve(statement.value)
                if name in names:
                    yield Hit(location=module.location(statement), message=f"`{name}` is named here, but not called.")
        for assignment in module.assignments:
            written = getattr(assignment.target, "attr", None)
            if written in last and assignment.key is None and assignment.name in names:
                yield Hit(
                    location=module.location(assignment.node),
                    message=f"`{assignment.name}` is overwritten here instead of called, and nothing is seeded.",
                )


MATCHER = BareReferenceMatcher(_read)
