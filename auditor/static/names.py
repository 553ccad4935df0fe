"""What a name or an attribute stands for: through imports, aliases, re-exports, scopes, classes and simple objects.

Answers are values: a name outside the project (`External`), a module, function or class of the project, or an object
made by a known class. None means that it cannot be told, which is always a safe answer: no rule speaks about None.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.baseorder import above
from auditor.static.resolution.classfactories import of_class_at_hand
from auditor.static.resolution.configured import made_from
from auditor.static.resolution.indirect import OF_FUNCTIONS, WORKING, gives_itself, is_decorated, is_remote
from auditor.static.resolution.looptables import loops_over_rows
from auditor.static.resolution.members import bases, inherited, is_left_open, member
from auditor.static.resolution.namespaces import namespace_part
from auditor.static.resolution.outsideobjects import called_with, parts
from auditor.static.resolution.outsidevalues import given_from_outside
from auditor.static.resolution.values import (
    ABSENT,
    NOTHING_BOUND,
    Absent,
    Arguments,
    ClassRef,
    External,
    FunctionRef,
    Instance,
    ModuleRef,
    Value,
    agreed,
)
from auditor.static.syntax.bindings import (
    Binding,
    BindingKind,
    Function,
    Scope,
    every_argument,
    reaching,
)
from auditor.static.syntax.elements import call_of, is_none
from auditor.static.text.builtinnames import BUILTINS, WRAPPED, own_name

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_DEPTH = 40
"""Steps of one resolution: longer chains are not followed."""

MAX_ARMS = 40
"""Imports of one name that are told apart; of more the first one speaks."""

MAX_BOUND = 400
"""Ways of binding the parameters of a module's functions for which answers are kept."""

PARTIAL = "<partial>"
"""Qualified name of what a `functools.partial` is read as."""

_IMPORTS = (BindingKind.IMPORT, BindingKind.FROM_IMPORT)
IMPORTED = (*_IMPORTS, BindingKind.DEFINITION)


class Question:
    """One question being answered, with all that it leads to in other modules; shared by a project's `Names`."""

    def __init__(self) -> None:
        self.active: set[object] = set()
        self.depth = 0
        self.cut = False
        """A step was left out because it was being worked on already: what came of it holds for this question only."""

        self.answers: dict[ast.AST, tuple[Value, bool]] = {}
        """Answers since the cut, each with whether it depends on parameters; without them cycles cost without end."""

    def end(self) -> None:
        """Something is answered: where that was all, the next question must not be told what held for this one only.

        Otherwise what a name stands for depends on what was asked before, and so on which process looked at which
        files.
        """
        if self.cut and not self.active:
            self.cut = False
            self.answers.clear()


class Names:
    """Resolution inside one module, crossing into others through the project."""

    def __init__(self, module: ModuleFacts) -> None:
        self._module = module
        self._index = module.index
        self._project = module.project
        self._cache: dict[ast.AST, Value] = {}
        self._open_cache: dict[ast.AST, Value] = {}
        """Answers that depend on parameters and loop variables, as long as nothing is known of these."""

        self._bound_caches: dict[tuple[object, ...], dict[ast.AST, Value]] = {}
        """The same by what these are bound to: a function is followed with the same again and again."""

        self._partials: dict[ast.Call, ast.Lambda] = {}
        self._exports: dict[str, Value] = {}
        self.members: dict[tuple[ast.ClassDef, str, bool], Value] = {}
        """What names stand for in the classes of this file and in their objects."""

        self._question = module.project.question
        self._arguments = NOTHING_BOUND
        self._argument_used = False

    # -- public ---------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr, arguments: Arguments | None = None) -> Value:
        """What an expression stands for; `arguments` says what parameters of enclosing functions are bound to."""
        if node in self._cache:
            return self._cache[node]
        if arguments is None:
            return self._value(node)
        if arguments and node in (answers := self._answers_for(arguments)):
            return answers[node]
        kept = self._arguments, self._argument_used
        self._arguments, self._argument_used = arguments, False
        try:
            return self._value(node)
        finally:
            self._arguments, self._argument_used = kept

    def export(self, name: str) -> Value:
        """What `from module import name` gives, submodules not included."""
        if name in self._exports:
            return self._exports[name]
        question = self._question
        key = (self, name)
        if key in question.active:
            question.cut = True
            return None
        question.active.add(key)
        try:
            bindings = self._index.root.bindings.get(name)
            value = self.meaning(bindings) if bindings else self._starred(self._index.root, name)
            if not question.cut:
                self._exports[name] = value
        finally:
            question.active.discard(key)
            question.end()
        return value

    def meaning(self, bindings: Sequence[Binding]) -> Value:
        """What a name with these bindings stands for once its scope was executed."""
        return self._bound(reaching(bindings))

    def close(self) -> None:
        """Let go of everything, and of what was added to the module's tables."""
        for made in self._partials.values():
            del self._index.functions[made], self._index.parents[made]
            assert isinstance(made.body, ast.Call)
            self._index.parents.pop(made.body, None)
        vars(self).clear()

    # -- expressions ----------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> Value:
        if node in self._cache:
            return self._cache[node]
        answers = self._answers_for(self._arguments) if self._arguments else self._open_cache
        if node in answers:
            self._argument_used = True
            return answers[node]
        question = self._question
        if node in question.answers:
            value, depends = question.answers[node]
            self._argument_used = self._argument_used or depends
            return value
        if node in question.active or question.depth > MAX_DEPTH:
            question.cut = True
            return None
        question.active.add(node)
        question.depth += 1
        used, self._argument_used = self._argument_used, False
        try:
            value = self._compute(node)
            if question.cut:
                question.answers[node] = value, self._argument_used
            elif self._argument_used:
                # What a parameter was bound to holds for one call only.
                answers[node] = value
            else:
                self._cache[node] = value
        finally:
            question.active.discard(node)
            question.depth -= 1
            question.end()
        self._argument_used = used or self._argument_used
        return value

    def _answers_for(self, arguments: Arguments) -> dict[ast.AST, Value]:
        if arguments.answers is None:
            if len(self._bound_caches) >= MAX_BOUND:
                self._bound_caches.clear()
            arguments.answers = self._bound_caches.setdefault(tuple(arguments.items()), {})
        return arguments.answers

    def _compute(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "super":
                return self._beyond(node)
            return self.attribute(self._value(node.value), node.attr)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Lambda):
            return FunctionRef(self._module, node)
        if isinstance(node, ast.IfExp):
            return agreed([self.option(node.body), self.option(node.orelse)])
        if isinstance(node, ast.BoolOp):
            return agreed([self.option(value) for value in node.values])
        if isinstance(node, ast.NamedExpr | ast.Await | ast.Starred):
            return self._value(node.value)
        if isinstance(node, ast.Subscript):
            return self._part(node)
        return None

    def _part(self, node: ast.Subscript) -> Value:
        """`frame["a"]`, `frame.loc[rows]`, where a library says what parts of it are: `"pandas.DataFrame[]"`.

        `Box[int]` of a generic class is that class.
        """
        part = namespace_part(self._module, node)
        if part is not None:
            return part
        whole = self._value(node.value)
        if isinstance(whole, ClassRef):
            has_types = bool(getattr(whole.node, "type_params", None))
            return whole if has_types or any(isinstance(base, ast.Subscript) for base in whole.node.bases) else None
        return next(parts(self._project.rng, () if whole is None else (whole,)), None)

    def option(self, node: ast.expr) -> Value | Absent:
        """The value of an expression, telling None in the program from what is not known."""
        return ABSENT if is_none(node) else self._value(node)

    def _call(self, node: ast.Call) -> Value:
        called = self._value(node.func)
        if isinstance(called, External):
            if called.name == "functools.partial" and node.args:
                return FunctionRef(self._module, self._partial(node))
            return given_from_outside(self._module, called.name, node)
        if isinstance(called, FunctionRef | ClassRef) and gives_itself(called, node):
            return called
        if isinstance(called, ClassRef):
            return Instance(called, node, self._module)
        if isinstance(called, FunctionRef):
            return made_from(self._module, node, called) or called.module.names.returned(called)
        return None

    def _partial(self, node: ast.Call) -> ast.Lambda:
        """`partial(f, 1)` as `lambda *_: f(1, *_)`."""
        if node not in self._partials:
            rest = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
            unknown = ast.Starred(value=ast.Constant(value=None), ctx=ast.Load())
            body = ast.Call(func=node.args[0], args=[*node.args[1:], unknown], keywords=node.keywords)
            made = ast.Lambda(args=rest, body=ast.copy_location(body, node))
            ast.copy_location(unknown.value, ast.copy_location(unknown, node))
            self._partials[node] = ast.copy_location(made, node)
            self._index.functions[made] = PARTIAL
            self._index.parents[made] = node
            self._index.parents[body] = made
        return self._partials[node]

    def wrapped(self, function: FunctionRef) -> Value:
        """What a `partial` wraps; the function itself where it is none."""
        node = function.node
        if isinstance(node, ast.Lambda) and self._index.functions.get(node) == PARTIAL:
            assert isinstance(node.body, ast.Call)
            return self._value(node.body.func)
        return function

    def _beyond(self, node: ast.Attribute) -> Value:
        """`super().setup` in a method: of the class that comes next among those of the object at hand."""
        owner = self._module.enclosing_class(node)
        if owner is None:
            return None
        cls = ClassRef(self._module, owner)
        own = self._at_hand(node)
        classes = list(above(own, bases)) if own is not None and own != cls else []
        # An object of another class has no part in what a method of this one does.
        further = classes[classes.index(cls) + 1 :] if cls in classes else above(cls, bases)
        return inherited(own if own is not None and cls in classes else cls, further, node.attr, bound=True)

    def _at_hand(self, node: ast.expr) -> ClassRef | None:
        """The class of the object that a method works on, where that is known."""
        function = self._module.enclosing_function(node)
        first = every_argument(function.args)[:1] if function is not None else []
        self._argument_used = True
        given = self._arguments.get((function, first[0].arg)) if function is not None and first else None
        cls = given.of if isinstance(given, Instance) else given
        return cls if isinstance(cls, ClassRef) else None

    # -- names ----------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name) -> Value:
        found = self._module.lookup.in_force(node)
        if found:
            return None if len(found) > 1 and self.imported_in_arms(found) else self._bound(found)
        if node not in self._index.scopes:
            return None
        return External(node.id) if node.id in BUILTINS else self._starred(self._index.root, node.id)

    def _bound(self, bindings: Iterable[Binding]) -> Value:
        """The value of a name of which these are in force."""
        options: list[Value | Absent] = []
        imports = True
        for binding in bindings:
            options.append(self._binding(binding))
            imports = imports and binding.kind in IMPORTED
        if imports:
            # `try: from a import m` / `except ImportError: def m(): …`: the first choice speaks.
            known = [option for option in reversed(options) if not isinstance(option, Absent) and option is not None]
            return known[0] if known else None
        return agreed(options)

    def imported_in_arms(self, bindings: Sequence[Binding]) -> list[Value]:
        """`if …: from a import Net`, `else: from b import Net`: the different things of the project, or none."""
        parents = self._index.parents
        if len(bindings) > MAX_ARMS or not all(
            each.kind in _IMPORTS and isinstance(parents.get(each.node), ast.If) for each in bindings
        ):
            return []
        values = [self._binding(each) for each in reversed(bindings)]
        found: list[Value] = [each for each in values if isinstance(each, ModuleRef | ClassRef | FunctionRef)]
        return found if len(found) == len(bindings) and len({*found}) > 1 else []

    def _binding(self, binding: Binding) -> Value | Absent:
        kind = binding.kind
        if kind is BindingKind.VALUE and binding.value is not None:
            return self.option(binding.value)
        if kind is BindingKind.DEFINITION:
            return self._defined(binding.node)
        if kind is BindingKind.IMPORT and binding.alias is not None:
            alias = binding.alias
            return self.module_named(alias.name if alias.asname else alias.name.partition(".")[0])
        if kind is BindingKind.FROM_IMPORT and binding.alias is not None and isinstance(binding.node, ast.ImportFrom):
            return self._from(binding.node, binding.alias.name)
        if kind is BindingKind.PARAMETER and isinstance(binding.node, ast.arg):
            return self._parameter(binding.node)
        if kind is BindingKind.ELEMENT or (kind is BindingKind.OPAQUE and loops_over_rows(binding.node)):
            return self._element(binding)
        if kind is BindingKind.CONTEXT and binding.value is not None:
            value = self._value(binding.value)
            return value if isinstance(value, Instance) else None
        return None

    def _defined(self, node: ast.AST) -> Value:
        if isinstance(node, ast.ClassDef):
            return ClassRef(self._module, node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            owner = self._index.parents.get(node)
            return FunctionRef(
                self._module, node, ClassRef(self._module, owner) if isinstance(owner, ast.ClassDef) else None
            )
        return None

    def _parameter(self, node: ast.arg) -> Value:
        function = self._module.function_of_parameter(node)
        self._argument_used = True
        if (function, node.arg) in self._arguments:
            return self._arguments[function, node.arg]
        owner = self._index.parents.get(function)
        if isinstance(owner, ast.ClassDef) and every_argument(function.args)[:1] == [node]:
            kind = method_kind(function)
            if kind != "static":
                cls = ClassRef(self._module, owner)
                return cls if kind == "class" else Instance(cls)
        said = self._annotated(node.annotation) or called_with(self._module, function, node)
        is_open = isinstance(said, Instance) and isinstance(said.of, ClassRef) and is_left_open(said.of)
        return None if is_open else said

    def annotated(self, node: ast.arg | ast.AnnAssign) -> Value:
        """What the annotation of a parameter or field says alone, whether or not there are objects of that class."""
        return self._annotated(node.annotation)

    def _element(self, binding: Binding) -> Value:
        target = getattr(binding.node, "target", None)
        self._argument_used = True
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        for part in parts:
            if not isinstance(part, ast.Name) or (binding.node, part.id) not in self._arguments:
                continue
            if len(parts) == 1 or (part.end_lineno, part.end_col_offset) == binding.position:
                return self._arguments[binding.node, part.id]
        return None

    def _annotated(self, node: ast.expr | None) -> Value:
        """An object of the class that an annotation names; `X | None` and `Optional[X]` mean X."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [side for side in (node.left, node.right) if not is_none(side)]
            return self._annotated(sides[0]) if len(sides) == 1 else None
        if isinstance(node, ast.Subscript):
            outer = self._value(node.value)
            return self._annotated(node.slice) if outer == External("typing.Optional") else None
        value = self._value(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if isinstance(value, ClassRef):
            return Instance(value)
        if isinstance(value, External) and value.name.rpartition(".")[2][:1].isupper():
            return Instance(value)
        return None

    # -- modules --------------------------------------------------------------------------------------------------

    def module_named(self, dotted: str) -> Value:
        """The module that `import dotted` loads."""
        path = self._project.find_module(dotted, self._module.path)
        return ModuleRef(path) if path else External(own_name(dotted))

    def _from(self, node: ast.ImportFrom, name: str) -> Value:
        origin = self.origin_of(node)
        if isinstance(origin, ModuleRef) and origin.path == self._module.path:
            # `from package import part` in the `__init__.py` of that package, or a program that imports itself.
            part = self._project.find_submodule(origin.path, name, self._module.path)
            return ModuleRef(part) if part else self.export(name)
        return self.attribute(origin, name) if origin else None

    def origin_of(self, node: ast.ImportFrom) -> Value:
        """The module that a from-import names."""
        if node.level == 0:
            return self.module_named(node.module or "")
        path = self._project.find_relative(node.module or "", node.level, self._module.path)
        return ModuleRef(path) if path else None

    def _starred(self, scope: Scope, name: str) -> Value:
        """Look `name` up in the modules that are star-imported, the last one first."""
        for node in reversed(scope.stars):
            origin = self.origin_of(node)
            if isinstance(origin, ModuleRef) and not name.startswith("_"):
                if not self._project.may_export(origin.path, name) or self._hands_on_nothing(origin.path, name):
                    continue
                value = self.attribute(origin, name, submodules=False)
                if value is not None:
                    return value
            elif isinstance(origin, External) and self._project.is_known(f"{origin.name}.{name}"):
                return External(f"{origin.name}.{name}")
        return None

    def _hands_on_nothing(self, path: str, name: str) -> bool:
        """Whether a module takes a name from another one of the project, where it stands for nothing that is known.

        Of a library that star-imports its modules, hundreds may take one name from one of them.
        """
        origin = self._project.handed_on(path, name)
        return origin is not None and self.attribute(ModuleRef(origin[0]), origin[1]) is None

    # -- attributes and classes -----------------------------------------------------------------------------------

    def attribute(self, base: Value, name: str, *, submodules: bool = True) -> Value:
        """What `base.name` stands for."""
        if isinstance(base, External):
            full = f"{base.name}.{name}"
            return External(WRAPPED.get(full, full))
        if isinstance(base, ModuleRef):
            return self._module_attribute(base, name, submodules)
        if (name in WORKING and is_remote(base)) or (name in OF_FUNCTIONS and is_decorated(base)):
            return base
        if isinstance(base, ClassRef):
            return self._member(base, name, bound=False)
        if isinstance(base, Instance):
            if isinstance(base.of, External):
                kept = self._kept(base, base.of.name) if name == "dataset" else None
                return kept or External(f"{base.of.name}.{name}")
            return self._member(base.of, name, bound=True)
        return None

    def _member(self, cls: ClassRef, name: str, *, bound: bool) -> Value:
        """As `member`; remembered beside the class, but for what is asked in the middle of another question."""
        if self._question.active:
            return member(cls, name, bound=bound)
        known = cls.module.names.members
        key = cls.node, name, bound
        if key not in known:
            known[key] = member(cls, name, bound=bound)
        return known[key]

    def _kept(self, base: Instance, made: str) -> Value:
        """`loader.dataset`: the object of the project that the loader was made with."""
        if base.made_by is None or base.module is None or made not in self._project.rng.loaders:
            return None
        given = call_of(base.made_by, None).argument("dataset", 0)
        value = base.module.names.value(given) if given is not None else None
        return value if isinstance(value, Instance) and isinstance(value.of, ClassRef) else None

    def _module_attribute(self, base: ModuleRef, name: str, submodules: bool) -> Value:
        module = self._project.module(base.path)
        if module is not None:
            value = module.names.export(name)
            if value is not None:
                return value
            if name in module.index.root.bindings:
                return None
        if submodules:
            path = self._project.find_submodule(base.path, name, self._module.path)
            return ModuleRef(path) if path else None
        return None

    def returned(self, function: FunctionRef) -> Value:
        """What a function of this module returns, where all its `return`s agree on an object or a name."""
        key = ("returned", function.node)
        question = self._question
        if key in question.active or question.depth > MAX_DEPTH:
            question.cut = True
            return None
        if isinstance(function.node, ast.Lambda):
            return self._value(function.node.body)
        question.active.add(key)
        try:
            returned = agreed([self.option(value) for value in self._module.returns(function.node)])
            return of_class_at_hand(function, returned)
        finally:
            question.active.discard(key)
            question.end()


def method_kind(function: Function) -> str:
    """`static`, `class` or `instance`, from the decorators."""
    if isinstance(function, ast.Lambda):
        return "static"
    names = {decorator.id for decorator in function.decorator_list if isinstance(decorator, ast.Name)}
    if "staticmethod" in names:
        return "static"
    return "class" if "classmethod" in names or function.name == "__new__" else "instance"
