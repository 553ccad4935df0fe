"""A generator object that is made before there are workers, and that items are drawn with: each worker gets a copy.

A matcher cannot say it: what the call makes has to be followed to the data set that keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Rule
from auditor.ruleset.table import Table
from auditor.static.execution.workercopies import dataset_using
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    generators: frozenset[str]
    datasets: frozenset[str]
    program: ProgramCondition


def _read(table: Table) -> _Options:
    return _Options(
        generators=frozenset(table.strings("generators", required=True)),
        datasets=frozenset(table.strings("datasets", required=True)),
        program=read_program_condition(table),
    )


class DatasetGeneratorDetector(WithOptions[_Options]):
    """`kind = "dataset-generator"`."""

    kind = "dataset-generator"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return frozenset(name.rpartition(".")[2] for name in self._options.of(rule).generators)

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return (naming(self._options.of(rule).generators, called=True),)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for call in module.calls_to(options.generators):
            user = dataset_using(module, call.node, options.datasets)
            if user is None:
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points == ():
                return
            beside = Related(location=user.module.location(user.node), message=f"draws items with it: {user.node.name}")
            yield Hit(location=module.location(call.node), related=(beside,), entry_points=entry_points)


DETECTOR = DatasetGeneratorDetector(_read)
