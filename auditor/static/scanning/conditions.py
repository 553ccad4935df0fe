"""What a rule asks of a call: who is called, with which arguments (`arguments`), where it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.ruleset.table import Table
from auditor.static.evaluation.rounds import is_repeated
from auditor.static.evaluation.spread import bound_before, may_be_bound
from auditor.static.execution.handedon import as_called
from auditor.static.facts import Call, ModuleFacts
from auditor.static.resolution.decorated import decorator_calls
from auditor.static.resolution.values import FunctionRef
from auditor.static.scanning.arguments import Argument, read_arguments

if TYPE_CHECKING:
    from auditor.static.programwide.leftopen import Open


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
