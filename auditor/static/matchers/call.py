"""Calls of listed functions with listed arguments, inside programs that do or do not do certain things."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from auditor.model.finding import Related
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Confidence, Rule
from auditor.ruleset.table import Table
from auditor.static.evaluation.standin import is_never_needed, is_offered
from auditor.static.execution.followed import methods_after, taken_by
from auditor.static.execution.incidental import is_for_names
from auditor.static.execution.loaderitems import may_draw
from auditor.static.execution.storedafter import stored_after
from auditor.static.facts import Call, ModuleFacts
from auditor.static.matcher import Hit, Scope
from auditor.static.programwide.gradient import Gradient, gradient_at
from auditor.static.programwide.leftopen import leaving_open, needing
from auditor.static.programwide.neverread import is_never_read
from auditor.static.programwide.placeholder import is_replaced
from auditor.static.programwide.throwaway import is_only_converted
from auditor.static.programwide.unseeded import on_handed_objects, unseeded_programs, worded
from auditor.static.programwide.withoutgradient import is_without_gradient
from auditor.static.project import Project
from auditor.static.resolution.callers import calls_named
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.ordering import SORTERS
from auditor.static.resolution.values import FunctionRef
from auditor.static.scanning.callprerequisites import call_prerequisites
from auditor.static.scanning.conditions import CallCondition, read_call_condition
from auditor.static.scanning.madefor import is_made_for
from auditor.static.scanning.prerequisites import Prerequisite
from auditor.static.scanning.program import ProgramCondition, read_program_condition
from auditor.static.scanning.ruleoptions import WithOptions
from auditor.static.scanning.tiedindex import takes_tied_index
from auditor.static.syntax.nodes import walk
from auditor.static.unordered.tablerows import comes_to_the_same

MAX_METHODS = 200
"""Methods of what goes by one name that are looked at; of more, one is taken for what was sought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    call: CallCondition
    program: ProgramCondition
    unseeded: str | None
    """Only where this library is not seeded properly, because the call falls back to it."""

    deferred: bool
    """What the call returns draws later, so a seed that follows the call is in time."""

    gradient: bool
    """True only of backward passes: silent under `no_grad`, less sure outside of torch modules."""

    gradient_of: str | None
    """The first argument, by its name: silent where that needs no gradient (`withoutgradient`)."""

    tied_index: bool
    """True only of the index of one of equal values: silent where it is not used, or nothing is equal (`tiedindex`)."""

    outermost: bool
    """Silent about a call that is made for another call which the rule is about (`madefor`)."""

    followed_by: frozenset[str]
    """Only where one of these methods of what the call makes is called later on: `model.learn()`."""

    unless_followed_by: frozenset[str]
    """Methods of the object that the call makes, or functions it is given to, which undo the fault: `rng.seed(n)`."""

    unless_stored: frozenset[str]
    """Attributes of the object that the call makes which undo the fault where they are stored before it is used."""

    unless_rows_alike: bool
    """Silent where all that is done with the rows that the call makes is the same in any order (`tablerows`)."""

    unless_under: frozenset[str]
    """Attributes or names that an enclosing condition may test so that the call is right: `training`."""

    unless_for_names: bool
    """Silent about generators that only name runs, folders and the like (`incidental`)."""

    unless_never_needed: bool
    """Silent about what stands in for an argument that every call gives (`standin`)."""

    more_than_asking: frozenset[str]
    """Attributes that do more with the object that the call makes than ask it something; silent where any other is all
    that is taken off it: `gym.make(name).observation_space`."""

    run: bool
    """Silent where what the call makes is only taken apart or saved, in place of being called (`throwaway`)."""

    items_from: str | None
    """Only of loaders whose data set may call functions whose names begin so, when asked for items (`loaderitems`)."""

    method_confidence: Confidence | None
    """Confidence where only the method's name was recognised; None means the rule's."""

    at_source: bool
    """The finding stands at the call that an argument's value comes from (`calls`), once for all that use it."""

    message: str | None
    """Instead of the rule's title; `{callee}` is what is called."""


def read_call(table: Table) -> _Options:
    """Read the options of `call`, which are those of `first-call` too."""
    levels = tuple(level.value for level in Confidence)
    return _Options(
        call=read_call_condition(table),
        program=read_program_condition(table),
        unseeded=table.string("unseeded") if "unseeded" in table else None,
        deferred=table.boolean("deferred", False),
        gradient=table.boolean("gradient", False),
        gradient_of=table.string("gradient_of") if "gradient_of" in table else None,
        tied_index=table.boolean("tied_index", False),
        outermost=table.boolean("outermost", False),
        followed_by=frozenset(table.strings("followed_by")),
        unless_followed_by=frozenset(table.strings("unless_followed_by")),
        unless_stored=frozenset(table.strings("unless_stored")),
        unless_rows_alike=table.boolean("unless_rows_alike", False),
        unless_under=frozenset(table.strings("unless_under")),
        unless_for_names=table.boolean("unless_for_names", False),
        unless_never_needed=table.boolean("unless_never_needed", False),
        more_than_asking=frozenset(table.strings("more_than_asking")),
        run=table.boolean("run", False),
        items_from=table.string("items_from") if "items_from" in table else None,
        method_confidence=Confidence(table.choice("method_confidence", levels))
        if "method_confidence" in table
        else None,
        at_source=table.boolean("at_source", False),
        message=table.string("message") if "message" in table else None,
    )


class CallMatcher(WithOptions[_Options]):
    """`kind = "call"`."""

    kind = "call"
    scope: Scope = "module"

    def literals(self, rule: Rule) -> frozenset[str] | None:
        return self._options.of(rule).call.words

    def prerequisites(self, rule: Rule, *, in_program: bool = False) -> tuple[Prerequisite, ...]:
        options = self._options.of(rule)
        unseeded = (options.unseeded,) if options.unseeded else ()
        return call_prerequisites(options.call, unseeded=unseeded, in_program=in_program)

    def find(self, rule: Rule, module: ModuleFacts, project: Project) -> Iterable[Hit]:
        options = self._options.of(rule)
        handed = on_handed_objects(options.call.callees, module, project) if options.unseeded else []
        calls = list(options.call.calls(module, handed))
        opened = options.call.left_open(module, calls, handed)
        calls += [call for call in opened if call not in calls]
        entry_points = options.program.entry_points(module, project) if calls else ()
        if entry_points == ():
            return
        weak = options.program.weakens(module, project)
        others = {call.node for call in calls} if options.outermost else set()
        told: set[Location] = set()
        others_made: _Made = {}
        for call in calls:
            if others and is_made_for(module, call.node, others):
                continue
            reached = entry_points
            if options.unseeded:
                reached = unseeded_programs(call, module, project, options.unseeded, deferred=options.deferred)
            open_in = opened.get(call) or (needing(call.node, module) if options.unless_never_needed else {})
            if open_in:
                reached = tuple(path for path in open_in if reached is None or path in reached)
            gradient = gradient_at(module, call.node) if options.gradient else Gradient.LIKELY
            if reached == () or gradient is Gradient.NONE:
                continue
            if options.gradient_of and is_without_gradient(module, call.argument(options.gradient_of, 0)):
                continue
            if options.deferred and is_never_read(module, call.node):
                continue
            if options.items_from and not _draws_items(module, call, options.items_from):
                continue
            if options.more_than_asking and _is_only_asked(module, call.node, options.more_than_asking):
                continue
            if options.followed_by and not _goes_on(module, call, options.followed_by):
                continue
            if options.run and is_only_converted(module, call.node):
                continue
            if options.tied_index and not takes_tied_index(module, call):
                continue
            if options.unless_stored and _is_given(module, stored_after(module, call.node, options.unless_stored)):
                continue
            if _undone(module, call, options.unless_followed_by) or _is_under(module, call, options.unless_under):
                continue
            if options.unless_rows_alike and comes_to_the_same(module, call.node):
                continue
            if options.unless_for_names and is_for_names(module, call.node):
                continue
            if options.unless_never_needed and (is_never_needed(module, call.node) or is_replaced(module, call.node)):
                continue
            confidence = options.method_confidence if call.callee is None else None
            unsure = (
                gradient is Gradient.UNKNOWN
                or (options.unless_followed_by and _is_replaced(module, call, others_made))
                or (options.unless_never_needed and is_offered(module, call.node))
            )
            source = options.call.source(call, module) if options.at_source else None
            location = module.location(source or call.node)
            if source is not None and location in told:
                continue
            told.add(location)
            yield Hit(
                location=location,
                message=_message(call, options) if not options.unseeded else self._worded(rule, call, reached, project),
                confidence=Confidence.LOW if unsure else weak or confidence,
                related=(*_beside(module, call, location), *leaving_open(open_in, reached or ())),
                entry_points=reached,
            )

    def _worded(self, rule: Rule, call: Call, programs: Iterable[str] | None, project: Project) -> str:
        options = self._options.of(rule)
        return worded(_message(call, options) or rule.title, programs or (), project, options.unseeded or "")


def _draws_items(module: ModuleFacts, call: Call, prefix: str) -> bool:
    dataset = call.argument("dataset", 0)
    return dataset is None or may_draw(module, dataset, prefix)


def _message(call: Call, options: _Options) -> str | None:
    if options.message is None:
        return None
    return options.message.replace("{callee}", call.callee or call.method or "this")


def _beside(module: ModuleFacts, call: Call, told: Location) -> tuple[Related, ...]:
    """The call itself, where the finding stands on another line."""
    location = module.location(call.node)
    if location.cell == told.cell and location.line <= told.line <= (location.end_line or location.line):
        return ()
    return (Related(location=location, message="used here"),)


def _goes_on(module: ModuleFacts, call: Call, methods: frozenset[str]) -> bool:
    """Whether one of the methods is called after the call, or before it in a loop around both."""
    loops = {each for each in module.around(call.node) if isinstance(each, ast.For | ast.While)}
    for number, (method, node) in enumerate(methods_after(call, module)):
        if number >= MAX_METHODS:
            return True
        if method not in methods or node is None:
            continue
        is_below = (node.lineno, node.col_offset) >= (call.node.lineno, call.node.col_offset)
        if is_below or not loops.isdisjoint(module.around(node)):
            return True
    return False


def _undone(module: ModuleFacts, call: Call, methods: frozenset[str]) -> bool:
    if not methods:
        return False
    taker = taken_by(call, module)
    sorts = taker in SORTERS and "sort" in methods
    if sorts or taker in methods:
        return True
    after = (node for method, node in methods_after(call, module) if method in methods)
    return any(node is None or not _is_left_undone(module, call, node) for node in after)


def _is_given(module: ModuleFacts, stored: Sequence[ast.expr]) -> bool:
    """Whether something was stored, and nothing that is None, as far as is known."""
    return bool(stored) and all(module.seed_value(each) is not SeedValue.NONE for each in stored)


def _is_only_asked(module: ModuleFacts, made: ast.Call, doing: frozenset[str]) -> bool:
    """Whether an attribute is taken off an object that then is dropped, and none of those that do something with it."""
    taken = module.parent(made)
    return isinstance(taken, ast.Attribute) and taken.value is made and taken.attr not in doing


def _is_left_undone(module: ModuleFacts, call: Call, later: ast.Call) -> bool:
    """Whether another method of the class calls the later one, `self.rng.seed(seed)`, and no program calls that.

    A class that extends something is called from there, and one that no program reaches by whoever imports it.
    """
    function = module.enclosing_function(later)
    holder = module.parent(function) if function is not None else None
    if function is call.function or not isinstance(function, ast.FunctionDef) or not isinstance(holder, ast.ClassDef):
        return False
    if holder.bases or holder.keywords or function.decorator_list or function.name.startswith("__"):
        return False
    if not module.project.programs.reaching(module.path):
        return False
    for caller, each in calls_named(module, function.name):
        callee = caller.names.value(each.func)
        hands_on = getattr(caller.enclosing_function(each), "name", "") == function.name
        if not hands_on and not (isinstance(callee, FunctionRef) and callee.node is not function):
            return False
    return True


def _is_under(module: ModuleFacts, call: Call, names: frozenset[str]) -> bool:
    """Whether an enclosing condition in the same function mentions one of the names."""
    current: ast.AST | None = call.node if names else None
    while current is not None and current is not call.function:
        if isinstance(current, ast.If | ast.IfExp | ast.While):
            for each in walk(current.test):
                if getattr(each, "attr", getattr(each, "id", None)) in names:
                    return True
        current = module.parent(current)
    return False


_Made = dict[str, dict[str, list[ast.Call]]]
"""Of functions that were asked for: names as written, with the calls that make something for them from arguments."""


def _is_replaced(module: ModuleFacts, call: Call, made: _Made) -> bool:
    """Whether the name gets another such object elsewhere in the file: this one may be a placeholder."""
    statement = module.parent(call.node)
    if not isinstance(statement, ast.Assign):
        return False
    callee = call.callee or ""
    named = made.get(callee)
    if named is None:
        named = made[callee] = {}
        for each in module.calls_to({callee}):
            other = module.parent(each.node)
            for target in other.targets if each.node.args and isinstance(other, ast.Assign) else ():
                named.setdefault(ast.unparse(target), []).append(each.node)
    names = [ast.unparse(target) for target in statement.targets]
    return any(node is not call.node for name in names for node in named.get(name, ()))


MATCHER = CallMatcher(read_call)
