"""Sets whose order reaches something that depends on it.

A matcher cannot say it: a set is known by what it is made of, not by the name of a call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import partial

from auditor.model.finding import Related
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule, Severity
from auditor.ruleset.table import Table
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.project import Project
from auditor.static.scanning.prerequisites import Prerequisite, naming
from auditor.static.scanning.programsled import programs_led_to
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.syntax.nodeindex import nodes_of
from auditor.static.syntax.places import in_words
from auditor.static.text.braces import SET_IN_BRACES
from auditor.static.unordered.heldelements import elements_held
from auditor.static.unordered.heldsets import factories
from auditor.static.unordered.order import ordered_use
from auditor.static.unordered.ordertrail import NUMBERED, PICKED, Kind, OrderedUse
from auditor.static.unordered.sets import Elements, comes_out_of_array, elements

_CALLED = frozenset({"set("})
_FACTORIES = frozenset({"defaultdict(set", "default_factory=set", "defaultdict(frozenset", "default_factory=frozenset"})
_OPERATORS = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.Sub: "-"}
_KEYS = frozenset(f".keys() {operator}" for operator in _OPERATORS.values())
_BRACES = frozenset({SET_IN_BRACES})
_MAKERS = frozenset({"set", "frozenset"})
"""A set is made by a call or written in braces."""

_KNOWN = {Elements.TEXT: " (strings are hashed with a random salt)", Elements.UNKNOWN: ", unless it holds numbers"}
"""What a message says of what a set holds."""

_OFTEN_OF_NUMBERS = frozenset({NUMBERED, PICKED})
_MOSTLY_OF_NUMBERS = frozenset(f"`{name}` uses them in order" for name in ("array", "asarray", "sample", "tensor"))
"""Uses of sets of which nothing tells what they hold. In 47 public projects 26 of 96 of these were of texts or objects,
3 of the 28 that an array is made of or that are drawn from; of other uses 37 of 45 were."""


def _read(table: Table) -> None:
    """No options."""


class SetOrderDetector(WithOptions[None]):
    """`kind = "set-order"`."""

    kind = "set-order"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return _CALLED | _BRACES | _KEYS | _FACTORIES

    def prerequisites(self, rule: Rule) -> tuple[Prerequisite, ...]:
        written = (Prerequisite(literals=(texts,)) for texts in (_BRACES, _KEYS, _FACTORIES))
        return naming(_MAKERS, _CALLED, called=True), *written

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        found: dict[tuple[str, int | None, int], Hit] = {}
        for node in _sources(module):
            if elements(module, node, callers=False) is Elements.STABLE:
                continue
            # Of text no less counts than of anything else.
            if ordered_use(module, node, Kind.SET, is_text=True) is None:
                continue
            # Asked last: all that the programs reach is searched for who calls the function around it.
            held = elements(module, node)
            held = elements_held(module, node) if held is Elements.UNKNOWN else held
            ask = partial(_ordered_use, module, node, held is Elements.TEXT)
            led = None if held is Elements.STABLE else programs_led_to(project, module, node, ask)
            if led is None:
                continue
            use, programs = led
            counts = use.module.location(use.node)
            fixed = use.fixed_at
            location = counts if fixed is None else fixed.module.location(fixed.node)
            line = location.path, location.cell, location.line
            if (before := found.get(line)) is not None:
                found[line] = replace(before, entry_points=_joined(before.entry_points, programs))
                continue
            where = "here" if _on_one_line(counts, location) else f"at {in_words(counts)}"
            found[line] = Hit(
                location=location,
                message=f"A set has another order in each run{_KNOWN[held]}, and it counts {where}: {use.how}.",
                related=tuple(_related(location, module.location(node), counts, use.how)),
                severity=Severity.NOTE
                if held is Elements.UNKNOWN and _is_mostly_of_numbers(module, node, use)
                else None,
                confidence=use.confidence if held is Elements.TEXT else _of_unknown(module, node, use),
                entry_points=programs,
            )
        return found.values()


def _joined(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The programs of either; None stands for all."""
    return None if one is None or other is None else tuple(sorted({*one, *other}))


def _ordered_use(
    module: ModuleFacts, node: ast.expr, is_text: bool, ignored: frozenset[tuple[str, int]]
) -> OrderedUse | None:
    return ordered_use(module, node, Kind.SET, is_text=is_text, ignored=ignored)


def _sources(module: ModuleFacts) -> Iterator[ast.expr]:
    """The expressions that make a set, in source order; what operators make of them is followed from there."""
    found: list[ast.expr] = [*nodes_of(module, ast.Set), *nodes_of(module, ast.SetComp)]
    found += [call.node for call in module.calls_to(_MAKERS)]
    found += [*_of_keys(module), *factories(module)]
    return iter(sorted(found, key=lambda node: (node.lineno, node.col_offset)))


def _of_keys(module: ModuleFacts) -> Iterator[ast.expr]:
    """`one.keys() - other.keys()`, which is a set."""
    for call in module.call_index.candidates((), (), frozenset({"keys"})):
        above = module.parent(call.node)
        if isinstance(above, ast.BinOp) and above.left is call.node and type(above.op) in _OPERATORS:
            yield above


def _related(location: Location, made: Location, counts: Location, how: str) -> Iterator[Related]:
    """The other ends of the way from the set to the use of its order."""
    if not _on_one_line(made, location):
        yield Related(location=made, message="the set is made here")
    if not _on_one_line(counts, location):
        yield Related(location=counts, message=how)


def _on_one_line(one: Location, other: Location) -> bool:
    return (one.path, one.cell, one.line) == (other.path, other.cell, other.line)


def _is_mostly_of_numbers(module: ModuleFacts, node: ast.expr, use: OrderedUse) -> bool:
    """Whether sets of this kind hold numbers nearly always, though nothing tells that this one does."""
    is_of_array = isinstance(node, ast.Call) and bool(node.args) and comes_out_of_array(module, node.args[0])
    return is_of_array or use.how in _MOSTLY_OF_NUMBERS


def _of_unknown(module: ModuleFacts, node: ast.expr, use: OrderedUse) -> Confidence:
    """How sure it is that an order changes where nothing tells what the set holds."""
    if use.how in _OFTEN_OF_NUMBERS or _is_mostly_of_numbers(module, node, use):
        return Confidence.LOW
    return Confidence.MEDIUM if use.confidence is Confidence.HIGH else use.confidence


DETECTOR = SetOrderDetector(_read)
