"""What a rule asks of a call: who is called, with which arguments, where it stands.

Where the source does not tell, the answer is no: an argument hidden behind `**kwargs` is not absent, and a value that
cannot be read off the source equals nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, replace
from auditor.ruleset.table import Table
from auditor.static.evaluation.fieldsgiven import is_field_given
from auditor.static.evaluation.maybetrue import default_value, may_be_true
from auditor.static.evaluation.rounds import is_repeated
from auditor.static.evaluation.scalars import is_number
from auditor.static.evaluation.spread import bound_before, may_be_bound, spread
from auditor.static.evaluation.unset import is_differing, is_unset
from auditor.static.execution.handedon import as_called
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.resolution.constants import is_as_large, may_hold_for_none
from auditor.static.resolution.decorated import decorator_calls
from auditor.static.resolution.values import FunctionRef
from auditor.static.scanning.optionvalues import compiled, values
from auditor.static.syntax.elements import is_same
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.programwide.leftopen import Open


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What must hold for one argument; everything that is given must hold."""

    name: str
    position: int | None = None
    absent: bool | None = None
    """True: not passed (and not hidden behind `**kwargs`); False: passed."""

    equals: tuple[object, ...] = ()
    """Known to be one of these."""

    sometimes: bool = False
    """With `equals = true`: also where it is true in some calls, `shuffle=(split == "train")` (`maybetrue`)."""

    differs: tuple[object, ...] = ()
    """Known, and none of these."""

    plain: bool = False
    """With `differs`: an option counts as what it is where nobody gives it (`plainvalue`)."""

    given: bool = False
    """Passed, and not known to be None."""

    by_callers: bool = False
    """With `given`: nor a parameter that no call of its function gives, as `super().reset(seed=seed)` hands it on."""

    not_equals: tuple[object, ...] = ()
    """Not known to be one of these, nor where a call leaves it out; holds where it is not passed or not known."""

    known: bool = False
    """A value that can be read off the source."""

    none: bool = False
    """Not passed, or known to be None."""

    entropy: bool = False
    """A value that differs from run to run: time, process id, `hash()` of a string."""

    resolves: frozenset[str] = frozenset()
    """Names something (a function) that is one of these."""

    pattern: re.Pattern[str] | None = None
    """A known string in which this is found."""

    calls: frozenset[str] = frozenset()
    """Holds a call of one of these, at any depth; so does a name that stands for such an expression."""

    is_call: frozenset[str] = frozenset()
    """Is itself a call of one of these."""

    literal: frozenset[str] = frozenset()
    """Is written as one of these: `tuple`, `list`, `set`, `dict`."""

    text: re.Pattern[str] | None = None
    """Found in the source text; where a name stands for a dictionary, in that one's."""

    unread: bool = False
    """A value that cannot be read off the source, and is not known to be a plain number either."""

    below: str = ""
    """Not known to be as large as this other argument, as `batch_size=n` beside `num_envs=n` is."""

    below_position: int | None = None

    def can_hold(self, call: Call) -> bool:
        """Whether it may hold, as far as can be told without knowing any value."""
        if call.argument(self.name, self.position) is not None:
            return self.absent is not True
        return self.holds_when_left_out or call.opaque

    def holds(self, call: Call, module: ModuleFacts) -> bool:
        """Whether the call passes (or leaves out) the argument like this."""
        given = call.argument(self.name, self.position)
        if given is None and call.opaque:
            call = replace(call, node=spread(module, call.node))
            given = call.argument(self.name, self.position)
        if given is None:
            return self.holds_when_left_out and not call.opaque
        if self.absent is True:
            return False
        if self.entropy and not is_differing(given, module):
            return False
        if self.resolves and module.resolve(given) not in self.resolves:
            return False
        if self.calls and _call_within(module.origin(given), self.calls, module) is None:
            return False
        other = call.argument(self.below, self.below_position) if self.below else None
        if other is not None and is_as_large(module, given, other):
            return False
        return self._text_holds(given, module) and self._value_holds(given, module)

    def source(self, call: Call, module: ModuleFacts) -> ast.Call | None:
        """The call of one of `calls` that the argument's value comes from."""
        given = call.argument(self.name, self.position)
        if given is None and call.opaque:
            given = replace(call, node=spread(module, call.node)).argument(self.name, self.position)
        return _call_within(module.origin(given), self.calls, module) if given is not None else None

    def _text_holds(self, given: ast.expr, module: ModuleFacts) -> bool:
        if self.literal and type(given).__name__.lower() not in self.literal:
            return False
        if self.is_call and not (isinstance(given, ast.Call) and module.resolve(given.func) in self.is_call):
            return False
        if self.unread and (isinstance(module.constant(given), Known) or is_number(module, given)):
            return False
        if self.text is None:
            return True
        origin = module.origin(given)
        shown = origin if isinstance(origin, ast.Dict) or _makes_dictionary(origin) else given
        return self.text.search(" ".join(module.text(shown).split())) is not None

    @property
    def holds_when_left_out(self) -> bool:
        """Whether a call that does not pass it is as it has to be."""
        return self.absent is True or self.none or self._only_excludes

    @property
    def _only_excludes(self) -> bool:
        return bool(self.not_equals) and self == Argument(
            name=self.name, position=self.position, not_equals=self.not_equals
        )

    @property
    def only_none(self) -> bool:
        """Whether it asks for nothing but that the argument is None or left out."""
        return self.none and self == Argument(name=self.name, position=self.position, none=True)

    def _value_holds(self, given: ast.expr, module: ModuleFacts) -> bool:
        value = module.constant(given)
        if self.not_equals:
            usual = value if isinstance(value, Known) else default_value(module, given)
            if isinstance(usual, Known) and any(is_same(usual.value, each) for each in self.not_equals):
                return False
        if self.given and isinstance(value, Known) and value.value is None:
            return False
        if self.by_callers and is_unset(given, module):
            return False
        if not (self.equals or self.differs or self.none or self.pattern or self.known):
            return True
        if self.plain and not isinstance(value, Known):
            from auditor.static.evaluation.plainvalue import plain_argument  # which few files need

            value = plain_argument(module, given)
        if not isinstance(value, Known):
            if True in self.equals and (
                may_be_true(module, given) if self.sometimes else may_hold_for_none(module, given)
            ):
                return True
            return self.only_none and is_unset(given, module)
        if self.none and (value.value is not None or is_field_given(given, module)):
            return False
        if self.equals and not any(is_same(value.value, wanted) for wanted in self.equals):
            return False
        if any(is_same(value.value, unwanted) for unwanted in self.differs):
            return False
        if self.pattern is not None:
            return isinstance(value.value, str) and self.pattern.search(value.value) is not None
        return True


@dataclass(frozen=True, kw_only=True)
class CallCondition:
    """Calls of certain functions or methods with certain arguments."""

    callees: frozenset[str]
    prefixes: tuple[str, ...]
    """From `package.module.*`: every name directly in there."""

    methods: frozenset[str]
    """Names of methods, on an object of unknown type or of a type from the packages of `callees`."""

    arguments: tuple[Argument, ...] = ()
    any_argument: bool = False
    """One of the arguments' conditions is enough."""

    in_loop: bool | None = None
    inside: frozenset[str] = frozenset()
    """Names of the enclosing or decorated function of which one must hold."""

    loop_over: frozenset[str] = frozenset()
    """Names of which one must be what an enclosing loop of the same function counts."""

    at_module_level: bool = False
    receiver: frozenset[str] = frozenset()
    """Last names of what the method is called on, one must hold: `action_space` in `env.action_space.sample()`."""

    no_receiver: frozenset[str] = frozenset()
    """Last names of which none may be what the method is called on."""

    decorators: bool = False
    """Plain decorators count as calls without arguments, too: `@jax.jit`."""

    given_words: frozenset[str] = frozenset()
    """Instead of the last parts of the names, where these are words of everyday code: `dict`, `map`."""

    @cached_property
    def words(self) -> frozenset[str]:
        """Words of which one stands in every file that holds such a call: the last parts of the names."""
        if self.given_words:
            return self.given_words
        if self.prefixes:
            return frozenset(prefix.rstrip(".").rpartition(".")[2] for prefix in self.prefixes) | self._last_parts
        return self._last_parts

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.callees)

    @property
    def _last_parts(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[2] for name in self.callees) | self.methods

    def calls(self, module: ModuleFacts, further: Sequence[Call] = ()) -> Iterator[Call]:
        """Yield the calls in a file for which everything holds, in source order.

        `further`: calls of what is meant that the text alone does not tell; they come last.
        """
        for call in self._candidates(module, further):
            if self._passes(bound_before(call, module), module) or self._passes_for_callers(call, module):
                yield call
        if self.decorators:
            for call in decorator_calls(module, self.callees):
                if self._passes(call, module):
                    yield call

    def left_open(
        self, module: ModuleFacts, known: Sequence[Call], further: Sequence[Call] = ()
    ) -> Mapping[Call, Open]:
        """What programs leave open: those for which everything holds in these only, besides the calls that are known.

        Of those that are known some may be so in a part of the programs, too.
        """
        if self.any_argument or not any(argument.only_none for argument in self.arguments):
            return {}
        from auditor.static.programwide.leftopen import fields_left_open, opened  # which few files need

        nodes = {call.node for call in known}
        found = {call: fields_left_open(self.arguments, call, module) for call in known}
        others = (call for call in self._candidates(module, further) if call.node not in nodes)
        found.update((call, opened(self.arguments, call, module)) for call in others)
        return {call: programs for call, programs in found.items() if programs}

    def _candidates(self, module: ModuleFacts, further: Sequence[Call]) -> Iterator[Call]:
        """The calls of what is meant, where that stands as it has to, whatever its arguments are."""

        def fits(call: Call) -> bool:
            if not self._stands(call, module):
                return False
            return self._are_given(call) or (call.method not in self.words and may_be_bound(module))

        for call in module.call_index.candidates(self.callees, self.prefixes, self.methods, fits):
            if self._is_called(call, module):
                yield call
        yield from filter(fits, further)

    def source(self, call: Call, module: ModuleFacts) -> ast.Call | None:
        """Where an argument's value comes from that must come from one of some calls; the first such argument's."""
        found = (each.source(call, module) for each in self.arguments if each.calls)
        return next((each for each in found if each is not None), None)

    def _is_called(self, call: Call, module: ModuleFacts) -> bool:
        """Whether a candidate is meant: a method of something known counts only for the listed packages.

        A method of the project counts where it stands in for a listed one: `reset` of a `gymnasium.Wrapper`.
        """
        if call.callee is None or call.callee in self.callees:
            return True
        if any(call.callee.startswith(prefix) for prefix in self.prefixes):
            return True
        if call.callee.startswith("."):
            return call.method in self.methods and self._stands_in(call, module)
        return call.callee.partition(".")[0] in self._packages

    def _stands_in(self, call: Call, module: ModuleFacts) -> bool:
        method = module.names.value(call.node.func)
        owner = method.owner if isinstance(method, FunctionRef) else None
        bases = owner.module.base_classes(owner.node) if owner is not None else ()
        return any(f"{base}.{call.method}" in self.callees for base in bases)

    def _stands(self, call: Call, module: ModuleFacts) -> bool:
        if self.in_loop is not None and call.in_loop is not self.in_loop:
            return False
        if self.at_module_level and call.function is not None:
            return False
        receiver = getattr(call.receiver, "attr", getattr(call.receiver, "id", None))
        if (self.receiver and receiver not in self.receiver) or receiver in self.no_receiver:
            return False
        if self.loop_over and not is_repeated(call.node, self.loop_over, module):
            return False
        if not self.inside or getattr(call.function, "name", "") in self.inside:
            return True
        decorated = module.parent(call.node)
        return (
            isinstance(decorated, ast.FunctionDef)
            and decorated.name in self.inside
            and call.node in decorated.decorator_list
        )

    def _are_given(self, call: Call) -> bool:
        """Whether the arguments can be as they have to be, from which ones are there."""
        results = (argument.can_hold(call) for argument in self.arguments)
        return any(results) if self.any_argument and self.arguments else all(results)

    def _passes_for_callers(self, call: Call, module: ModuleFacts) -> bool:
        """Whether the arguments are so with what callers give a function that hands it on: `DataLoader(data, **kw)`.

        All of them have to, but for what counts where any call does so.
        """
        results = [self._passes(each, module) for each in as_called(call, module)]
        return any(results) if any(each.sometimes for each in self.arguments) else bool(results) and all(results)

    def _passes(self, call: Call, module: ModuleFacts) -> bool:
        if not self.arguments:
            return True
        results = (argument.holds(call, module) for argument in self.arguments)
        return any(results) if self.any_argument else all(results)


def read_call_condition(table: Table) -> CallCondition:
    """Read who is called, how and where; other keys are left to the caller."""
    names = table.strings("callee")
    methods = table.strings("methods")
    if not names and not methods:
        raise table.complain("callee", "missing; expected an array of strings (or `methods`)")
    return CallCondition(
        callees=frozenset(name for name in names if not name.endswith(".*")),
        prefixes=tuple(name.removesuffix("*") for name in names if name.endswith(".*")),
        methods=frozenset(methods),
        arguments=tuple(read_arguments(table)),
        any_argument=table.boolean("any_argument", False),
        in_loop=table.boolean("in_loop", False) if "in_loop" in table else None,
        inside=frozenset(table.strings("inside")),
        at_module_level=table.boolean("at_module_level", False),
        loop_over=frozenset(table.strings("loop_over")),
        receiver=frozenset(table.strings("receiver")),
        no_receiver=frozenset(table.strings("no_receiver")),
        decorators=table.boolean("decorators", False),
        given_words=frozenset(table.strings("words")),
    )


def read_arguments(table: Table) -> Iterator[Argument]:
    """Read the tables of `arguments`."""
    arguments = table.table("arguments")
    if arguments is None:
        return
    for name in arguments.keys():  # noqa: SIM118
        if not isinstance(arguments.value(name), Mapping):
            from auditor.ruleset.table import describe

            found = describe(arguments.value(name))
            raise arguments.complain(name, f"expected a table with `equals` or `absent`, found {found}")
        yield _read_argument(arguments.required_table(name), name)
    arguments.finish()


def _read_argument(entry: Table, name: str) -> Argument:
    argument = Argument(
        name=name,
        position=entry.position("position"),
        absent=entry.boolean("absent", True) if "absent" in entry else None,
        equals=values(entry, "equals"),
        sometimes=entry.boolean("sometimes", False),
        differs=values(entry, "differs"),
        plain=entry.boolean("plain", False),
        not_equals=values(entry, "not_equals"),
        known=entry.boolean("known", False),
        given=entry.boolean("given", False),
        by_callers=entry.boolean("by_callers", False),
        none=entry.boolean("none", False),
        entropy=entry.boolean("entropy", False),
        resolves=frozenset(entry.strings("resolves")),
        calls=frozenset(entry.strings("calls")),
        is_call=frozenset(entry.strings("is_call")),
        literal=frozenset(entry.strings("literal")),
        unread=entry.boolean("unread", False),
        below=entry.string("below") if "below" in entry else "",
        below_position=entry.position("below_position"),
        text=compiled(entry, "text"),
        pattern=compiled(entry, "pattern"),
    )
    entry.finish()
    if argument == Argument(name=name, position=argument.position):
        raise entry.complain(
            "", "expected a condition: `absent`, `given`, `equals`, `differs`, `none`, `entropy`, `pattern`, …"
        )
    return argument


def _makes_dictionary(node: ast.expr) -> bool:
    """`dict(device="cuda")`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"


def _call_within(node: ast.expr, names: frozenset[str], module: ModuleFacts) -> ast.Call | None:
    """The first call of one of these in an expression."""
    inner = {id(each) for each in walk(node) if isinstance(each, ast.Call)}
    return next((call.node for call in module.calls_to(names) if id(call.node) in inner), None)
