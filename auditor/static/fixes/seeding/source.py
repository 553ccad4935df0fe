"""Which seed a script has of its own: an option, a parameter, a constant, an entry of a configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.model.lean import dataclass
from auditor.static.evaluation.commandline import PARSING_METHODS, default_of, option_defaults, typer_default
from auditor.static.evaluation.evaluate import Evaluator
from auditor.static.facts import ModuleFacts
from auditor.static.fixes.seeding.place import Level, is_docstring
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.outsidevalues import FILLING
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.elements import Known

SEED_NAMES = (
    "seed", "random_seed", "rng_seed", "manual_seed", "global_seed", "torch_seed", "np_seed", "seed_value",
    "random_state",
)  # fmt: skip
"""What people call the seed of a whole run, in lower case, the most telling first."""

DEFAULT = "0"
"""What is seeded with where the script has no seed: a plain number, which the author replaces by an option at will."""


@dataclass(frozen=True, slots=True)
class SeedSource:
    """An expression that is the seed, and the number of statements of its block before which it is not known."""

    text: str
    known_after: int


def seed_source(module: ModuleFacts, level: Level) -> SeedSource | None:
    """The seed that the script has at a level, before the statement that leads to the first draw."""
    if level.function is not None:
        own = _parameter(module, level.function)
        if own is not None:
            return SeedSource(own, 1 if level.body and is_docstring(level.body[0]) else 0)
    found = next(_bound(module, level.body[: level.index]), None)
    return found or (_flag(module) if level.function is not None else None)


def _flag(module: ModuleFacts) -> SeedSource | None:
    """`FLAGS.seed` of absl, which is known once a function is run."""
    for name in ("FLAGS", "flags"):
        options = _options(module) if name in module.index.root.bindings else []
        if options and isinstance(value := module.names.export(name), External) and value.name == "absl.flags.FLAGS":
            return SeedSource(f"{name}.{options[0]}", 0)
    return None


def constant_of_module(module: ModuleFacts, before: int | None = None) -> SeedSource | None:
    """A number at the top level that is called a seed; `before`: only among that many statements."""
    for number, statement in enumerate(module.tree.body[:before]):
        name = _target(statement)
        value = getattr(statement, "value", None)
        once = name is not None and len(module.index.root.bindings.get(name, ())) == 1
        if name and once and name.lower() in SEED_NAMES and _is_literal(value):
            return SeedSource(name, number + 1)
    return None


def seed_in_scope(module: ModuleFacts, node: ast.AST) -> str:
    """The seed that can be written at a place of a function or of the top level; `0` where the script has none."""
    function = module.enclosing_function(node)
    statement = module.statement(node)
    while function is not None:
        own = _parameter(module, function)
        if own is not None:
            return own
        if not isinstance(function, ast.Lambda):
            before = [each for each in function.body if each.lineno < statement.lineno]
            if (found := next(_bound(module, before), None)) is not None:
                return found.text
        function = module.enclosing_function(function)
    reached = [each for each in module.tree.body if each.lineno < statement.lineno]
    top = next(_bound(module, reached), None) if module.enclosing_function(node) is None else None
    found = top or constant_of_module(module, len(reached))
    return found.text if found else DEFAULT


def _parameter(module: ModuleFacts, function: Function) -> str | None:
    """A parameter that is the seed, or that holds one: `seed`, `args.seed`."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = {argument.arg.lower(): argument.arg for argument in arguments}
    for wanted in SEED_NAMES:
        name = names.get(wanted)
        if name is not None and _is_given(module, function, name):
            return name
    held = {argument.arg for argument in arguments} - {"self", "cls"}
    return _read_in(module, function, held)


def _is_given(module: ModuleFacts, function: Function, name: str) -> bool:
    default = default_of(function, name)
    if default is None:
        return True
    default = typer_default(module, default) or default
    value = module.constant(default)
    return not isinstance(value, Known) or _is_number(value.value)


def _read_in(module: ModuleFacts, function: Function, names: set[str]) -> str | None:
    """`args.seed`, where the function, or the parser behind `args`, shows that there is one."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Load)
            and node.attr.lower() in SEED_NAMES[:6]
            and isinstance(node.value, ast.Name)
            and node.value.id in names
            and _is_usable(module, node)
        ):
            return module.text(node)
    options = _options(module)
    for name in sorted(names & {"args", "opt", "opts", "options", "flags", "hparams", "config", "cfg", "params"}):
        if options:
            return f"{name}.{options[0]}"
    return None


def _is_usable(module: ModuleFacts, node: ast.expr) -> bool:
    return module.seed_value(node) in (SeedValue.FIXED, SeedValue.GIVEN)


def _bound(module: ModuleFacts, statements: Sequence[ast.stmt]) -> Iterator[SeedSource]:
    """Seeds that statements bring into being, the first one first."""
    for number, statement in enumerate(statements):
        name = _target(statement)
        value = getattr(statement, "value", None)
        if name is None or not isinstance(value, ast.expr):
            continue
        if _is_literal(value) and name.lower() in SEED_NAMES:
            yield SeedSource(name, number + 1)
        elif isinstance(value, ast.Dict):
            for key, given in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in SEED_NAMES and _is_literal(given):
                    yield SeedSource(f'{name}["{key.value}"]', number + 1)
        elif (options := _parsed(module, value)) is not None:
            if options:
                yield SeedSource(f"{name}.{options[0]}", number + 1)
        elif (attribute := _of_object(module, value)) is not None:
            yield SeedSource(f"{name}.{attribute}", number + 1)


def _parsed(module: ModuleFacts, value: ast.expr) -> list[str] | None:
    """Seed options, where the expression parses the command line itself or by a function of the project."""
    if not isinstance(value, ast.Call):
        return None
    if isinstance(value.func, ast.Attribute) and value.func.attr in PARSING_METHODS:
        return _options(module)
    called = module.names.value(value.func)
    if isinstance(called, FunctionRef) and not isinstance(called.node, ast.Lambda):
        for node in ast.walk(called.node):
            if isinstance(node, ast.Attribute) and node.attr in PARSING_METHODS:
                return _options(called.module)
    return None


def _options(module: ModuleFacts) -> list[str]:
    """The seed options of the parsers in a file that have a value when nobody gives one."""
    evaluator = Evaluator(module.project)
    frame = Frame(module)
    try:
        found = option_defaults(module, lambda node: evaluator.value(node, frame))
    finally:
        evaluator.close()
    return [
        name
        for wanted in SEED_NAMES
        for name, value in sorted(found.items())
        if name.lower() == wanted and _is_good(value.kind, value.constant if value.is_constant else 0)
    ]


def _of_object(module: ModuleFacts, value: ast.expr) -> str | None:
    """The attribute of a configuration object that holds a number as seed."""
    made = module.names.value(value)
    holder = made.of if isinstance(made, Instance) else None
    if isinstance(value, ast.Call) and value.args and module.resolve(value.func) in FILLING:
        holder = _class(module, value.args[0])
    if not isinstance(holder, ClassRef):
        return None
    for statement in holder.node.body:
        name = _target(statement)
        given = getattr(statement, "value", None)
        if name and name.lower() in SEED_NAMES and _is_literal(given):
            return name
    return None


def _class(module: ModuleFacts, node: ast.expr) -> ClassRef | None:
    value = module.names.value(node)
    return value if isinstance(value, ClassRef) else None


def _is_good(kind: SeedValue, value: object) -> bool:
    return kind is SeedValue.GIVEN or (kind is SeedValue.FIXED and _is_number(value))


def _is_literal(node: object) -> bool:
    return isinstance(node, ast.Constant) and _is_number(node.value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32


def _target(statement: ast.stmt) -> str | None:
    """The one name that an assignment binds; of `args, rest = …` the first."""
    if isinstance(statement, ast.AnnAssign):
        return statement.target.id if isinstance(statement.target, ast.Name) else None
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    if isinstance(target, ast.Tuple) and target.elts and isinstance(statement.value, ast.Call):
        target = target.elts[0]
    return target.id if isinstance(target, ast.Name) else None
