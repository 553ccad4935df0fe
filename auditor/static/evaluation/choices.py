"""What may happen at a place, of which it is not known what does, and what happens only later."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from auditor.model.annotations import TYPE_CHECKING, TypeVar
from auditor.model.lean import replace
from auditor.static.evaluation.rngstate import State, join
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts

Choice = TypeVar("Choice")

MAX_FOUND = 60
"""Things among which those are that are followed; one more tells that there are others."""


class Choices:
    """The states that a program may be in after one of several things."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger

    def one_of(self, choices: Iterable[Choice], *, is_taken: bool = False) -> Iterator[Choice]:
        """Each of what may happen, from the state before; what holds after any of them holds afterwards.

        `is_taken`: they come out of a table: a configuration names one, perhaps none of these.
        """
        before = self._ledger.state
        states: list[tuple[State, str | None]] = []
        self._ledger.taken += is_taken
        for choice in choices:
            self._walk.set_state(before)
            yield choice
            states.append((self._ledger.state, None))
        self._ledger.taken -= is_taken
        joined = join(states)
        self._walk.set_state(joined if joined is not None else before)

    def some_of(self, found: Sequence[Choice], most: int, node: ast.expr, module: ModuleFacts) -> Sequence[Choice]:
        """As many of several things as are followed, those first that can lead to a draw or a seed."""
        if len(found) <= most:
            return found
        leading = [each for each in found if self._may_lead(each)]
        if len(leading) > most or len(found) > MAX_FOUND:
            self._ledger.more = self._ledger.more or module.location(node)
        return (leading or [*found])[:most]

    def _may_lead(self, choice: object) -> bool:
        """Whether a function, a class or an object of one can lead to a draw or a seed; of all else it may be so."""
        defined = choice.of if isinstance(choice, Instance) else choice
        return not isinstance(defined, FunctionRef | ClassRef) or self._walk.relevance.is_relevant(defined.node)

    @contextmanager
    def later(self) -> Iterator[None]:
        """`executor.submit(Trainer(args))`: what it seeds itself when it is called is not drawn unseeded."""
        ledger = self._ledger
        before, ledger.seeded_later = ledger.seeded_later, set()
        pending = ledger.state.pending
        ledger.deferring += 1
        yield
        ledger.deferring -= 1
        left = {each for each in ledger.state.pending - pending if not ledger.is_seeded_later(each)}
        self._walk.set_state(replace(ledger.state, pending=pending | left))
        ledger.seeded_later |= before
