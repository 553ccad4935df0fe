"""Conditions: both arms are followed; where a plain run's choice is known, that one counts and the other is noted."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.static.entrypoints import names_main
from auditor.static.evaluation.askedparts import (
    asks_for_none,
    bound_of_draw,
    case_text,
    clause_text,
    lookups,
    takes_all,
)
from auditor.static.evaluation.attempts import Missing, missing
from auditor.static.evaluation.fixedswitches import FixedSwitches
from auditor.static.evaluation.impliedconditions import as_conditions
from auditor.static.evaluation.modes import in_training, starts_false, stays_false
from auditor.static.evaluation.plainrun import NO_SEED, without_arguments
from auditor.static.evaluation.rngstate import Level, Rank, State, join, joined_draws
from auditor.static.evaluation.rounds import is_in_first_round
from auditor.static.evaluation.truth import never_holds
from auditor.static.execution.finishing import Finishing, common_end, joined_values
from auditor.static.execution.guards import Guards, put_back
from auditor.static.execution.inturn import asks_for_method
from auditor.static.execution.narrowed import ends_program, narrow, turn_over
from auditor.static.resolution.frame import End, Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import is_always
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, Instance

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk


MAX_ASIDE = 8
"""Arms that are not taken, one in the other, behind whose `return` what follows is looked at."""


class Branches:
    """The `if`, `match` and `try` statements of one program."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger
        self._evaluator = walk.evaluator
        self.finishing = Finishing(walk)
        self._guards = Guards(walk)
        self._switches = FixedSwitches(walk.within)
        self._off: dict[tuple[ast.ClassDef, str], bool] = {}
        """Attributes of classes, and whether nothing ever puts them on."""

        self._matched: dict[ast.Match, ast.If | None] = {}
        """The conditions that `match` statements stand for."""

    def conditional(self, node: ast.If, frame: Frame, block: Sequence[ast.stmt]) -> End:
        """Follow an `if` that stands in `block`."""
        begun = self._guards.begin(node, frame)
        end = self._conditional(node, frame, block)
        self._guards.end(node, frame, begun)
        return end

    def _conditional(self, node: ast.If, frame: Frame, block: Sequence[ast.stmt]) -> End:
        is_off = self._never_falls_below(node.test, frame)
        self._ledger.muted += is_off
        for part in self.asked(node.test, frame):
            self._walk.expression(part, frame)
        self._ledger.muted -= is_off
        if is_off:
            return self._decided(node, frame, block, holds=False, is_left_off=True)
        holds = self._evaluator.truth(node.test, frame)
        if never_holds(frame.module, node.test):
            return self._walk.block(node.orelse, frame)
        if holds is None and asks_for_method(self._walk, node.test, frame):
            holds = True
        if holds is None and is_in_first_round(node, frame.module):
            return self._in_turn(node, frame)
        outcome = self._settled_by_text(node.test, frame) if holds is None else None
        if outcome is not None:
            return self._decided(node, frame, block, holds=outcome, is_left_off=True)
        if holds is None:
            text, opposite = frame.module.written.condition(node.test)
            trained = self.trained(node.test, frame)
            body = None if trained is None else node.body if trained else node.orelse
            arms = [(text, node.body), (opposite, node.orelse)]
            argued = without_arguments(node.test, frame, self._evaluator.stored)
            bare = None if argued is None else node.body if argued else node.orelse
            return self.arms(arms, frame, exhaustive=True, trained=body, bare=bare)
        return self._decided(node, frame, block, holds=holds)

    def _in_turn(self, node: ast.If, frame: Frame) -> End:
        """`if epoch == 0: …`, `else: …`: the first round is followed by others."""
        text, opposite = frame.module.written.condition(node.test)
        self._walk.block(node.body, frame)
        first, values = self._ledger.state, dict(frame.values)
        end = self._walk.block(node.orelse, frame)
        joined = join(
            [(first, text), (self._ledger.state, opposite)]
        )  # a seed of the later rounds is none of the first
        if joined is not None and node.orelse:
            self._walk.set_state(joined)
        frame.values = joined_values([values, frame.values])
        return end

    def claim(self, test: ast.expr, frame: Frame) -> None:
        """`assert args.seed is not None`: whoever gets past it gave one."""
        if self._evaluator.truth(test, frame) is False:
            narrow(self._walk, test, frame)

    def trained(self, test: ast.expr, frame: Frame) -> bool | None:
        """The outcome of a condition that comes up in training only; None where both do, or the call settles it."""

        def is_false(part: ast.expr) -> bool:
            return self._evaluator.truth(part, frame) is False or starts_false(part, frame, self._walk.within)

        found = in_training(test, is_false)
        return None if found is None or frame.settles(test) else found

    def chosen(self, node: ast.IfExp, frame: Frame) -> ast.expr | None:
        """The arm that a conditional expression always takes in this call; None where that is not settled."""
        holds = self._settled(node.test, frame)
        return None if holds is None else node.body if holds else node.orelse

    def is_left_out(self, call: ast.AST, frame: Frame) -> bool:
        """Whether a call stands in the other arm of such an expression: `scale(x, draw() if noisy else 0)`."""
        node, arm = frame.module.choices[call]
        return self.chosen(node, frame) not in (None, arm)

    def is_trained_arm(self, call: ast.AST, frame: Frame) -> bool:
        """Whether a call stands in the arm of such an expression that only a training takes."""
        node, arm = frame.module.choices[call]
        trained = self.trained(node.test, frame)
        return trained is not None and arm is (node.body if trained else node.orelse)

    def never_turns(self, loop: ast.For | ast.AsyncFor | ast.While, frame: Frame) -> bool:
        """Whether what stands in a loop is never executed."""
        return self._switches.never_turns(loop, frame)

    def _settled(self, test: ast.expr, frame: Frame) -> bool | None:
        """The outcome of a condition in this call; None where it may have the other one."""
        if frame.settles(test):
            return self._evaluator.truth(test, frame)
        return self._switches.outcome(test, frame)

    def asked(self, test: ast.expr, frame: Frame) -> Sequence[ast.expr]:
        """The parts of a condition that are asked: none behind `self.augment and`, where that is settled."""
        last = self._deciding(test, frame)
        return [test] if last is None or not isinstance(test, ast.BoolOp) else test.values[: last + 1]

    def _deciding(self, test: ast.expr, frame: Frame) -> int | None:
        """Which part of `a and b` decides it in this call, whatever stands behind it."""
        if not isinstance(test, ast.BoolOp):
            return None
        deciding = isinstance(test.op, ast.Or)
        return next((at for at, part in enumerate(test.values) if self._settled(part, frame) is deciding), None)

    def _is_written(self, test: ast.expr, frame: Frame) -> bool:
        """Whether a condition asks nothing but what the text puts into dictionaries: `cfg["mixup"] > 0`."""
        asked = list(lookups(test))
        return bool(asked) and all(
            frame.is_settled(part)
            or (
                isinstance(part, ast.Subscript | ast.Call)
                and is_always(frame.module, part, self._evaluator.value(part, frame))
            )
            for part in asked
        )

    def _is_known(self, test: ast.expr, frame: Frame) -> bool:
        """Whether a plain run gives all that a condition asks, as constants or defaults."""
        return all(self._evaluator.value(part, frame).kind is SeedValue.FIXED for part in lookups(test))

    def _never_falls_below(self, test: ast.expr, frame: Frame) -> bool:
        """`random.random() < self.mixup`, where this is always 0: whatever is drawn decides nothing."""
        bound = bound_of_draw(test, frame.module)
        seen = self._evaluator.value(bound, frame) if bound is not None else GIVEN
        return bound is not None and seen.is_constant and seen.constant == 0 and self._is_written(bound, frame)

    def _settled_by_text(self, test: ast.expr, frame: Frame) -> bool | None:
        """The outcome of a condition that switches settle which nothing puts on."""
        outcome = self._switches.outcome(test, frame)
        return outcome if outcome is not None else self._left_off(test, frame)

    def _left_off(self, test: ast.expr, frame: Frame) -> bool | None:
        """The outcome of a condition that switches settle which a constructor sets to False, and nothing puts on."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._left_off(test.operand, frame)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            deciding = isinstance(test.op, ast.Or)
            return deciding if any(self._left_off(part, frame) is deciding for part in test.values) else None
        made = frame.resolve(test.value) if isinstance(test, ast.Attribute) else None
        if not isinstance(test, ast.Attribute) or not isinstance(made, Instance) or not isinstance(made.of, ClassRef):
            return None
        key = made.of.node, test.attr
        if key not in self._off:
            self._off[key] = stays_false(made.of, test.attr, self._walk.within)
        return False if self._off[key] else None

    def _decided(
        self, node: ast.If, frame: Frame, block: Sequence[ast.stmt], *, holds: bool, is_left_off: bool = False
    ) -> End:
        """A condition whose outcome in a plain run is known: that arm counts, the other is followed beside it.

        `if seed is None: return`: what follows in the `block` belongs to the other arm.
        """
        taken, other = (node.body, node.orelse) if holds else (node.orelse, node.body)
        text, opposite = frame.module.written.condition(node.test)
        taken_if, other_if = (text, opposite) if holds else (opposite, text)
        before, values = self._ledger.state, dict(frame.values)
        first = len(self._walk.exits)
        end = self._arm(taken, taken_if, frame)
        if names_main(node.test):
            return end
        after, after_values = self._ledger.state, frame.values
        exits, returned = len(self._walk.exits), len(self._walk.returned)
        self._walk.set_state(before)
        frame.values = values
        never = (
            is_left_off
            or frame.settles(node.test)
            or self._deciding(node.test, frame) is not None
            or self._is_written(node.test, frame)
            or self._switches.outcome(node.test, frame) is holds
            or (not holds and asks_for_none(frame.module, node.test))
        )
        settled = set(frame.settled)
        if never and end is End.RETURNS and len(self._ledger.aside) < MAX_ASIDE:
            rest = block[block.index(node) + 1 :]
            other = [*other, *rest] if any(map(frame.module.written.is_about_seed, rest)) else other
        narrow(self._walk, node.test, frame)
        if end is End.STOPS and ends_program(frame.module, taken):
            turn_over(self._walk, node, frame)
        trained = self.trained(node.test, frame) is (not holds)
        self._ledger.muted += never
        self._ledger.training += trained
        is_aside = other_if is not None and "seed" in other_if.lower() and self._is_known(node.test, frame)
        self._ledger.aside.append(len(self._ledger.stack) if is_aside else -1)
        self._ledger.conditions.append(other_if)
        self._ledger.beside.append(taken_if)
        other_end = self._arm(other, other_if, frame)
        self._ledger.beside.pop()
        self._ledger.conditions.pop()
        self._ledger.aside.pop()
        self._ledger.training -= trained
        self._ledger.muted -= never
        frame.settled &= settled
        if end is not End.FALLS_THROUGH and other_end is End.FALLS_THROUGH and not never:
            # A plain run leaves here; what follows is reached in another.
            return End.FALLS_THROUGH
        left = [state for state, _ in self._walk.exits[exits:]]
        del self._walk.exits[exits:], self._walk.returned[returned:]
        beside = self._ledger.state
        if never and end is End.RETURNS:
            self._note_left([*left, beside], first, other_if)
        self._walk.set_state(self._noting_other(after, beside, other_if) if other_end is End.FALLS_THROUGH else after)
        frame.values = after_values
        return end

    def _note_left(self, left: Sequence[State], first: int, condition: str) -> None:
        """What the other arm would have seeded on its way out of the function; the `first` exit is this condition's."""
        for number, (state, text) in enumerate(self._walk.exits[first:], first):
            for beside in left:
                state = self._noting_other(state, beside, condition)
            self._walk.exits[number] = state, text

    def _arm(self, body: Sequence[ast.stmt], condition: str | None, frame: Frame) -> End:
        """One arm of a condition."""
        if condition is None:
            return self._walk.block(body, frame)
        before = self._ledger.state
        state, kept = self._guards.believe(condition)
        self._walk.set_state(state)
        self._walk.tests.append(condition)
        end = self._walk.block(body, frame)
        self._walk.tests.pop()
        self._walk.set_state(put_back(self._ledger.state, kept))
        if end is End.STOPS:
            self._ledger.stop(before)
        return end

    def _noting_other(self, state: State, beside: State, condition: str) -> State:
        """What the arm not taken would have seeded makes the library conditionally seeded, no less.

        A seed that comes after both arms comes after what the other one drew, too.
        """
        levels = dict(state.levels)
        for library, level in beside.levels.items():
            if level.rank is Rank.SEEDED and state.level(library).rank < Rank.MAYBE:
                levels[library] = Level(Rank.MAYBE, condition)
        return _drawing(replace(state, levels=levels), beside)

    def arms(
        self,
        arms: Sequence[tuple[str | None, Sequence[ast.stmt]]],
        frame: Frame,
        *,
        exhaustive: bool,
        trained: Sequence[ast.stmt] | None = None,
        plain: Sequence[ast.stmt] | None = None,
        bare: Sequence[ast.stmt] | None = None,
    ) -> End:
        """Follow each arm from the state before.

        `trained`: the one that is taken in training only; `plain`: the one that a run takes that nobody gives anything;
        `bare`: the one of a run without arguments, of which only what is no seed counts.
        """
        before, values = self._ledger.state, frame.values
        ends: list[End] = []
        states: list[tuple[State, str | None]] = []
        kept: list[tuple[Sequence[ast.stmt], dict[str, Seen]]] = []
        for text, body in arms if exhaustive else (*arms, (None, ())):
            self._walk.set_state(before)
            frame.values = dict(values)
            if text is not None:
                self._ledger.conditions.append(text)
            self._ledger.training += body is trained
            end = self._arm(body, text, frame)
            self._ledger.training -= body is trained
            if text is not None:
                self._ledger.conditions.pop()
            ends.append(end)
            if end is End.FALLS_THROUGH:
                states.append((self._ledger.state, text))
                kept.append((body, frame.values))
        joined = join(states)
        if joined is None:
            return common_end(ends)
        self._walk.set_state(joined)
        chosen = [values for body, values in kept if body is plain] or [values for _, values in kept]
        frame.values = joined_values(chosen)
        for values in (values for body, values in kept if body is bare):
            frame.values.update({name: value for name, value in values.items() if value.kind in NO_SEED})
        return End.FALLS_THROUGH

    def match(self, node: ast.Match, frame: Frame) -> End:
        self._walk.expression(node.subject, frame)
        if self._evaluator.value(node.subject, frame).is_constant:
            if node not in self._matched:
                self._matched[node] = as_conditions(node, frame.module)
            condition = self._matched[node]
            if condition is not None:
                return self.conditional(condition, frame, [condition])
        for guard in (case.guard for case in node.cases if case.guard is not None):
            self._walk.expression(guard, frame)
        subject = frame.module.text(node.subject)
        arms = [(f"match {subject}: {case_text(frame.module, case)}", case.body) for case in node.cases]
        return self.arms(arms, frame, exhaustive=takes_all(node.cases[-1]))

    def attempt(self, node: ast.Try, frame: Frame) -> End:
        lacking = missing(frame.module, node, lambda part: self._evaluator.value(part, frame).kind is SeedValue.NONE)
        first = len(self._walk.exits)
        end = self._followed(node, frame) if lacking is None else self._expected(node, lacking, frame)
        if not node.finalbody:
            return end
        last = self.finishing.run(lambda: self._walk.block(node.finalbody, frame), frame, first)
        return last if last is not End.FALLS_THROUGH else end

    def _expected(self, node: ast.Try, lacking: Missing, frame: Frame) -> End:
        """The body fails where something is not there: what asks for it is one arm, and each clause another."""
        end = self._walk.block(node.body[: lacking.index], frame)
        if end is not End.FALLS_THROUGH:
            return end
        arms: list[tuple[str | None, Sequence[ast.stmt]]]
        arms = [(frame.module.text(lacking.node), [*node.body[lacking.index :], *node.orelse])]
        arms += [(clause_text(frame.module, handler), handler.body) for handler in node.handlers]
        plain = lacking.handler.body if lacking.in_plain_run else None
        return self.arms(arms, frame, exhaustive=True, plain=plain)

    def _followed(self, node: ast.Try, frame: Frame) -> End:
        """The body gets to its end, unless something goes wrong."""
        before, values = self._ledger.state, dict(frame.values)
        end = self._walk.block(node.body, frame)
        if end is End.FALLS_THROUGH:
            end = self._walk.block(node.orelse, frame)
        after, after_values = self._ledger.state, frame.values
        handled: list[tuple[State, str | None]] = []
        for handler in node.handlers:
            self._walk.set_state(before)
            frame.values = dict(values)
            self._ledger.conditions.append(clause_text(frame.module, handler))
            if self._walk.block(handler.body, frame) is End.FALLS_THROUGH:
                handled.append((self._ledger.state, None))
            self._ledger.conditions.pop()
        joined = join(handled)
        # The body counts where it gets to its end: a failing import or lookup leaves nothing to seed.
        if end is End.FALLS_THROUGH or joined is None:
            self._walk.set_state(after if joined is None else _drawing(after, joined))
            frame.values = after_values
            return end
        self._walk.set_state(joined)
        return End.FALLS_THROUGH


def _drawing(state: State, beside: State) -> State:
    """A state with what was drawn on another path to the same place: a seed that follows comes after that, too."""
    return replace(state, drawn=joined_draws(state, beside), pending=state.pending | beside.pending)
