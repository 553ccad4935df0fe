"""Results of listed calls that come in arbitrary order, where the order reaches something that depends on it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import partial

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.rule import Confidence, Rule, Severity
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.callprerequisites import call_prerequisites
from auditor.static.scanning.conditions import CallCondition, read_call_condition
from auditor.static.scanning.prerequisites import Prerequisite
from auditor.static.scanning.programsled import programs_led_to
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.unordered.order import ordered_use
from auditor.static.unordered.ordertrail import Kind, OrderedUse

_KINDS = {"listing": Kind.LISTING, "completion": Kind.COMPLETION}
_RANK = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    call: CallCondition
    kind: Kind
    subject: str
    """For the message: `the order in which the file system lists files`."""


def _read(table: Table) -> _Options:
    return _Options(
        call=read_call_condition(table),
        kind=_KINDS[table.choice("order", _KINDS)],
        subject=table.string("subject"),
    )


class UnorderedMatcher(WithOptions[_Options]):
    """`kind = "unordered"`."""

    kind = "unordered"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return self._options.of(rule).call.words

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        return call_prerequisites(self._options.of(rule).call)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        for call in options.call.calls(module):
            led = programs_led_to(project, module, call.node, partial(_ordered_use, module, call.node, options.kind))
            if led is not None:
                use, programs = led
                weak = rule.confidence if call.callee else Confidence.LOW
                yield Hit(
                    location=module.location(call.node),
                    message=f"{options.subject} is arbitrary, and it counts here: {use.how}.",
                    related=used_at(use, module.location(call.node).line, module),
                    severity=Severity.NOTE if use.confidence is Confidence.LOW else None,
                    confidence=min(use.confidence, weak, key=lambda level: _RANK[level]),
                    entry_points=programs,
                )


def _ordered_use(
    module: ModuleFacts, node: ast.expr, kind: Kind, ignored: frozenset[tuple[str, int]]
) -> OrderedUse | None:
    return ordered_use(module, node, kind, ignored=ignored)


def used_at(use: OrderedUse, line: int, module: ModuleFacts) -> tuple[Related, ...]:
    """The place where the order counts, unless it is the finding's own line."""
    location = use.module.location(use.node)
    if location.line == line and use.module is module:
        return ()
    return (Related(location=location, message=use.how),)


MATCHER = UnorderedMatcher(_read)
