"""A value assigned to an attribute of a library: `torch.backends.cudnn.benchmark = True`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from auditor.model.lean import dataclass
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.evaluation.optiondefault import option_default
from auditor.static.evaluation.plainvalue import plain_value
from auditor.static.evaluation.ruledout import lasting_constant
from auditor.static.facts import Assignment, Known, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.elements import is_same

MAX_AROUND = 20
"""Statements around an assignment whose conditions are asked."""


@dataclass(frozen=True, kw_only=True)
class _Options:
    targets: frozenset[str]
    attributes: frozenset[str]
    """Names of attributes, whatever object they belong to: `CUDNN_BENCHMARK`."""

    values: tuple[object, ...]
    plain: bool
    """A value that a run has that nobody gives an option counts, too, with medium confidence."""

    program: ProgramCondition

    @cached_property
    def last_parts(self) -> frozenset[str]:
        return frozenset(target.rpartition(".")[2] for target in self.targets)


def _read(table: Table) -> _Options:
    value = table.value("value")
    attributes = table.strings("attributes")
    if value is None:
        raise table.complain("value", "missing; expected the value (or an array of values) that is assigned")
    return _Options(
        targets=frozenset(table.strings("target", required=not attributes)),
        attributes=frozenset(attributes),
        values=tuple(value) if isinstance(value, list) else (value,),
        plain=table.boolean("plain", False),
        program=read_program_condition(table),
    )


class AssignMatcher(WithOptions[_Options]):
    """`kind = "assign"`."""

    kind = "assign"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        options = self._options.of(rule)
        return frozenset(target.rpartition(".")[2] for target in options.targets) | options.attributes

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for node, given in _assigned(module, options):
            value = module.constant(given)
            is_plain = options.plain and not isinstance(value, Known)
            value = plain_value(module, given) if is_plain else value
            if not isinstance(value, Known) or not any(is_same(value.value, wanted) for wanted in options.values):
                continue
            if _is_left_out(module, node, plain=options.plain):
                continue
            entry_points = options.program.entry_points(module, project)
            if entry_points != ():
                weak = options.program.weakens(module, project) or (Confidence.MEDIUM if is_plain else None)
                yield Hit(location=module.location(node), entry_points=entry_points, confidence=weak)


def _assigned(module: ModuleFacts, options: _Options) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Where one of the targets gets a value, with that value; `setattr(cudnn, "benchmark", True)` is one too."""
    for assignment in module.assignments:
        if assignment.key is None and _is_meant(assignment, options):
            yield assignment.node, assignment.value
    for call in module.calls_to({"setattr"}):
        if len(call.node.args) == 3:
            holder, name, value = call.node.args
            written = module.constant(name)
            if isinstance(written, Known) and f"{module.resolve(holder)}.{written.value}" in options.targets:
                yield call.node, value


def _is_meant(assignment: Assignment, options: _Options) -> bool:
    written = getattr(assignment.target, "attr", "")
    return written in options.attributes or (written in options.last_parts and assignment.name in options.targets)


def _is_left_out(module: ModuleFacts, node: ast.AST, *, plain: bool) -> bool:
    """Whether a condition leads past it on something that is written out once: `deterministic = True`, `if not …`.

    `plain`: or on an option, in a run that nobody gives it: `if not args.deterministic:` of one that is on by default.
    """
    inner = node
    for holder in islice(module.around(node), MAX_AROUND):
        if isinstance(holder, ast.If):
            test, is_negated = holder.test, False
            if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                test, is_negated = test.operand, True
            asked = lasting_constant(module, test)
            if plain and not isinstance(asked, Known):
                asked = option_default(module, test)
            holds = bool(asked.value) != is_negated if isinstance(asked, Known) else None
            if holds is not None and inner in (holder.orelse if holds else holder.body):
                return True
        inner = holder
    return False


MATCHER = AssignMatcher(_read)
