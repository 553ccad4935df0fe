"""Entering the project's own functions: in which circumstances, and what they did in the same ones before."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.evaluation.rngstate import Rank, State, joined_draws
from auditor.static.evaluation.switches import Switches
from auditor.static.execution.callframes import CallFrames
from auditor.static.execution.ownmethods import set_there, take_over
from auditor.static.execution.passedby import PassedBy, names_of
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.indirect import is_configured
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.resolution.wrappers import wrappers_of
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts

MAX_CALLS = 1500
"""Functions entered for one program, nearly twice what the largest training programs that we know need.

What comes after is not followed, and the verdicts say so.
"""

MAX_STEPS = 100_000
"""Statements executed for one program before no further function is entered."""

MAX_AGAIN = 2
"""Times that a function is followed once more inside itself, where a call settles other things."""

MAX_DEPTH = 30
"""Calls inside calls."""

_TOO_LONG = f"it does more than {MAX_CALLS:,} functions or {MAX_STEPS:,} statements say; nothing is known of the rest"
_TOO_DEEP = f"calls inside more than {MAX_DEPTH} others are left out"


@dataclass(frozen=True, slots=True)
class Effect:
    """What following a function did to the state that it was entered with."""

    state: State
    result: Seen
    seeded: tuple[tuple[str, Rank], ...]
    """Libraries that it seeded, and with what."""

    seeded_later: frozenset[str]
    """Libraries that it seeds when it is called later than it was followed."""

    left: frozenset[str]
    """Libraries whose unseeded state it puts back when it is left, being a context."""

    unseeded: frozenset[int]
    """Draws that are reached in it while unseeded."""

    is_blamed: bool
    """It does something else in a process that was started anew (`Ledger.is_blamed`)."""

    handed_back: Mapping[str, Seen]
    """What dictionaries and namespaces that it was given hold afterwards, by the names of its parameters.

    Of a method also what its object has then (`set_there`).
    """


class Functions:
    """The functions that one program enters."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger
        self._effects: dict[object, Effect] = {}
        self._active: list[object] = []
        self._settling: list[set[tuple[str, Seen | None]]] = []
        """For each of these what its call settles."""

        self._wrapping: dict[Function, tuple[ast.Call | None, Frame]] = {}
        self.handed_back: tuple[ast.Call | None, Mapping[str, Seen]] = None, {}
        """The call that was followed last, and what its function made of dictionaries that it was given."""

        self._entered = 0
        self._followed: set[Function] = set()
        """What was entered, but for arms that this program never takes."""

        self._made: set[ast.Call] = set()
        """Calls that made objects of the project, with the same exception."""

        self._switches = Switches(walk.relevance.mentions, walk.within)
        self.frames = CallFrames(walk, self._switches)
        self._passed = PassedBy(walk)

    def make(self, cls: ClassRef, node: ast.Call | None) -> None:
        """An object of the project is made, by this call where there is one."""
        self._switches.is_made(cls, node)
        if node is not None and not self._ledger.muted:
            self._made.add(node)

    def may_be_made(self, made: Instance) -> bool:
        """Whether an object of the project is made in this program: not by an arm that it does not take."""
        if not isinstance(made.of, ClassRef) or made.made_by is None or made.module is None:
            return isinstance(made.of, ClassRef)
        holder = made.module.enclosing_function(made.made_by)
        return holder not in self._followed or made.made_by in self._made

    def enter(
        self,
        ref: FunctionRef,
        node: ast.Call | None,
        frame: Frame,
        *,
        at: ast.expr | None = None,
        defaults: bool = True,
        made: Instance | None = None,
    ) -> Seen:
        """Follow a function of the project; gives what it returns.

        `node` is the call, None where something else calls it; `defaults`: parameters that are not given have their
        defaults, otherwise nothing is known of them; `made`: the object of which it is a method, where that is known.
        """
        wrappers = wrappers_of(ref, self._called_in_module) if ref.node not in self._wrapping else []
        if not wrappers:
            return self._enter_plain(ref, node, frame, at, defaults=defaults, made=made)
        self._wrapping[ref.node] = (node, frame)
        try:
            result = GIVEN
            for number, (wrapper, inside) in enumerate(wrappers):
                if number == 0:
                    self._give(ref, wrapper, node, frame, inside, defaults=defaults)
                result, _ = self._follow(wrapper, inside, frame, at if at is not None else node)
            return result
        finally:
            del self._wrapping[ref.node]

    def _give(
        self,
        ref: FunctionRef,
        wrapper: FunctionRef,
        node: ast.Call | None,
        frame: Frame,
        inside: Frame,
        *,
        defaults: bool,
    ) -> None:
        """A call of a decorated function gives its arguments to what the outermost decorator made of that."""
        outermost = FunctionRef(wrapper.module, wrapper.node, ref.owner, ref.bound)
        called = self.frames.frame_of(outermost, node, frame, defaults=defaults and not is_configured(ref))
        for name in wrapper.module.written.signature(wrapper.node).names & called.values.keys():
            inside.values[name] = called.values[name]
        inside.settled |= called.settled & called.values.keys()

    def _called_in_module(self, ref: FunctionRef, node: ast.Call | None, module: ModuleFacts) -> Frame:
        return self.frames.frame_of(ref, node, self._walk.module_frame(module))

    def _enter_plain(
        self,
        ref: FunctionRef,
        node: ast.Call | None,
        frame: Frame,
        at: ast.expr | None,
        *,
        defaults: bool,
        made: Instance | None,
    ) -> Seen:
        outer = self._wrapping.get(ref.node) if node is not None and call_of(node, None).opaque else None
        if node is not None and outer is not None:
            inside = self.frames.frame_through(node, frame, ref, outer, defaults=defaults, made=made)
            node, frame = outer
        else:
            passed_by = self._passed.told(ref, node, frame)
            if passed_by is not None:
                return passed_by
            inside = self.frames.frame_of(ref, node, frame, defaults=defaults, made=made)
        if not self._passed.can_matter(ref, names_of(inside)) and not self._passed.may_tell(ref, node, inside):
            return self._passed.written(ref, inside)
        result, handed_back = self._follow(ref, inside, frame, at if at is not None else node)
        self.handed_back = node, handed_back
        take_over(handed_back, node, frame)
        return result

    def _follow(
        self, ref: FunctionRef, inside: Frame, frame: Frame, place: ast.expr | None
    ) -> tuple[Seen, Mapping[str, Seen]]:
        """Execute a function in its frame, or apply what doing so in the same circumstances did before.

        It is reached from `place` in `frame`.
        """
        ledger = self._ledger
        key = self._circumstances(ref, inside)
        is_spawned = ledger.spawned > 0
        known = self._effects.get((key, None)) or self._effects.get((key, is_spawned))
        if known is not None and not inside.binds_around:
            self._repeat(known)
            return known.result, known.handed_back
        # `build(cfg, MODELS)` makes a model that has a head built by `build(cfg, HEADS)`.
        is_table = self._walk.relevance.registries.is_table
        mark = (ref.node, ref.owner, *(value for value in names_of(inside) if is_table(value)))
        facts = {(name, inside.values.get(name)) for name in inside.settled}
        # `f(depth - 1)` below `f()`: what the outer call settles it leaves open, so that is followed once more.
        if (mark in self._active and not self._opens(mark, facts)) or self._is_too_much():
            return GIVEN, {}
        self._entered += 1
        if not ledger.muted:
            self._followed.add(ref.node)
        self._walk.evaluator.options.executes(ref.module)
        at = frame.module.location(place) if place is not None else None
        self._active.append(mark)
        self._settling.append(facts)
        effect = self._execute(ref, inside, at)
        # In a process that was started anew the same draws come unseeded, but for what is to blame there.
        self._effects[key, is_spawned if effect.is_blamed else None] = effect
        return effect.result, effect.handed_back

    def _is_too_much(self) -> bool:
        """Whether what comes now is not followed any more; the verdicts say so."""
        ledger = self._ledger
        if self._entered >= MAX_CALLS or self._walk.steps >= MAX_STEPS:
            ledger.cut = ledger.cut or _TOO_LONG
            return True
        if len(self._active) > MAX_DEPTH:
            ledger.cut = ledger.cut or _TOO_DEEP
            return True
        return False

    def _execute(self, ref: FunctionRef, inside: Frame, at: Location | None) -> Effect:
        """Execute the function that became active last; gives what that alone did, and leaves it with what was before.

        `at`: where it is reached from.
        """
        ledger = self._ledger
        tables = [name for name, value in inside.values.items() if value.entries is not None]
        seeded = len(ledger.settled)
        seeded_before, ledger.seeded_later = ledger.seeded_later, set()
        left_before, ledger.left = ledger.left, set()
        unseeded_before, ledger.unseeded = ledger.unseeded, set()
        blamed_before, ledger.is_blamed = ledger.is_blamed, False
        try:
            result = self._walk.run_function(ref.node, inside, at)
        finally:
            self._active.pop()
            self._settling.pop()
        if ref.owner is not None and getattr(ref.node, "name", "") == "__init__":
            self._walk.evaluator.remember_object(ref.owner, inside)
        effect = Effect(
            ledger.state,
            result,
            tuple(dict.fromkeys(ledger.settled[seeded:])),
            frozenset(ledger.seeded_later),
            frozenset(ledger.left),
            frozenset(ledger.unseeded),
            ledger.is_blamed,
            {
                **{name: inside.values[name] for name in tables if ref.module.written.runs_to_its_end(ref.node, name)},
                **(set_there(inside) if ref.owner is not None else {}),
            },
        )
        ledger.seeded_later |= seeded_before
        ledger.left |= left_before
        ledger.unseeded |= unseeded_before
        ledger.is_blamed |= blamed_before
        return effect

    def _opens(self, mark: object, facts: Set[tuple[str, Seen | None]]) -> bool:
        """Whether a function that is being followed is called so that another arm of it may be taken."""
        before = [held for each, held in zip(self._active, self._settling, strict=True) if each == mark]
        return len(before) <= MAX_AGAIN and not any(held <= facts for held in before)

    def _repeat(self, known: Effect) -> None:
        """Apply to the present state what following a function did."""
        ledger = self._ledger
        for library, rank in known.seeded:
            ledger.settle(library, rank)
        ledger.seeded_later |= known.seeded_later
        ledger.left |= known.left
        ledger.reach_unseeded(known.unseeded)
        ledger.is_blamed |= known.is_blamed
        self._walk.set_state(_replayed(ledger.state, known.state))

    def _circumstances(self, ref: FunctionRef, inside: Frame) -> object:
        """Everything that what a function does to the state depends on."""
        ledger = self._ledger
        return (
            ref.node,
            ref.owner,
            tuple(sorted(inside.values.items(), key=lambda item: item[0])),
            tuple(sorted(inside.settled)),
            inside.is_making,
            tuple(sorted(inside.lengths.items())),
            names_of(inside),
            ledger.state.key(),
            ledger.deferring > 0,
            ledger.in_network > 0,
            ledger.muted > 0,
            ledger.replaced > 0,
            ledger.initialising > 0,
            ledger.picked_at,
            ledger.taken > 0,
            ledger.worker,
            ledger.has_workers,
            ledger.fixed_in_workers,
            ledger.in_training,
            ledger.entering > 0,
            ledger.entered.key() if ledger.entered is not None else None,
        )


def _replayed(before: State, after: State) -> State:
    """Apply a remembered effect to a state with the same levels."""
    return State(
        after.levels, joined_draws(before, after), before.pending | after.pending, {**before.options, **after.options}
    )
