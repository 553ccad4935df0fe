"""Calls of libraries that seed generators, put their states back, or draw from them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.ruleset.library import NoneMeaning, SeedCall
from auditor.static.evaluation.furtherarguments import written_out
from auditor.static.evaluation.maybetrue import may_be_true
from auditor.static.evaluation.modes import puts_on
from auditor.static.evaluation.rngstate import Pending
from auditor.static.execution.commandlineseeds import is_seeded_by_document
from auditor.static.execution.compiledfunctions import CompiledFunctions
from auditor.static.execution.effects import Asked
from auditor.static.execution.followed import is_set_later
from auditor.static.execution.initialweights import makes_weights
from auditor.static.execution.knowledge import draws
from auditor.static.execution.weights import drawn_by
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import FIXED, GIVEN, UNSEEDED_STATE, Seen, entropy
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk

_SAMPLERS = ("torch.rand", "torch.normal", "torch.Tensor.")
_TENSORFLOW = ("tensorflow.random", "tensorflow.compat.v1.random")


class RandomCalls:
    """The seeds and draws of one program, and the objects that draw when they are iterated."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger
        self._rng = walk.project.rng
        self._made: dict[ast.Call, frozenset[Pending]] = {}
        self._put: dict[str, bool] = {}
        self._compiled = CompiledFunctions(walk.project.rng.libraries)

    def seed(self, seed: SeedCall, name: str, node: ast.Call, frame: Frame) -> None:
        """A call seeds generators, or puts back a state of theirs."""
        if name in self._rng.state_setters and node.args and self._puts_back(node.args[0], frame):
            self._ledger.put_back(seed.seeds)
            return
        given = call_of(node, name).argument(seed.argument, seed.position) if seed.argument else None
        value: Seen | None
        if given is not None:
            value = self._walk.evaluator.value(given, frame)
            if value.kind is SeedValue.NONE:
                value = _unset(seed.none, value)
            elif seed.off and value.constant is False:
                value = None
        elif seed.argument and call_of(node, name).opaque:
            value = GIVEN
        else:
            value = _unset(seed.missing, entropy("no seed is given"))
        if value is None and seed.off and is_seeded_by_document(self._walk.project, self._walk.program):
            value = GIVEN  # a configuration says otherwise
        if value is None:
            return
        text = frame.module.text(given) if given is not None else ""
        for library in seed.seeds:
            if self._compiled.has_own(library, node, frame.module):
                continue
            self._ledger.seed(library, name, node, value, text, frame)

    def _puts_back(self, state: ast.expr, frame: Frame) -> bool:
        """Whether it is the state of a generator that was not seeded then, which no run draws the same from."""
        if self._walk.evaluator.value(state, frame) == UNSEEDED_STATE:
            return True
        # `self.state = random.getstate()` when a context is entered, put back when it is left.
        self._ledger.asked.add(Asked.PLACE)
        if not isinstance(state, ast.Attribute) or self._ledger.entered is None:
            return False
        value = frame.resolve(state.value)
        owner = value.of if isinstance(value, Instance) else None
        if not isinstance(owner, ClassRef):
            return False
        stored = owner.module.self_attributes(owner.node).get(state.attr, [])
        names = {owner.module.resolve(each.func) if isinstance(each, ast.Call) else None for each in stored}
        return bool(names) and names <= self._rng.state_getters.keys()

    def draw(self, name: str | None, node: ast.Call, frame: Frame) -> None:
        """A call may draw, now or when what it makes is iterated."""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if not self._rng.by_method(method) and (name is None or not self._rng.candidates(name)):
            return
        call = call_of(written_out(self._walk.evaluator, node, frame), name)
        evaluator = self._walk.evaluator

        def is_none(part: object) -> bool:
            return evaluator.value(part, frame).kind is SeedValue.NONE  # type: ignore[arg-type]

        def equals(part: object, wanted: object) -> bool:
            seen = evaluator.value(part, frame)  # type: ignore[arg-type]
            if seen.is_constant:
                return seen.constant == wanted
            return wanted is True and may_be_true(frame.module, part, 1)  # type: ignore[arg-type]

        name = drawn_by(name, call, equals, frame.module.project.networks)

        def may_be_put(attribute: str, given: ast.expr) -> bool:
            is_written = isinstance(given, ast.Constant) or frame.is_settled(given)
            return not is_written or self._is_put(attribute)

        def gets_state(later: Mapping[str, str]) -> bool:
            return bool(later) and is_set_later(call_of(node, name), frame.module, later, is_own_state)

        def is_own_state(given: ast.expr) -> bool:
            value = evaluator.value(given, frame)
            return value.kind not in (SeedValue.NONE, SeedValue.ENTROPY) and value != UNSEEDED_STATE

        for fact in draws(self._rng, call, is_none, equals, frame.resolve, may_be_put, gets_state):
            if self._compiled.has_own(fact.library.id, node, frame.module):
                continue
            name = self._of_weights(name, node, frame)
            before, worker = self._ledger.state.pending, self._ledger.worker
            if fact.deferred and fact.library.worker_seeded_by and (name or "").startswith(self._rng.run_in_loaders):
                self._ledger.worker = worker or None
            is_on = fact.switch is not None and evaluator.truth(fact.switch, frame) is True
            in_training = not is_on and self._walk.trained(fact.switch, frame) is True
            self._ledger.training += in_training
            self._ledger.draw(fact.library.id, name or (call.method or ""), node, frame, deferred=fact.deferred)
            self._ledger.training -= in_training
            self._ledger.worker = worker
            self.remember(node, before)

    def _of_weights(self, name: str | None, node: ast.Call, frame: Frame) -> str | None:
        """The name under which a draw is noted that makes initial weights by hand."""
        last = (name or "").rpartition(".")[2]
        if name is not None and name.startswith(_SAMPLERS):
            makes = self._ledger.initialising or makes_weights(frame.module, node)
            return f"torch.nn.init.{last}" if makes else name
        function = frame.module.enclosing_function(node)
        is_makers = "initializer" in getattr(function, "name", "")
        if name is not None and name.startswith(_TENSORFLOW) and (is_makers or makes_weights(frame.module, node)):
            return f"tensorflow.initializers.{last}"
        return name

    def _is_put(self, attribute: str) -> bool:
        """Whether an attribute of that name may be given a value outside of its object."""
        if attribute not in self._put:
            walk = self._walk
            self._put[attribute] = any(puts_on(path, attribute, walk.project) for path in sorted(walk.within))
        return self._put[attribute]

    def remember(self, node: ast.Call, before: frozenset[Pending]) -> None:
        """The draws that became pending since `before` belong to the object that this call made."""
        made = self._ledger.state.pending - before
        if made:
            self._made[node] = self._made.get(node, frozenset()) | made

    @property
    def has_made_objects(self) -> bool:
        """Whether any object was made so far that draws later."""
        return bool(self._made)

    def iterated(self, made_by: ast.Call) -> None:
        """The object that this call made is iterated: what it draws is drawn now."""
        self._ledger.happen(self._made.get(made_by, frozenset()))


def _unset(meaning: NoneMeaning, value: Seen) -> Seen | None:
    """What a seed call does that got no seed."""
    if meaning is NoneMeaning.FIXED:
        return FIXED
    return None if meaning is NoneMeaning.NOTHING else value
