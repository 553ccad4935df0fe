"""What is called by a name that only the run knows, out of a module: `models.__dict__[arch]()`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.importcalls import ANY, MAX_STEPS, Text, texts_of
from auditor.static.resolution.lookedup import described
from auditor.static.resolution.members import with_stars
from auditor.static.resolution.namespaces import named_in, namespace
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

DRAWING = frozenset({"torchvision.models", "numpy.random"})
"""Modules outside the project in which nearly all that can be called draws."""

_KEPT = ("= eval(", "= globals()[")
"""How something of a file itself that is called later gets a name: `Model = eval(args.model)`."""

_EXPOSING = ("setattr(sys.modules[__name__],", "globals().update(", "globals()[")
"""How a package gives itself the names that its modules define."""

MAX_PICKED = 12
"""Functions and classes of one module that may be picked by name."""


def picked(module: ModuleFacts, call: ast.Call) -> list[Value]:
    """What may be called out of a module by a name that only the run knows: `models.__dict__[arch]()`.

    `vars(models)[arch]()` and `getattr(models, arch)()` too. Of a module of the project the functions and classes that
    take such arguments, in the order of the text; of one outside `DRAWING` something that stands for all it holds.
    Who follows them takes no more than `MAX_PICKED`.
    """
    looked = call.func
    found = looked_into(module, looked)
    if found is None and isinstance(looked, ast.Name) and module.project.texts.contain(module.path, _KEPT):
        looked = module.origin(looked)
        found = looked_into(module, looked)
        # What is looked up elsewhere is followed as what a name may stand for.
        found = found if found is not None and found[1] == ModuleRef(module.path) else None
    if found is None:
        return []
    word, source, texts = found
    if isinstance(source, External):
        return [External(f"{source.name}.{word}")] if source.name in DRAWING else []
    if not isinstance(source, ModuleRef):
        return []
    held = module.project.module(source.path)
    values = _held(held, texts) if held is not None else []
    fitting = list(dict.fromkeys(value for value in values if _takes(value, call)))
    if texts == (ANY,) and (named := described(module, looked, fitting)):
        return list(named)[:MAX_PICKED]
    if held is module:
        # The functions of the file itself are the program's; what it picks among it has imported, or they are classes.
        others = [each for each in fitting if not (isinstance(each, FunctionRef) and each.module is module)]
        return others or fitting
    # Beside functions that make models, classes are parts of these.
    functions: list[Value] = [value for value in fitting if isinstance(value, FunctionRef)]
    return functions or fitting


def looks_up(node: ast.expr) -> bool:
    """Whether an expression is written as one that looks an attribute up: `getattr(models, name)`."""
    is_called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"
    return is_called and isinstance(node, ast.Call) and len(node.args) > 1


def looked_up_as_written(node: ast.Call) -> list[tuple[ast.expr, str]]:
    """`net` and `"loss"` of `getattr(net, "loss")` or `net.__getattribute__("loss")`."""
    is_method = isinstance(node.func, ast.Attribute) and node.func.attr == "__getattribute__"
    parts = [node.func.value, *node.args] if is_method and isinstance(node.func, ast.Attribute) else node.args
    if len(parts) < len(("object", "name")) or not (is_method or looks_up(node)):
        return []
    return [(parts[0], str(getattr(parts[1], "value", "")))]


def looked_into(module: ModuleFacts, node: ast.expr) -> tuple[str, Value, tuple[Text, ...]] | None:
    """How, and in which module, something is looked up by name, and what the name may be."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
        source = namespace(module, node.value)
        if source is not None:
            return getattr(node.value, "attr", "vars"), source, texts_of(module, node.slice, MAX_STEPS)
    is_looked_up = isinstance(node, ast.Call) and looks_up(node) and not isinstance(node.args[1], ast.Constant)
    if is_looked_up and isinstance(node, ast.Call) and module.resolve(node.func) == "getattr":
        return "getattr", module.names.value(node.args[0]), texts_of(module, node.args[1], MAX_STEPS)
    if is_evaluating(node) and isinstance(node, ast.Call) and module.resolve(node.func) == "eval":
        return _evaluated(module, texts_of(module, node.args[0], MAX_STEPS))
    return None


def is_evaluating(node: ast.expr) -> bool:
    """Whether an expression is written as one that evaluates a text."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "eval" and bool(node.args)


def _evaluated(module: ModuleFacts, texts: tuple[Text, ...]) -> tuple[str, Value, tuple[Text, ...]] | None:
    """`eval(f"models.{name}")`: the module that all texts begin with, or the file itself."""
    holders = {text.begin.rpartition(".")[0] for text in texts}
    holder = holders.pop()
    if holders:
        return None
    source = named_in(module, holder) if holder else ModuleRef(module.path)
    return "eval", source, tuple(Text(text.begin.rpartition(".")[2], text.end) for text in texts)


def _held(module: ModuleFacts, texts: Sequence[Text]) -> Iterator[Value]:
    """The functions and classes of the project that a module's names stand for, without those that seed."""
    for each in with_stars(module):
        for name in each.index.root.bindings:
            is_meant = "seed" not in name.lower() and any(text.fits(name) for text in texts)
            value = each.names.export(name) if is_meant else None
            if isinstance(value, FunctionRef | ClassRef):
                yield value
        if each is not module and each.project.texts.contain(each.path, _EXPOSING):
            yield from _exposed(each, texts)
    for text in texts:
        begin, dot, name = (text.end or "").partition(".")
        if dot and "." not in name:
            yield from _held_below(module, Text(text.begin, begin), name)


def _exposed(package: ModuleFacts, texts: Sequence[Text]) -> Iterator[ClassRef]:
    """The classes of modules beside a package's own that it gives its names: what its folder holds, it lists itself."""
    folder, _, own = package.path.rpartition("/")
    for path in package.project.graph.imports(package.path) if own == "__init__.py" else ():
        held = package.project.module(path) if path.rpartition("/")[0] == folder and path != package.path else None
        if held is None:
            continue
        for statement in held.tree.body:
            if isinstance(statement, ast.ClassDef) and any(text.fits(statement.name) for text in texts):
                yield ClassRef(held, statement)


def _held_below(package: ModuleFacts, text: Text, name: str) -> Iterator[Value]:
    """What is called so in the modules of a package that it imports: `eval("models." + config.net + ".make")`."""
    folder = package.path.removesuffix("__init__.py")
    for path in package.project.graph.imports(package.path) if folder != package.path else ():
        place, _, stem = path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")
        held = package.project.module(path) if f"{place}/" == folder and text.fits(stem) else None
        value = held.names.export(name) if held is not None else None
        if isinstance(value, FunctionRef | ClassRef):
            yield value


def _takes(value: Value, call: ast.Call) -> bool:
    """Whether something of the project can be called with as many arguments, and such keywords."""
    made = value.module.names.attribute(Instance(value), "__init__") if isinstance(value, ClassRef) else value
    if not isinstance(made, FunctionRef):
        return True
    if any(isinstance(part, ast.Starred) for part in call.args) or any(word.arg is None for word in call.keywords):
        return True
    arguments = made.node.args
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][int(isinstance(value, ClassRef)) :]
    words = {word.arg for word in call.keywords}
    left = positional[len(call.args) : len(positional) - len(arguments.defaults)]
    if len(call.args) > len(positional) and arguments.vararg is None:
        return False
    known = words <= {*positional, *(each.arg for each in arguments.kwonlyargs)} or arguments.kwarg is not None
    return known and words.issuperset(left)
