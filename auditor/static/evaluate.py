"""What an expression is worth as a seed, at a point of a program.

Follows names, options, configuration classes and calls as far as the frame knows them; whatever it cannot follow is
GIVEN, which counts as the same in every run.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import replace
from auditor.static import constants, mappings
from auditor.static.bindings import Function, every_argument
from auditor.static.commandline import (
    FLAG_CALLS,
    PARSING_METHODS,
    adds_unnamed,
    declared_default,
    flag,
    option_defaults,
    typer_default,
)
from auditor.static.elements import Known, Unknown
from auditor.static.fields import FILLING_METHODS, field, filled
from auditor.static.frame import Frame
from auditor.static.library_verdict import SeedValue
from auditor.static.seedvalue import (
    ENTROPY_CALLS,
    GIVEN,
    IS_NONE,
    OPTIONS,
    UNSEEDED_STATE,
    Entries,
    Seen,
    Shape,
    constant,
    either,
    entropy,
    holding,
    is_text,
    mixed,
)
from auditor.static.values import ClassRef, External, FunctionRef, Instance, ModuleRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

MAX_DEPTH = 12
MAX_PARTS = 12
"""Elements of a tuple that are told apart."""

ENVIRONMENT = "os.environ"
OPTION_NAMES = frozenset(
    {
        "args", "arg", "opt", "opts", "option", "options", "flags", "FLAGS", "parsed", "cli_args", "parsed_args",
        "hparams", "ns", "namespace",
    }
)  # fmt: skip
COMPUTING = frozenset(
    {
        "int", "float", "abs", "round", "min", "max", "sum", "len", "pow", "divmod", "bool", "str", "hash",
        "numpy.int32", "numpy.int64", "numpy.uint32",
    }
)  # fmt: skip
READ = COMPUTING | {"os.environ.get", "os.getenv", "getattr", "vars"}
JOB_IDS = frozenset({"SLURM_JOB_ID", "SLURM_JOBID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"})
"""Environment variables that a scheduler gives another value in each job."""

ADDING = frozenset(
    {
        "__dict__", "add_argparse_args", "add_arguments", "add_class_arguments", "add_dataclass_arguments", "namespace",
        "parents", "setattr", "update",
    }
)  # fmt: skip
"""Words of which one stands in files that give a parser, or its result, options that are not declared one by one."""

DIFFERING = frozenset(part for name in ENTROPY_CALLS for part in name.split(".")) | {"random", "hash", "SeedSequence"}
"""Identifiers of which one is in every expression that differs from run to run by itself."""


class Evaluator:
    """Reads expressions; `is_seeded` says whether a library is seeded at this point (None: not known)."""

    def __init__(self, project: Project, is_seeded: Callable[[str], bool | None] | None = None) -> None:
        self._project = project
        self._is_seeded = is_seeded or (lambda library: None)
        self._options: dict[str, dict[str, Seen]] = {}
        self._modules: dict[str, ModuleFacts] = {}
        """Modules that the program has executed so far: their parsers count."""

        self._unread: deque[ModuleFacts] = deque()
        """Those of them whose options are not in the table yet."""

        self._table: dict[str, Seen] = {}
        """The options of all modules; GIVEN where two differ."""

        self.stored: Mapping[str, Seen] = {}
        """What the program itself has stored in its options (`args.seed = 7`) and in names of modules."""

        self._objects: dict[ClassRef, dict[str, Seen]] = {}
        """Attributes that the constructors of classes have set."""

        self.differing: set[str] = set()
        """Names that anywhere were bound to something that differs from run to run."""

        self._closed: dict[int, bool] = {}
        """Whether the options of so many modules are all declared by name."""

        self._aliases: dict[str, frozenset[str]] = {}
        self._depth = 0

    def executes(self, module: ModuleFacts) -> None:
        """The program executes something of a module."""
        if module.path not in self._modules:
            self._modules[module.path] = module
            self._unread.append(module)

    def remember_object(self, cls: ClassRef, frame: Frame) -> None:
        """The constructor of `cls` was executed in `frame`; attributes on which two objects differ are given up."""
        first = frame.function and every_argument(frame.function.args)[:1]
        prefix = f"{first[0].arg}." if first else "self."
        known = self._objects.setdefault(cls, {})
        for text, value in frame.values.items():
            name = text.removeprefix(prefix)
            if name != text:
                known[name] = either(known[name], value) if name in known else value

    def value(self, node: ast.expr, frame: Frame) -> Seen:
        """The value of `node`; never raises, never gives up without an answer."""
        if self._depth > MAX_DEPTH:
            return GIVEN
        self._depth += 1
        try:
            return self._value(node, frame)
        finally:
            self._depth -= 1

    def _value(self, node: ast.expr, frame: Frame) -> Seen:
        if isinstance(node, ast.Constant):
            return constant(node.value)
        if isinstance(node, ast.Name):
            return self._name(node, frame)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, frame)
        if isinstance(node, ast.Call):
            return self._call(node, frame)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, frame)
        if isinstance(node, ast.IfExp):
            chosen = self.truth(node.test, frame)
            if chosen is not None:
                return self.value(node.body if chosen else node.orelse, frame)
            return either(self.value(node.body, frame), self.value(node.orelse, frame))
        if isinstance(node, ast.BoolOp):
            return self._choice(node, frame)
        if isinstance(node, ast.NamedExpr | ast.Await | ast.Starred):
            return self.value(node.value, frame)
        if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            holds = self.truth(node, frame)
            return GIVEN if holds is None else constant(holds)
        known = constants.constant(frame.module, node)
        if isinstance(node, ast.Dict):
            held = mappings.displayed(self, node, frame)
            return holding(constant(known.value), entries=held.entries) if isinstance(known, Known) else held
        if isinstance(known, Known):
            return constant(known.value)
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= MAX_PARTS:
            parts = tuple(self.value(part, frame) for part in node.elts)
            starred = any(isinstance(part, ast.Starred) for part in node.elts)
            return mixed(parts) if starred else holding(mixed(parts), parts=parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return mappings.merged(self.value(node.left, frame), self.value(node.right, frame))
        return mixed(self.value(child, frame) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    # -- names ----------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name, frame: Frame) -> Seen:
        found = frame.find(node.id)
        if self.stored and node.id not in frame.values:
            found = self.stored.get(global_key(frame.module.path, node.id), found)
        if found is not None:
            return found
        if frame.function is not None and node.id in frame.module.written.signature(frame.function).names:
            return self.parameter(frame, frame.function, node.id)
        return self._assigned(node, frame)

    def _assigned(self, node: ast.Name | ast.Attribute, frame: Frame) -> Seen:
        """The one expression that the name is bound to, read where it stands."""
        found = constants.assigned(frame.module, node)
        if found is None:
            return GIVEN
        module, value = found
        if module is frame.module:
            inside = Frame(module, module.enclosing_function(value), frame.parent or frame)
            inside.results = frame.results
            return self.value(value, inside)
        return self.value(value, Frame(module))

    def parameter(self, frame: Frame, function: Function, name: str) -> Seen:
        """A parameter that the call did not give."""
        outer = Frame(frame.module, None, frame.parent)
        declared = declared_default(frame.module, function, name, lambda node: self.value(node, outer))
        if declared is not None:
            return declared
        default = frame.module.written.signature(function).defaults.get(name)
        if default is None:
            return GIVEN
        seen = self.value(typer_default(frame.module, default) or default, outer)
        return constant(None, "None by default") if seen == IS_NONE else seen

    def _attribute(self, node: ast.Attribute, frame: Frame) -> Seen:
        text = dotted_text(node)
        found = frame.find(text) if text else None
        if found is not None:
            return found
        base = self.value(node.value, frame)
        if base.entries is not None:
            held = mappings.looked_up(self, base.entries, node.attr, frame)
            if held is not None:
                return held
        if base.kind is SeedValue.ENTROPY:
            return base
        if base.shape is Shape.OPTIONS:
            return self.option(node.attr, frame)
        value = frame.resolve(node.value)
        if isinstance(value, Instance) and isinstance(value.of, ClassRef):
            return field(self, self._objects.get(value.of, {}), value, value.of, node.attr, frame)
        if isinstance(value, ClassRef):
            return field(self, self._objects.get(value, {}), None, value, node.attr, frame)
        if isinstance(node.value, ast.Name) and node.value.id in OPTION_NAMES:
            return self.option(node.attr, frame)
        if isinstance(value, ModuleRef) and (stored := self.stored.get(global_key(value.path, node.attr))):
            return stored
        return self._assigned(node, frame)

    def option(self, name: str, frame: Frame) -> Seen:
        """A command-line option, as it is when nobody gives it."""
        if name in self.stored:
            return self.stored[name]
        own = self._module_options(frame.module).get(name)
        if own is not None:
            return own
        while self._unread:
            for option, default in self._module_options(self._unread.popleft()).items():
                self._table[option] = default if self._table.get(option, default) == default else GIVEN
        return self._table.get(name, GIVEN)

    def _module_options(self, module: ModuleFacts) -> dict[str, Seen]:
        found = self._options.get(module.path)
        if found is None:
            self._options[module.path] = {}
            found = option_defaults(
                module, lambda node: self.value(node, Frame(module, module.enclosing_function(node)))
            )
            self._options[module.path] = found
        return found

    # -- calls ----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, frame: Frame) -> Seen:
        if node in frame.results:
            return frame.results[node]
        if isinstance(node.func, ast.Attribute) and node.func.attr in PARSING_METHODS:
            return OPTIONS
        if isinstance(node.func, ast.Attribute) and node.func.attr in FILLING_METHODS:
            return filled(self, frame.resolve(node.func.value), frame)
        if isinstance(node.func, ast.Attribute):
            found = self._got(node, node.func, frame)
            if found is not None:
                return found
        value = frame.resolve(node.func)
        if isinstance(value, External):
            return self._external(value.name, node, frame)
        if isinstance(value, FunctionRef):
            return self._returned(value, node, frame)
        if not self._may_differ(frame.module, node):
            return GIVEN
        inside = [*node.args, *(word.value for word in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            inside.append(node.func.value)
        worst = mixed(self.value(part, frame) for part in inside)
        return worst if worst.kind is SeedValue.ENTROPY else GIVEN

    def _external(self, name: str, node: ast.Call, frame: Frame) -> Seen:
        if (library := self._project.rng.state_getters.get(name)) is not None:
            return UNSEEDED_STATE if self._is_seeded(library) is False else GIVEN
        if name in mappings.MAKING:
            return mappings.made(self, node, frame)
        if name.startswith(FLAG_CALLS):
            default = next(iter(flag(node, lambda part: self.value(part, frame)).values()), GIVEN)
            return holding(GIVEN, entries=Entries({"value": default}, GIVEN))
        if name in ("locals", "vars") and not node.args:
            return holding(GIVEN, entries=Entries(dict(frame.values), GIVEN))
        if name not in READ and not self._may_differ(frame.module, node):
            return GIVEN
        parts = [self.value(part, frame) for part in (*node.args, *(word.value for word in node.keywords))]
        if name == "hash" and node.args and self._is_text(node.args[0], frame):
            return entropy("the hash of a string, which differs from process to process")
        for prefix in (name, name.rpartition(".")[0]):
            if ENTROPY_CALLS.get(prefix):
                return entropy(ENTROPY_CALLS[prefix])
        if name == "numpy.random.SeedSequence" and not parts:
            return entropy("the operating system's entropy")
        if name in ("os.environ.get", "os.getenv"):
            variable = parts[0].constant if parts else None
            if (known := self._variable(variable)) != GIVEN and (len(parts) == 1 or not _is_job_id(variable)):
                return known
            if len(parts) > 1 and parts[1].kind is not SeedValue.NONE:
                return parts[1]
            return constant(None, "None where the variable is not set") if _asks_for_seed(parts[:1]) else GIVEN
        if name == "getattr" and len(node.args) >= 2:
            return self._getattr(node, frame)
        if name == "vars" and parts:
            return parts[0]
        if (drawn := self._drawn(name)) is not None:
            return drawn
        return mixed(parts) if name in COMPUTING and parts else mixed([GIVEN, *parts])

    def _variable(self, name: object) -> Seen:
        """An environment variable: what the program itself put there, or what a scheduler gives each job."""
        stored = self.stored.get(global_key(ENVIRONMENT, name)) if isinstance(name, str) else None
        return stored or (entropy("the job's id") if _is_job_id(name) else GIVEN)

    def _is_text(self, node: ast.expr, frame: Frame) -> bool:
        """Whether an expression, or what its name stands for, is certainly a string."""
        if is_text(node, self._callee(node, frame)):
            return True
        if not isinstance(node, ast.Name):
            return False
        arguments = every_argument(frame.function.args) if frame.function is not None else []
        declared = next((each.annotation for each in arguments if each.arg == node.id), None)
        if declared is not None:
            return isinstance(declared, ast.Name) and declared.id == "str"
        origin = frame.module.origin(node)
        return origin is not node and is_text(origin, self._callee(origin, frame))

    def _may_differ(self, module: ModuleFacts, node: ast.Call) -> bool:
        """Whether anything in an expression could be another value in each run."""
        words = module.identifiers_in(node)
        known = (DIFFERING, self.differing, self._differing_aliases(module))
        return not all(words.isdisjoint(names) for names in known)

    def _differing_aliases(self, module: ModuleFacts) -> frozenset[str]:
        """What `from time import time as now` and its like call something that differs from run to run."""
        found = self._aliases.get(module.path)
        if found is None:
            aliases = (alias for node, _ in module.index.imports for alias in node.names if alias.asname)
            found = frozenset(
                alias.asname or "" for alias in aliases if not DIFFERING.isdisjoint(alias.name.split("."))
            )
            self._aliases[module.path] = found
        return found

    def _drawn(self, name: str) -> Seen | None:
        """A random number as seed is as good as the generator it came from."""
        if name in ("torch.initial_seed", "torch.random.initial_seed"):
            libraries = ["torch"]
        elif name in self._project.rng.seed_calls:
            return None
        else:
            libraries = [candidate.library.id for candidate in self._project.rng.candidates(name)]
        for library in libraries:
            if self._is_seeded(library) is False:
                return entropy(f"a number from {library}, which is not seeded itself")
        return GIVEN if libraries else None

    def _getattr(self, node: ast.Call, frame: Frame) -> Seen:
        attribute = node.args[1]
        if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
            base = self.value(node.args[0], frame)
            if base.shape is not Shape.OPTIONS:
                return GIVEN
            found = self.option(attribute.value, frame)
            if len(node.args) == 3 and attribute.value not in self._table and self._are_all_declared(frame):
                default = self.value(node.args[2], frame)
                return constant(None, "None, as no option is called so") if default == IS_NONE else default
            return found
        return GIVEN

    def _are_all_declared(self, frame: Frame) -> bool:
        """Whether the options of the program are those that its parsers declare by name, and nothing adds to them."""
        self.executes(frame.module)
        number = len(self._modules)
        if number not in self._closed:
            self._closed[number] = bool(self._table) and not any(
                self._project.texts.hold(path, ADDING) or adds_unnamed(module) for path, module in self._modules.items()
            )
        return self._closed[number]

    def _returned(self, function: FunctionRef, node: ast.Call, frame: Frame) -> Seen:
        returns = function.module.returns(function.node)
        if len(returns) != 1:
            return GIVEN
        inside = Frame(function.module, function.node)
        inside.values = {
            word.arg: self.value(word.value, frame) for word in node.keywords if word.arg in _names(function.node)
        }
        return self.value(returns[0], inside)

    def _callee(self, node: ast.expr, frame: Frame) -> External | None:
        """What is called or subscripted."""
        part = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else None
        value = frame.resolve(part) if part is not None else None
        return value if isinstance(value, External) else None

    def _subscript(self, node: ast.Subscript, frame: Frame) -> Seen:
        base = self.value(node.value, frame)
        key = self.known(node.slice, frame)
        found = self._item(node.value, base, key, frame)
        if found is not None:
            return found
        if base.parts and isinstance(node.value, ast.Call) and isinstance(key, Known) and isinstance(key.value, int):
            return base.parts[key.value] if -len(base.parts) <= key.value < len(base.parts) else GIVEN
        if isinstance(key, Known) and frame.module.resolve(node.value) == ENVIRONMENT:
            return self._variable(key.value)
        if isinstance(base.constant, dict) and isinstance(key, Known) and not isinstance(key.value, str):
            return constant(base.constant[key.value]) if _is_in(key.value, base.constant) else GIVEN
        return base if base.kind is SeedValue.ENTROPY else GIVEN

    def _got(self, node: ast.Call, called: ast.Attribute, frame: Frame) -> Seen | None:
        """`config.get("seed")`, `config.copy()`, where it is known what the dictionary holds."""
        if called.attr == "copy" and not node.args:
            copied = self.value(called.value, frame)
            return replace(copied) if mappings.entries_of(copied) is not None else None
        if called.attr != "get" or not node.args:
            return None
        key = self.known(node.args[0], frame)
        if not isinstance(key, Known) or not isinstance(key.value, str):
            return None
        base = self.value(called.value, frame)
        entries = mappings.entries_of(base) if base.shape is not Shape.OPTIONS else None
        if entries is not None and self._is_settled(called.value, key.value, frame):
            return mappings.got(self, node, entries, key.value, frame)
        return self._item(called.value, base, key, frame)

    def known(self, node: ast.expr, frame: Frame) -> Known | Unknown:
        """The value of an expression where the text says it, or what a followed name was bound to."""
        read = constants.constant(frame.module, node)
        if isinstance(read, Known) or not isinstance(node, ast.Name):
            return read
        seen = frame.find(node.id)
        return Known(seen.constant) if seen is not None and seen.is_constant else read

    def _is_settled(self, node: ast.expr, key: str, frame: Frame) -> bool:
        """Whether all that puts something under a key of what an expression stands for was followed, up to here."""
        text = dotted_text(node)
        if text is None or frame.find(text) is not None:
            return True
        if _is_written_to(frame.module, node, key):
            return False
        assigned = constants.assigned(frame.module, node) if isinstance(node, ast.Name | ast.Attribute) else None
        if assigned is None or assigned[0] is frame.module:
            return True
        return not _is_written_to(assigned[0], ast.Name(text.rpartition(".")[2]), key)

    def _item(self, node: ast.expr, base: Seen, key: Known | Unknown, frame: Frame) -> Seen | None:
        """What `node` holds under a key: an option, or what the dictionary says that it stands for."""
        if not isinstance(key, Known) or not isinstance(key.value, str):
            return None
        if base.shape is Shape.OPTIONS:
            return self.option(key.value, frame)
        entries = mappings.entries_of(base)
        if entries is None or not self._is_settled(node, key.value, frame):
            return None
        return mappings.looked_up(self, entries, key.value, frame)

    def _choice(self, node: ast.BoolOp, frame: Frame) -> Seen:
        """`a or b` is the first that is true, `a and b` the last where all before are."""
        values = [self.value(value, frame) for value in node.values]
        if isinstance(node.op, ast.And):
            return values[-1] if values[0].kind is not SeedValue.NONE else values[0]
        for value in values[:-1]:
            false = value.kind is SeedValue.NONE or (value.is_constant and not value.constant)
            if not false:
                return value
        return values[-1]

    # -- conditions -----------------------------------------------------------------------------------------------

    def truth(self, node: ast.expr, frame: Frame) -> bool | None:
        """Whether a condition holds when nobody gives an option; None where that cannot be told."""
        from auditor.static.truth import truth

        return truth(self, node, frame)


def global_key(path: str, name: str) -> str:
    """A name of a module, told from the names of options."""
    return f"{path}:{name}"


def dotted_text(node: ast.expr) -> str | None:
    """`self.args.seed` as text; None for anything but names and attributes."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def _is_in(key: object, known: dict[object, object]) -> bool:
    try:
        return key in known
    except TypeError:
        return False  # a dictionary as a key, which fails where the program runs too


def _names(function: Function) -> set[str]:
    return {argument.arg for argument in every_argument(function.args)}


def _is_job_id(value: object) -> bool:
    return isinstance(value, str) and value in JOB_IDS


def _asks_for_seed(name: Sequence[Seen]) -> bool:
    """Whether an environment variable is the program's own for its seed: `SEED`, `TRAIN_SEED`, not what Python has."""
    return any(isinstance(each.constant, str) and "seed" in each.constant.lower().split("_") for each in name)


def _is_written_to(module: ModuleFacts, table: ast.expr, key: str) -> bool:
    """Whether a file may put something under a key into the dictionary that a name stands for."""
    text = dotted_text(table)
    called = (call.func for call, _, _ in module.index.calls if isinstance(call.func, ast.Attribute))
    if any(each.attr in ("update", "setdefault", "pop") and dotted_text(each.value) == text for each in called):
        return True
    targets = [target for _, target, _, _ in module.index.assignments if isinstance(target, ast.Subscript)]
    return any(
        target.slice.value == key if isinstance(target.slice, ast.Constant) else dotted_text(target.value) == text
        for target in targets
    )
