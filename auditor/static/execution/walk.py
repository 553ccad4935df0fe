"""Follows one program in the order in which it is executed and notes its draws and seeds.

Code is read, never run: both arms of a condition are followed and joined, loops are taken once, a function is entered
again only where the seeding so far or its arguments differ. What cannot be resolved is passed over.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.static.evaluation.defaultsused import defaults_used
from auditor.static.evaluation.evaluate import Evaluator
from auditor.static.evaluation.impliedconditions import as_condition
from auditor.static.evaluation.modes import leaves
from auditor.static.evaluation.rngstate import Rank, State, join
from auditor.static.execution.branches import Branches
from auditor.static.execution.callwalk import CallWalk
from auditor.static.execution.changes import Changes
from auditor.static.execution.delayed import Delayed
from auditor.static.execution.incidental import name_of
from auditor.static.execution.initialweights import filling
from auditor.static.execution.ledger import Ledger
from auditor.static.execution.owngenerators import always_holds
from auditor.static.execution.protocols import (
    ENTERING,
    ITERATING,
    LEAVING,
    is_generated_context,
    iterated_parts,
    restored_by,
)
from auditor.static.execution.training import names_training
from auditor.static.resolution.candidates import MAX_VALUES
from auditor.static.resolution.frame import End, Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.looptables import listed
from auditor.static.resolution.registries import MAX_TAKEN
from auditor.static.resolution.seedvalue import GIVEN, OPTIONS, Seen, given_back, mixed, parts_of, written
from auditor.static.resolution.targets import module_of
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value
from auditor.static.syntax.bindings import Comprehension, Function
from auditor.static.syntax.nodes import walk
from auditor.static.syntax.pairs import pairs_of
from auditor.static.text.dotted import dotted_text, global_key

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

_ASSIGNING = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_LOOPING = (ast.For, ast.AsyncFor, ast.While)
_TOO_LARGE = (
    "what it imports is larger than 5 MB, and what the modules furthest from it do while they are imported is left out"
)
MAX_ELEMENTS = 16
"""Elements of a display that a loop is followed for."""

MAX_LISTED = 200
"""Elements of a display among which these are."""


class Walk:
    """One program being followed: statements and conditions; calls are `CallWalk`'s (`callwalk.py`)."""

    def __init__(self, project: Project, program: str) -> None:
        self.project = project
        self.program = program
        self.relevance = project.relevance(program)
        self.within = project.programs.followed(program)
        """The files that are followed."""

        self._candidates = self.relevance.candidates.narrowed(self.within, self._is_named)
        self.ledger = Ledger(project.rng, project.networks)
        self.evaluator = Evaluator(project, self._is_seeded)
        self.calls = CallWalk(self)
        self.branches = Branches(self)
        self._delayed = Delayed(self)
        self.changes = Changes(self)
        self.steps = 0
        """Statements that were executed, in whatever arm."""

        self._filling: dict[ast.stmt, tuple[bool, bool, bool]] = {}
        """What assignments do to the weights of networks, as `filling` tells it."""

        self._executed: dict[str, Frame] = {}
        self.exits: list[tuple[State, str | None]] = []
        self.returned: list[Seen] = []
        self.tests: list[str] = []
        """Conditions of the arms that the current place stands in, inside the current function."""

    @cached_property
    def trains(self) -> bool:
        """Whether the program itself says that it trains something."""
        return names_training(self.project, self.program)

    def trained(self, test: ast.expr | None, frame: Frame) -> bool | None:
        """The outcome of a condition that comes up in training only; None where there is no such one."""
        return self.branches.trained(test, frame) if test is not None else None

    def close(self) -> None:
        """Let go of the frames, which hold trees; the ledger stays."""
        self._candidates.close()
        self.calls.close()
        self.evaluator.close()
        vars(self).clear()

    def _is_named(self, cls: ClassRef) -> bool:
        return self.relevance.mentions.is_named(cls, self.within)

    def possible(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        """What an expression may be where that is not certain, given what this program makes and hands on."""
        if not self.relevance.may_be(module, node):
            return ()
        found = self._candidates.possible(module, node)
        return self.calls.choices.some_of(found, MAX_TAKEN if self.is_taken(node) else MAX_VALUES, node, module)

    def held(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        """The same of what a collection holds."""
        if not self.relevance.may_hold(module, node):
            return ()
        return self.calls.choices.some_of(self._candidates.held(module, node), MAX_VALUES, node, module)

    def is_taken(self, node: ast.expr) -> bool:
        """Whether what `possible` said came out of a table of what is registered."""
        return self._candidates.is_taken(node)

    def registered(self, node: ast.expr, frame: Frame) -> list[FunctionRef | ClassRef]:
        """What an expression may take out of a table in which this program registers it."""
        return self.relevance.registries.picked(frame.module, node, frame.arguments, self.within)

    def built(self, node: ast.Call, frame: Frame) -> list[FunctionRef | ClassRef]:
        """Of what a call that leads outside may make an object, of all that this program registers."""
        return self.relevance.registries.built(frame.module, node, frame.arguments, self.within)

    def _is_seeded(self, library: str) -> bool | None:
        rank = self.ledger.state.level(library).rank
        return None if rank is Rank.MAYBE else rank is Rank.SEEDED

    # -- modules --------------------------------------------------------------------------------------------------

    def run_module(self, path: str, *, is_main: bool) -> Frame | None:
        """Execute a module's top level once; None where there is nothing to follow."""
        key = f"{path} as main" if is_main else path
        if key in self._executed:
            return self._executed[key]
        if not self.project.matters(path):
            return None
        if path not in self.within:
            self.ledger.cut = self.ledger.cut or _TOO_LARGE
            return None
        module = self.project.module(path)
        if module is None:
            return None
        frame = self._executed[key] = Frame(module, is_main=is_main)
        self.evaluator.options.executes(module)
        conditions, self.ledger.conditions = self.ledger.conditions, []
        if is_main or self.relevance.is_working(module):
            self.block(module.tree.body, frame)
            self._delayed.run_all(frame)
        else:
            for node in module.top_imports:
                self._import(node, frame)
        self.ledger.conditions = conditions
        return frame

    def module_frame(self, module: ModuleFacts) -> Frame:
        """The frame of a module's top level, where it was executed."""
        found = self._executed.get(f"{module.path} as main") or self._executed.get(module.path)
        return found or Frame(module)

    def _import(self, node: ast.Import | ast.ImportFrom, frame: Frame) -> None:
        paths, location = frame.module.executed_by(node)
        # A notebook is in no package: a relative import there is what `%run setup.py` was made.
        is_run = frame.module.is_notebook and isinstance(node, ast.ImportFrom) and node.level > 0
        for path in paths:
            if path not in self._executed and path != frame.module.path:
                self.ledger.stack.append(location)
                self.run_module(path, is_main=is_run and path.endswith(".py") and path == paths[-1])
                self.ledger.stack.pop()

    def was_executed(self, path: str) -> bool:
        """Whether a module was imported before, or is not followed."""
        return path in self._executed or path not in self.within

    def run_imported(self, path: str, at: Location) -> None:
        """Execute a module that is imported by its name, after the packages that it is in."""
        folders = path.split("/")[:-1]
        around = ["/".join((*folders[:count], "__init__.py")) for count in range(1, len(folders) + 1)]
        for each in (*(package for package in around if package in self.within), path):
            if each not in self._executed:
                self.ledger.stack.append(at)
                self.run_module(each, is_main=False)
                self.ledger.stack.pop()

    # -- functions ------------------------------------------------------------------------------------------------

    def run_function(self, function: Function, frame: Frame, at: Location | None) -> Seen:
        """Execute a function's body, reached from `at`; afterwards the state is the one behind its `return`s.

        Gives what it returns.
        """
        exits, self.exits = self.exits, []
        returned, self.returned = self.returned, []
        tests, self.tests = self.tests, []
        if at is not None:
            self.ledger.stack.append(at)
        if isinstance(function, ast.Lambda):
            self.expression(function.body, frame)
            self.returned.append(self.evaluator.value(function.body, frame))
        elif self.block(function.body, frame) is End.FALLS_THROUGH or not self.exits:
            self._delayed.run_all(frame)
            self.exits.append((self.ledger.state, None))
        if at is not None:
            self.ledger.stack.pop()
        joined = join(self.exits)
        if joined is not None:
            self.set_state(joined)
        results, ends = self.returned, len(self.exits)
        self.exits, self.returned, self.tests = exits, returned, tests
        return given_back(results, ends)

    # -- statements -----------------------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt], frame: Frame) -> End:
        end, before = End.FALLS_THROUGH, self.ledger.training
        for statement in statements:
            end = self._statement(statement, frame, statements)
            if end is not End.FALLS_THROUGH:
                break
            if isinstance(statement, ast.If) and leaves(statement):
                # `if not training: return x`
                self.ledger.training += self.branches.trained(statement.test, frame) is False
        self.ledger.training = before
        return end

    def _statement(self, node: ast.stmt, frame: Frame, block: Sequence[ast.stmt]) -> End:
        self.steps += 1
        if isinstance(node, ast.Expr):
            condition = as_condition(node.value)
            if condition is not None:
                return self.branches.conditional(condition, frame, [condition])
            return self.expression(node.value, frame)
        if isinstance(node, _ASSIGNING):
            return self._assign(node, frame)
        if isinstance(node, ast.If):
            return self.branches.conditional(node, frame, block)
        if isinstance(node, ast.Return):
            return self._return(node, frame)
        if isinstance(node, _LOOPING):
            return self._loop(node, frame)
        if isinstance(node, ast.With | ast.AsyncWith):
            return self._with(node, frame)
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, frame)
        elif isinstance(node, ast.Raise):
            if node.exc is not None:  # `raise SystemExit(main())`
                self.expression(node.exc, frame)
            return End.STOPS
        elif isinstance(node, ast.Break | ast.Continue):
            return End.LEAVES_LOOP
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*node.decorator_list, *defaults_used(frame.module, node, self.program)):
                self.expression(part, frame)
            if node.decorator_list:
                self.calls.decorated(node, frame)
        elif isinstance(node, ast.ClassDef):
            for part in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
                self.expression(part, frame)
            self.block(node.body, frame)
            for part in reversed(node.decorator_list):
                self.calls.decorate(part, frame)
        else:
            return self._rare(node, frame)
        return End.FALLS_THROUGH

    def _with(self, node: ast.With | ast.AsyncWith, frame: Frame) -> End:
        ledger, before = self.ledger, self.ledger.state
        outer, ledger.left = ledger.left, set()
        for item in node.items:
            ledger.entering += (generated := is_generated_context(item.context_expr, frame))
            self.expression(item.context_expr, frame)
            ledger.entering -= generated
            self.calls.objects.protocol(item.context_expr, ENTERING, frame)
        left, ledger.left = ledger.left, outer
        first = len(self.exits)
        end = self.block(node.body, frame)
        restored = {library for item in node.items for library in restored_by(item.context_expr, frame)}
        left |= restored

        def leave() -> End:
            around, ledger.entered = ledger.entered, before
            for item in reversed(node.items):
                self.calls.objects.protocol(item.context_expr, LEAVING, frame)
            ledger.put_back(sorted(left))
            ledger.entered = around
            return end

        # Behind a `return` only what libraries restore: wrappers call the same with a context of their own and without.
        return self.branches.finishing.run(leave, frame, first) if restored else leave()

    def _rare(self, node: ast.stmt, frame: Frame) -> End:
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            return self.branches.attempt(node, frame)  # type: ignore[arg-type]
        if isinstance(node, ast.Match):
            return self.branches.match(node, frame)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child, frame)
        if isinstance(node, ast.Assert):
            self.branches.claim(node.test, frame)
        return End.FALLS_THROUGH

    def _return(self, node: ast.Return, frame: Frame) -> End:
        if node.value is not None:
            if self.expression(node.value, frame) is End.STOPS:
                return End.STOPS
            self.returned.append(self.evaluator.value(node.value, frame))
        if not self.tests:
            self._delayed.run_all(frame)
        self.exits.append((self.ledger.state, self.tests[-1] if self.tests else None))
        return End.RETURNS

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, frame: Frame) -> End:
        if node.value is None:
            return End.FALLS_THROUGH
        if node not in self._filling:
            self._filling[node] = filling(frame.module, node)
        replaced, initialises, fills = self._filling[node]
        self.ledger.replaced += replaced
        self.ledger.initialising += initialises
        if not self.ledger.deferring:
            self.ledger.note_loading(all_weights=fills, some=False)
        later = self._delayed.name(node, frame)
        made = self._delayed.make(node.value, frame) if later is not None else ()
        end = End.FALLS_THROUGH if made else self.expression(node.value, frame)
        self.ledger.replaced -= replaced
        self.ledger.initialising -= initialises
        value = self.evaluator.value(node.value, frame)
        if value.entries is not None:
            self.changes.forget(node.value, frame)
        settled = isinstance(node, ast.Assign) and frame.is_settled(node.value)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if not isinstance(target, ast.Name) and frame.module.calls_in(target):
                self.expression(target, frame)  # `mask[torch.randperm(9)[:3]] = 1`
            if isinstance(node, ast.AugAssign):
                # `seed %= 100` of the time is still another number in each run.
                both = mixed((value, self.evaluator.value(target, frame)))
                self.bind(target, both if both.kind is SeedValue.ENTROPY else GIVEN, frame)
            elif pairs := [(part, self.evaluator.value(given, frame)) for part, given in pairs_of(target, node.value)]:
                for part, seen in pairs:
                    self.bind(part, seen, frame)
            else:
                self.bind(
                    target, written(node.value, value, frame) if isinstance(target, ast.Subscript) else value, frame
                )
            if isinstance(target, ast.Name) and always_holds(target, node, frame, self.evaluator.truth):
                frame.settled.add(target.id)
            if settled and isinstance(target, ast.Attribute) and (text := dotted_text(target)) is not None:
                frame.settled.add(text)
            if not isinstance(node, ast.AugAssign):
                self.calls.objects.setters.assigned(target, node.value, frame)
        if later is not None:
            frame.delayed[later] = made
        return end

    def bind(self, target: ast.expr, value: Seen, frame: Frame) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for number, item in enumerate(target.elts):
                # `args, rest = parser.parse_known_args()`
                part = OPTIONS if value == OPTIONS and number == 0 else GIVEN
                if len(parts := parts_of(value)) == len(target.elts):
                    self.bind(item, parts[number], frame)
                    continue
                # Something among several things differs from run to run: that is said of what is called a seed.
                differs = value.kind is SeedValue.ENTROPY and (len(target.elts) == 1 or "seed" in name_of(item).lower())
                self.bind(item, value if differs else part, frame)
            return
        if isinstance(target, ast.Subscript):
            self.changes.item(target, value, frame)
            return
        text = dotted_text(target)
        if text is None:
            return
        frame.settled.discard(text)
        if not self.tests:
            frame.delayed.pop(text, None)
        if value.kind is SeedValue.ENTROPY:
            self.evaluator.differing.add(text.rpartition(".")[2])
        if isinstance(target, ast.Attribute) and self.evaluator.value(target.value, frame) == OPTIONS:
            self.store(target.attr, value)
            return
        if isinstance(target, ast.Attribute):
            self.changes.put(target.value, ast.Constant(target.attr), value, frame)
            self.changes.attribute(target, value, frame)
        frame.values[text] = value
        if isinstance(target, ast.Name):
            self._bind_around(text, value, frame)
        holder = module_of(target, frame)
        # A switch is thrown once: what it is on one path says nothing of the others.
        if holder is not None and not isinstance(value.constant, bool):
            self.store(global_key(holder, text.rpartition(".")[2]), value)
            for key in (holder, f"{holder} as main"):
                if (outer := self._executed.get(key)) is not None and outer is not frame:
                    outer.values.pop(text.rpartition(".")[2], None)

    def _bind_around(self, name: str, value: Seen, frame: Frame) -> None:
        """`nonlocal seed`: from now on it is what the function around calls so."""
        inner: Frame | None = frame
        while inner is not None and inner.is_around(name):
            inner = inner.parent
            while inner is not None and inner.function is not None and name not in inner.values:
                inner = inner.parent
            if inner is None or inner.function is None:
                # Called from elsewhere: which call of the function around it belongs to is not known.
                self.evaluator.rebound.add(global_key(frame.module.path, name))
                return
            inner.values[name] = value
            inner.settled.discard(name)

    def store(self, name: str, value: Seen) -> None:
        """The program puts a value where others read it: an option, a module's name, an environment variable."""
        self.ledger.state = replace(self.ledger.state, options={**self.ledger.state.options, name: value})
        self.evaluator.stored = self.ledger.state.options

    def set_state(self, state: State) -> None:
        """Go on from `state`."""
        self.ledger.state = state
        self.evaluator.stored = state.options

    # -- loops ----------------------------------------------------------------------------------------------------

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, frame: Frame) -> End:
        end = End.FALLS_THROUGH
        if self.branches.never_turns(node, frame):
            return self.block(node.orelse, frame)
        if isinstance(node, ast.While):
            self.expression(node.test, frame)
            end = self.block(node.body, frame)
        else:
            self.expression(node.iter, frame)
            self._iterated(node.iter, frame)
            self.bind(node.target, GIVEN, frame)
            for _ in self._elements(node, node.target, node.iter, frame):
                end = self.block(node.body, frame)
        certain = isinstance(node, ast.While) and _is_true(node.test)
        if end is End.LEAVES_LOOP or (end is not End.FALLS_THROUGH and not certain):
            end = End.FALLS_THROUGH
        other = self.block(node.orelse, frame)
        return end if end is not End.FALLS_THROUGH else other

    def _elements(self, loop: ast.AST, target: ast.expr, iterable: ast.expr, frame: Frame) -> Iterator[None]:
        """Once per element where functions or modules are listed (`for f in (random.seed, torch.seed)`), else once."""
        name, items = listed(frame.module, target, iterable)
        values = [frame.resolve(item) for item in items[:MAX_LISTED]]
        known = [value for value in values if isinstance(value, External | FunctionRef | ClassRef | ModuleRef)]
        if len(items) > MAX_LISTED:
            self.ledger.more = self.ledger.more or frame.module.location(iterable)
        known = [*self.calls.choices.some_of(known, MAX_ELEMENTS, iterable, frame.module)]
        if not known or name is None:
            yield
            return
        for value in known:
            frame.bind(loop, name, value)
            yield
        frame.bind(loop, name, None)

    def _iterated(self, node: ast.expr, frame: Frame) -> None:
        """A loader that is iterated here draws here, and so does an iterator that the project wrote."""
        for iterated in iterated_parts(node, frame):
            self.calls.objects.protocol(iterated, ITERATING, frame)
        if not self.calls.random.has_made_objects:
            return
        for part in walk(node):
            if isinstance(part, ast.Name | ast.Attribute | ast.Call):
                value = frame.resolve(part)
                for each in [value] if value is not None else self._looped_over(node, part, frame):
                    if isinstance(each, Instance) and each.made_by is not None:
                        self.calls.random.iterated(each.made_by)

    def _looped_over(self, iterable: ast.expr, part: ast.expr, frame: Frame) -> Sequence[Value]:
        """The loaders that a loop may go over, of which a list holds several; of other things that may be, none."""
        found = self.possible(frame.module, part) if part is iterable and isinstance(part, ast.Name) else ()
        return found if all(isinstance(each, Instance) and isinstance(each.of, External) for each in found) else ()

    # -- expressions ----------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr, frame: Frame) -> End:
        """Execute the calls of an expression in order; STOPS where one of them ends the program."""
        end = End.FALLS_THROUGH
        if isinstance(node, ast.IfExp):
            node = self.branches.chosen(node, frame) or node
        if isinstance(node, ast.BoolOp):
            asked = self.branches.asked(node, frame)
            if asked != [node] or any(isinstance(part, ast.BoolOp) for part in node.values):
                ends = [self.expression(part, frame) for part in (node.values if asked == [node] else asked)]
                return End.STOPS if End.STOPS in ends else end
        if frame.delayed:
            for name in sorted(frame.delayed.keys() & frame.module.identifiers_in(node)):
                self._delayed.run(name, frame)
        for part in frame.module.calls_in(node):
            is_chosen = part in frame.module.choices
            if is_chosen and self.branches.is_left_out(part, frame):
                continue
            in_training = is_chosen and self.branches.is_trained_arm(part, frame)
            self.ledger.training += in_training
            if isinstance(part, ast.Call):
                if self.calls.call(part, frame) is End.STOPS:
                    end = End.STOPS
            else:
                self.comprehension(part, frame)
            self.ledger.training -= in_training
        self.calls.objects.indexed(node, frame)
        self.calls.objects.read(node, frame)
        return end

    def comprehension(self, node: Comprehension, frame: Frame) -> None:
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        first, *others = node.generators
        self.expression(first.iter, frame)
        self._iterated(first.iter, frame)
        for _ in self._elements(first, first.target, first.iter, frame):
            inside = [clause.iter for clause in others] + [test for clause in node.generators for test in clause.ifs]
            for part in (*inside, *results):
                self.expression(part, frame)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)
