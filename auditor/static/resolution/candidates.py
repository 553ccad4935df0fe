"""What a call may lead to where it is not certain: one of several values that flow to what is called.

`Exp = {"a": ExpA, "b": ExpB}[name]`, `for agent in agents: agent.update()`, `self.get_batch()` of a function that the
constructor was given, `model, diffusion = create()`. Only functions, classes and objects of the project are followed,
and only where values flow in the text: a method's name alone says nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.choices import MAX_FOUND
from auditor.static.evaluation.commandline import default_of
from auditor.static.resolution.configured import configured, finds_only
from auditor.static.resolution.contents import Contents, Put
from auditor.static.resolution.handedmodules import module_used, without_rebound, without_replaced
from auditor.static.resolution.importcalls import ANY, MAX_TEXTS, Text, imported_by, texts_of
from auditor.static.resolution.lookedup import looked_up
from auditor.static.resolution.members import SAME_OBJECT, entry_of
from auditor.static.resolution.objectfields import (
    as_made,
    counts_as_annotated,
    declared,
    default_of_field,
    filled,
    handed_on,
    is_replaced,
    may_be_none,
    stored,
)
from auditor.static.resolution.outsideobjects import GENERATORS, drawing, method_of, parts, results
from auditor.static.resolution.picked import is_evaluating, looked_into, looked_up_as_written, looks_up
from auditor.static.resolution.registries import Registries
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value
from auditor.static.resolution.wanted import Wanted, keyed, returned_to, wanted_by
from auditor.static.syntax.bindings import Binding, BindingKind, Function
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STEPS = 12
"""Steps of one chain of values."""

MAX_HANDED = 3
"""Functions that hand on the name of what is looked up, one to the other."""

MAX_EXPRESSIONS = 200
"""Expressions that are looked at for one call; each is looked at once."""

MAX_VALUES = 12
"""Values of one expression that are followed."""

_OTHERS = "**"
"""Before the name of a keyword that is no parameter of the function; alone for `**options` of a call."""

Taker = Function | ast.ClassDef
"""What a call gives values to: a function, or a class whose constructor is made of its fields."""

Given = dict[tuple[Taker, str], list[tuple["ModuleFacts", ast.expr]]]


class Candidates:
    """The values that names, attributes and elements may have in some modules."""

    def __init__(
        self,
        registries: Registries,
        given: Given | None = None,
        within: Container[str] | None = None,
        put: Put | None = None,
        is_named: Callable[[ClassRef], bool] = lambda cls: True,
    ) -> None:
        """`put`: what others found out about what modules put into collections.

        `is_named`: whether anything but imports names a class; what the methods of others do counts for nothing.
        """
        self._is_named = is_named
        self._running: dict[ast.ClassDef, bool] = {}
        """Classes, and whether anything names them."""

        self._registries = registries
        self._given: Given = {} if given is None else given
        """What calls give the parameters of functions."""

        self._homes: dict[Taker, ModuleFacts] = {}
        """The files of these functions."""

        self._offered: Given = {}
        """What calls give that may call something else."""

        self._within = within
        """Paths of the modules whose calls count; None for all."""

        self._counting: Given = {}
        """Of what is given to parameters what counts here."""

        self._handing: dict[Function, list[Function]] = {}
        self._asked_of: set[tuple[Taker, str]] = set()
        """Parameters that were looked at for the present call."""

        self._resting_on: dict[ast.expr, frozenset[tuple[Taker, str]]] = {}
        """Of calls that lead to nothing as yet, the same."""

        self._contents = Contents(self, put)
        self._depth = 0
        self._seen: dict[ast.AST, list[Value]] = {}
        """Expressions looked at for the present call; what leads back to itself adds nothing."""

        self._asked: dict[ast.expr, list[Value]] = {}
        self._held: dict[ast.expr, list[Value]] = {}
        self._falls_back = within is not None
        """Whether annotations count: not before all calls were noted."""

        self._is_left_open = False
        """Whether an annotation would count, for the present call."""

        self._left_open: set[ast.expr] = set()
        """Calls of which nothing else was known."""

        self._is_taken = False
        """Whether something came out of a table of what is registered, for the present call."""

        self._taken: set[ast.expr] = set()

    def close(self) -> None:
        """Let go of everything; it and its contents refer to each other."""
        vars(self._contents).clear()
        vars(self).clear()

    def narrowed(self, paths: Container[str], is_named: Callable[[ClassRef], bool]) -> Candidates:
        """The same for a program that runs with these modules: it makes and hands on nothing that others do."""
        return Candidates(self._registries, self._given, paths, self._contents.put, is_named)

    def note(self, module: ModuleFacts, call: ast.Call, called: FunctionRef, *, skipped: int, certain: bool) -> None:
        """`call` calls this function; `skipped`: parameters before the first argument (`self`).

        What is not `certain` counts from `take_up` on: else the answers would depend on the order of the questions.
        """
        given = self._given if certain else self._offered
        self._homes[called.node] = called.module
        arguments = called.node.args
        positional = [*arguments.posonlyargs, *arguments.args][skipped:]
        names = {argument.arg for argument in (*positional, *arguments.kwonlyargs)}
        for argument, value in zip(positional, call.args, strict=False):
            if isinstance(value, ast.Starred):
                break
            if _may_count(value, called.module):
                given.setdefault((called.node, argument.arg), []).append((module, value))
        rest = call.args[len(positional) :]
        if arguments.vararg is not None and rest and not any(isinstance(value, ast.Starred) for value in call.args):
            collected = ast.Tuple(elts=rest, ctx=ast.Load())
            given.setdefault((called.node, arguments.vararg.arg), []).append((module, collected))
        for word in call.keywords:
            if word.arg in names and _may_count(word.value, called.module):
                given.setdefault((called.node, str(word.arg)), []).append((module, word.value))
            elif word.arg is None or (arguments.kwarg is not None and not isinstance(word.value, ast.Constant)):
                given.setdefault((called.node, f"{_OTHERS}{word.arg or ''}"), []).append((module, word.value))

    def note_fields(self, module: ModuleFacts, call: ast.Call, cls: ClassRef, *, certain: bool) -> None:
        """`call` makes an object of a class without constructor: `Agent(buffer=Buffer())` of a dataclass."""
        given = self._given if certain else self._offered
        for holder, name, value in filled(cls, call):
            given.setdefault((holder, name), []).append((module, value))

    def given(self) -> Iterator[tuple[ModuleFacts, Function, str, Sequence[tuple[ModuleFacts, ast.expr]]]]:
        """What calls give: the file of a function, the function, its parameter, and the expressions in order."""
        for (function, name), values in self._given.items():
            if not isinstance(function, ast.ClassDef):
                yield self._homes[function], function, name, values

    def take_up(self) -> bool:
        """From now on what uncertain calls give counts too; False where there is nothing of the kind."""
        for parameter, values in self._offered.items():
            self._given.setdefault(parameter, []).extend(values)
        more = self._offered.keys()
        self._asked = {
            node: values
            for node, values in self._asked.items()
            if values or (node not in self._left_open and self._resting_on.get(node, more).isdisjoint(more))
        }
        self._offered, self._resting_on, self._falls_back = {}, {}, True
        return bool(more or self._left_open)

    def possible(self, module: ModuleFacts, node: ast.expr) -> list[Value]:
        """The functions, classes and objects that `node` may be, in the order of the text."""
        if node not in self._asked:
            self._seen.clear()
            self._asked_of.clear()
            self._contents.begin()
            self._is_taken = self._is_left_open = False
            found = self._asked[node] = self._distinct(drawing(module.project.rng, self.values(module, node)))
            if not found and self._within is None:
                self._resting_on[node] = frozenset(self._asked_of)
                if self._is_left_open:
                    self._left_open.add(node)
            if self._is_taken:
                self._taken.add(node)
        return self._asked[node]

    def is_taken(self, node: ast.expr) -> bool:
        """Whether what an expression may be, as far as that was asked, came out of a table of what is registered."""
        return node in self._taken

    def values(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        """What an expression may be."""
        found = self._seen.get(node)
        if found is not None:
            return found
        known = module.names.value(node)
        if isinstance(known, External) and known.name in GENERATORS:
            return module_used(module, node, known)
        if known is not None:
            draws = not isinstance(known, External) or module.project.rng.is_known(known.name)
            return (known,) if draws else ()
        if len(self._seen) >= MAX_EXPRESSIONS or self._depth >= MAX_STEPS:
            return ()
        self._seen[node] = []
        self._depth += 1
        found = self._seen[node] = self._distinct(self._possible(module, node))
        self._depth -= 1
        return found

    def held(self, module: ModuleFacts, node: ast.expr) -> list[Value]:
        """What the elements of a collection may be, where nothing else was asked before."""
        if node not in self._held:
            self._seen.clear()
            self._contents.begin()
            self._held[node] = self._distinct(self.elements(module, node))
        return self._held[node]

    def elements(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        """What the elements of an expression may be."""
        return self._contents.of(module, node)

    def registered(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        """What is registered in a table that a name stands for."""
        found = self._registries.held(module, node, self._within)
        self._is_taken |= bool(found)
        return found

    def _distinct(self, values: Iterable[Value]) -> list[Value]:
        found: dict[object, Value] = {}
        for value in values:
            key = value.of if isinstance(value, Instance) else value
            found.setdefault((isinstance(value, Instance), key), value)
            if len(found) > MAX_FOUND:
                break
        return list(found.values())

    def _possible(self, module: ModuleFacts, node: ast.expr) -> Iterable[Value]:
        if isinstance(node, ast.Name):
            return self._named(module, node)
        if isinstance(node, ast.Attribute):
            return self._attribute(module, node)
        if isinstance(node, ast.Call):
            return self._result(module, node)
        if isinstance(node, ast.Subscript):
            return self._part(module, node)
        if isinstance(node, ast.NamedExpr | ast.Await):
            return self.values(module, node.value)
        if isinstance(node, ast.IfExp):
            return self._any(module, (node.body, node.orelse))
        return self._any(module, node.values) if isinstance(node, ast.BoolOp) else ()

    def _any(self, module: ModuleFacts, nodes: Sequence[ast.expr]) -> Iterator[Value]:
        for each in nodes:
            yield from self.values(module, each)

    def _named(self, module: ModuleFacts, node: ast.Name) -> Sequence[Value]:
        return without_rebound(module, node, list(self._bound(module, node)), self.values)

    def _bound(self, module: ModuleFacts, node: ast.Name) -> Iterator[Value]:
        for binding in module.lookup.bindings_of(node)[:MAX_EXPRESSIONS]:
            kind, value = binding.kind, binding.value
            if kind is BindingKind.OPAQUE:
                yield from self._contents.part(module, binding.node, node.id)
            elif kind is BindingKind.ELEMENT and value is not None:
                yield from self.elements(module, value)
            else:
                is_known = False
                for owner, source in self.sources(module, binding):
                    for each in self.values(owner, source):
                        is_known = True
                        yield each
                if not is_known:
                    yield from self._annotated(module, binding)
                    yield from self._by_default(module, binding)
        yield from module.names.imported_in_arms(module.lookup.in_force(node))

    def _annotated(self, module: ModuleFacts, binding: Binding) -> Sequence[Value]:
        """What the annotation of a parameter says, an abstract class, where nothing is known of what calls give."""
        said = module.names.annotated(binding.node) if isinstance(binding.node, ast.arg) else None
        self._is_left_open |= said is not None
        return (said,) if said is not None and self._falls_back else ()

    def _by_default(self, module: ModuleFacts, binding: Binding) -> Sequence[Value]:
        """`random` of `def sample(rng=random)`, where nobody gives another."""
        function = module.function_of_parameter(binding.node) if isinstance(binding.node, ast.arg) else None
        default = default_of(function, binding.node.arg) if function and isinstance(binding.node, ast.arg) else None
        value = module.names.value(default) if isinstance(default, ast.Name | ast.Attribute) else None
        is_generator = isinstance(value, External) and value.name in GENERATORS
        return self.values(module, default) if is_generator and default is not None else ()

    def _part(self, module: ModuleFacts, node: ast.Subscript) -> Iterator[Value]:
        yield from self._picked(module, node)
        yield from self._looked_up(module, node)
        yield from self.elements(module, node.value)
        yield from parts(module.project.rng, self.values(module, node.value))

    def _picked(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        found = self._registries.picked(module, node, None, self._within)
        self._is_taken |= bool(found)
        return found

    def _attribute(self, module: ModuleFacts, node: ast.Attribute) -> Iterator[Value]:
        for base in self.values(module, node.value):
            if isinstance(base, Instance) and isinstance(base.of, ClassRef):
                found = module.names.attribute(base, node.attr)
                if found is not None:
                    yield found
                    continue
                assigned = [each for owner, value in stored(base.of, node.attr) for each in self.values(owner, value)]
                yield from without_replaced(assigned, base.of, node.attr)
                yield from self._field(base.of, node.attr, is_known=bool(assigned))
                for owner, whole in handed_on(base.of):
                    yield from (module.names.attribute(each, node.attr) for each in self.values(owner, whole))
            elif isinstance(base, Instance):
                yield from method_of(module.project.rng, base, node.attr)
            elif isinstance(base, ClassRef | ModuleRef | FunctionRef):
                yield module.names.attribute(base, node.attr)
            elif isinstance(base, External) and base.name in GENERATORS:
                yield External(f"{base.name}.{node.attr}")

    def _field(self, cls: ClassRef, name: str, *, is_known: bool) -> Iterator[Value]:
        """What calls of a class give a field that its body declares; where nothing is known of that, its annotation."""
        found = declared(cls, name)
        if found is None or is_replaced(cls, name):
            return
        holder, field = found
        given = self._given_to((holder.node, name))
        for owner, value in given:
            for each in self.values(holder.module if value is default_of_field(field) else owner, value):
                made = as_made(field, value, each)
                is_known = is_known or made is not None
                yield made
        said = None if is_known or may_be_none(field, given) else holder.module.names.annotated(field)
        if counts_as_annotated(holder, said):
            self._is_left_open = True
            yield from (said,) if self._falls_back else ()

    def _looked_up(self, module: ModuleFacts, node: ast.Subscript | ast.Call) -> Iterator[Value]:
        """`getattr(net, name)`, `vars(models)[name]`, `eval(name)`."""
        found = looked_into(module, node)
        if found is not None:
            _, base, texts = found
            if isinstance(node, ast.Call) and ANY in texts and looks_up(node):
                texts = self._texts_given(module, node.args[1], MAX_HANDED) or texts
            bases = (base,) if base is not None or not isinstance(node, ast.Call) else self.values(module, node.args[0])
            for each in bases:
                yield from looked_up(module, each, texts, node)
                if isinstance(each, External) and looks_up(node):
                    yield External(f"{each.name}.__dict__")
        elif isinstance(node, ast.Call):
            for whole, name in looked_up_as_written(node):
                yield from (module.names.attribute(each, name) for each in self.values(module, whole))

    def _texts_given(self, module: ModuleFacts, node: ast.expr, steps: int) -> tuple[Text, ...]:
        """What calls give a parameter that is looked up: `self.call("before_run")`."""
        found: dict[Text, None] = {}
        for binding in module.lookup.bindings_of(node) if isinstance(node, ast.Name) and steps else ():
            for owner, each in self.sources(module, binding) if binding.kind is BindingKind.PARAMETER else ():
                given = texts_of(owner, each, MAX_STEPS)
                found.update(dict.fromkeys(self._texts_given(owner, each, steps - 1) if ANY in given else given))
                if len(found) > MAX_TEXTS:
                    return ()
        return tuple(found)

    def _result(self, module: ModuleFacts, node: ast.Call) -> Iterator[Value]:
        called = node.func
        if modules := imported_by(module, node):
            self._is_taken |= len(modules) > 1
            yield from map(ModuleRef, modules)
            return
        if looks_up(node) or is_evaluating(node) or looked_up_as_written(node):
            yield from self._looked_up(module, node)
            return
        built = self._registries.built(module, node, None, self._within)
        self._is_taken |= bool(built)
        for each in built:
            if isinstance(each, ClassRef):
                yield Instance(each)
        if built:
            return
        yield from self._picked(module, node)
        yield from self._configured(module, node)
        if isinstance(called, ast.Attribute) and called.attr in SAME_OBJECT:
            yield from self.values(module, called.value)
        elif isinstance(called, ast.Attribute) and called.attr == "get":
            yield from self.elements(module, called.value)
        found = self.values(module, called)
        yield from results(module, node, found)
        for value in found:
            if isinstance(value, ClassRef):
                yield Instance(value, node, module)
            elif isinstance(value, FunctionRef):
                wanted = wanted_by(node, value)
                for returned in returned_to(wanted, value):
                    picked = self._wanted(value.module, returned, wanted)
                    if isinstance(returned, ast.Call):  # `TABLE[name](**options)`
                        picked = [Instance(each) for each in picked if isinstance(each, ClassRef)]
                    yield from picked or self.values(value.module, returned)

    def _wanted(self, module: ModuleFacts, returned: ast.expr, wanted: Wanted) -> Sequence[Value]:
        """What comes out of a table in which the function looks a text of the call up."""
        called = returned.func if isinstance(returned, ast.Call) else returned
        entry = keyed(module, called, wanted) if wanted else None
        if entry is None:
            return ()
        table = dotted_text(entry.value)
        if table is None or module.project.texts.contain(module.path, (f"{table}.update(", f"{table} |=")):
            return ()
        written = entry_of(module, entry)
        if written is None:
            return self._registries.picked(module, entry, None, self._within)
        return [written]

    def _configured(self, module: ModuleFacts, node: ast.Call) -> Iterator[Value]:
        """`instantiate_from_config(config.model)`."""
        called = module.names.value(node.func)
        for each in configured(module, node, called) or ():
            self._is_taken = True
            if finds_only(module, node, called, each):
                yield each
            elif isinstance(each, ClassRef):
                yield Instance(each, node, module)

    def sources(self, module: ModuleFacts, binding: Binding) -> Sequence[tuple[ModuleFacts, ast.expr]]:
        """The expressions that a binding takes its value from as it is."""
        if binding.kind is BindingKind.VALUE and binding.value is not None:
            return ((module, binding.value),)
        if binding.kind is BindingKind.PARAMETER and isinstance(binding.node, ast.arg):
            function, name = module.function_of_parameter(binding.node), binding.node.arg
            given, handing = self._given_to((function, name)), self._handing_on(function)
            others = (each for further in handing for each in self._given_to((further, f"{_OTHERS}{name}")))
            return (*given, *others) if handing else given
        return ()

    def _handing_on(self, function: Function) -> list[Function]:
        """Functions that call this one with all their further keywords, directly or one through the other."""
        if (found := self._handing.get(function)) is not None:
            return found
        found, pending = [], [function]
        while pending and len(found) < MAX_STEPS:
            for module, others in islice(self._given_to((pending.pop(), _OTHERS)), MAX_EXPRESSIONS):
                around = module.enclosing_function(others)
                if around is None or getattr(others, "id", "") != getattr(around.args.kwarg, "arg", None):
                    continue
                if around is not function and around not in found:
                    found.append(around)
                    pending.append(around)
        if self._within is not None:  # else further calls may come to be noted
            self._handing[function] = found
        return found

    def _given_to(self, parameter: tuple[Taker, str]) -> Sequence[tuple[ModuleFacts, ast.expr]]:
        """What the calls that count give a parameter."""
        given, within = self._given.get(parameter, ()), self._within
        if within is None:
            self._asked_of.add(parameter)
            return given
        found = self._counting.get(parameter)
        if found is None:
            counting = [each for each in given if each[0].path in within]
            # `Compose([Crop(), Flip()])` in the constructor of a class for training, which an evaluation does not name.
            several = len(counting) > 1
            found = [each for each in counting if self._may_run(*each)] if several else counting
            self._counting[parameter] = found
        return found

    def _may_run(self, module: ModuleFacts, node: ast.expr) -> bool:
        holder = module.enclosing_class(node)
        if holder is None:
            return True
        if holder not in self._running:
            self._running[holder] = self._is_named(ClassRef(module, holder))
        return self._running[holder]


def _may_count(given: ast.expr, module: ModuleFacts) -> bool:
    """Whether it may matter what a call gives a function of this file; a text only where that looks something up."""
    if not isinstance(given, ast.Constant):
        return True
    return isinstance(given.value, str) and module.project.texts.contain(module.path, ("getattr",))
