"""What dictionaries and namespaces hold, where a program makes, merges, copies and changes them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import (
    GIVEN,
    MAX_SIZE,
    OPTIONS,
    OVER_OTHERS,
    Entries,
    Seen,
    Shape,
    constant,
    holding,
    mixed,
    written,
)
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.syntax.elements import Known
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text
from auditor.static.text.seednames import may_name_seed

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.syntax.bindings import Function

MAX_ENTRIES = 200
"""Keys of one dictionary; larger ones are data."""

MAX_PASSED = 3
"""Functions that hand a dictionary on to each other before it counts as changed."""

MAKING = frozenset(
    {
        "addict.Dict", "argparse.Namespace", "attrdict.AttrDict", "box.Box", "collections.OrderedDict", "copy.copy",
        "copy.deepcopy", "detectron2.config.CfgNode", "dict", "dotmap.DotMap", "easydict.EasyDict",
        "fvcore.common.config.CfgNode", "ml_collections.ConfigDict", "ml_collections.config_dict.ConfigDict",
        "munch.Munch", "munch.munchify", "omegaconf.OmegaConf.create", "types.MappingProxyType",
        "types.SimpleNamespace", "yacs.config.CfgNode",
    }
)  # fmt: skip
"""Calls outside the project whose result holds what their first argument and their keywords hold."""

MERGING = frozenset({"omegaconf.OmegaConf.merge", "omegaconf.OmegaConf.unsafe_merge"})
"""Calls outside the project whose result holds what their arguments hold, the last one first."""

COPYING_METHODS = frozenset({"_asdict", "_replace", "clone", "copy", "model_copy", "model_dump"})
"""Methods that copy what holds something by names; keywords name what the copy has in its place."""

FROM_COMMAND_LINE = "omegaconf.OmegaConf.from_cli"

_PUT: WeakKeyDictionary[ModuleFacts, dict[str, list[tuple[object, ast.expr | None]]]] = WeakKeyDictionary()
_AT_TOP: WeakKeyDictionary[ModuleFacts, dict[str, list[tuple[tuple[str, ...], ast.expr]]]] = WeakKeyDictionary()
_READING = frozenset({"clone", "copy", "defrost", "dump", "freeze", "get", "items", "keys", "values"})
_WRITING = frozenset({"__setattr__", "delattr", "parse_args", "parse_intermixed_args", "parse_known_args", "setattr"})
"""The last names of what puts something into what it is handed: `parser.parse_args(namespace=config)`."""

_ABSENT = "None, as nothing is there under that name"


def entries_of(seen: Seen) -> Entries | None:
    """What a value holds by names; None where it is nothing of the kind, or too large."""
    if seen.entries is not None:
        return seen.entries
    if seen.shape is Shape.OPTIONS:
        return Entries({}, OPTIONS)
    if not isinstance(seen.constant, dict) or len(seen.constant) > MAX_ENTRIES:
        return None
    return Entries({key: constant(value) for key, value in seen.constant.items() if isinstance(key, str)})


def looked_up(evaluator: Evaluator, entries: Entries, key: str, frame: Frame) -> Seen | None:
    """What stands under a key; None where there certainly is nothing."""
    if key in entries.known:
        return entries.known[key]
    return evaluator.options.value(key, frame) if entries.rest in (OPTIONS, OVER_OTHERS) else entries.rest


def got(evaluator: Evaluator, node: ast.Call, entries: Entries, key: str, frame: Frame) -> Seen:
    """`config.get("seed", 3)`."""
    found = looked_up(evaluator, entries, key, frame)
    if found is not None:
        return found
    default = node.args[1] if len(node.args) > 1 else None
    return written(default, evaluator.value(default, frame), frame) if default is not None else constant(None, _ABSENT)


def displayed(evaluator: Evaluator, node: ast.Dict, frame: Frame) -> Seen:
    """`{"seed": 3, **others}`."""
    if len(node.keys) > MAX_ENTRIES:
        return GIVEN
    layers: list[Entries | None] = []
    values = [written(value, evaluator.value(value, frame), frame) for value in node.values]
    for key, value in zip(node.keys, values, strict=True):
        if key is None:
            layers.append(entries_of(value))
            continue
        name = evaluator.known(key, frame)
        layers.append(Entries({name.value: value}) if isinstance(name, Known) and isinstance(name.value, str) else None)
    return holding(mixed(values), entries=_merged(layers))


def made(evaluator: Evaluator, node: ast.Call, frame: Frame, *, merging: bool = False) -> Seen:
    """`dict(DEFAULTS, steps=3)`, `SimpleNamespace(**values)`, `copy.deepcopy(config)`; `merging`: all arguments."""
    positional = node.args if merging else node.args[:1]
    parts = (*positional, *(word.value for word in node.keywords))
    given = [written(part, evaluator.value(part, frame), frame) for part in parts]
    layers = [entries_of(each) for each in given[: len(positional)]]
    for word, value in zip(node.keywords, given[len(layers) :], strict=True):
        layers.append(Entries({word.arg: value}) if word.arg is not None else entries_of(value))
    if any(isinstance(part, ast.Starred) for part in node.args) or len(layers) > MAX_ENTRIES:
        return GIVEN
    if layers == [Entries({}, OPTIONS)]:
        return OPTIONS
    if layers == [None]:
        return given[0]
    return holding(mixed(given), entries=_merged(layers))


def merged(one: Seen, other: Seen) -> Seen:
    """`DEFAULTS | overrides`, `defaults.update(overrides)`."""
    return holding(mixed([one, other]), entries=_merged([entries_of(one), entries_of(other)]))


def _merged(layers: Iterable[Entries | None]) -> Entries | None:
    """What later ones hold counts; where one of them is not known, nothing of those before it does."""
    result = Entries({})
    for layer in layers:
        if layer is None:
            result = Entries({}, GIVEN)
        elif layer.rest is None:
            result = Entries({**result.known, **layer.known}, result.rest)
        else:
            is_alone = layer.rest != OPTIONS or result == Entries({})
            result = layer if is_alone else Entries(layer.known, OVER_OTHERS)
    return result if len(result.known) <= MAX_ENTRIES else None


def with_entry(seen: Seen, key: str | None, value: Seen) -> Seen:
    """A dictionary after `config[key] = value`; of a key that is not known all that was known is lost."""
    entries = entries_of(seen)
    if entries is None or key is None or seen.shape is Shape.OPTIONS:
        return GIVEN
    return holding(GIVEN, entries=Entries({**entries.known, key: value}, entries.rest))


def filling_around(module: ModuleFacts) -> Iterator[Function]:
    """Functions that put a seed into a dictionary of the function around them: `config["seed"] = 3`."""
    for _, target, _, function in module.index.assignments:
        key = target.slice if isinstance(target, ast.Subscript) else None
        if function is None or not isinstance(key, ast.Constant) or not may_name_seed(str(key.value)):
            continue
        if module.enclosing_function(function) is not None:
            yield function


def filled_at_top(evaluator: Evaluator, module: ModuleFacts, name: str) -> Seen | None:
    """What the name of a module holds after `_C = CfgNode()`, `_C.SEED = -1`; None where it holds nothing by names."""
    bindings = module.index.root.bindings.get(name, ())
    if len(bindings) != 1 or bindings[0].value is None:
        return None
    frame = Frame(module)
    seen = evaluator.value(bindings[0].value, frame)
    stored = _stored_at_top(module).get(name, ())
    if entries_of(seen) is None or len(stored) > MAX_SIZE:
        return None
    for path, value in stored:
        seen = with_path(seen, path, evaluator.value(value, frame))
    return seen


def _stored_at_top(module: ModuleFacts) -> Mapping[str, Sequence[tuple[tuple[str, ...], ast.expr]]]:
    """What a module's top level stores in attributes of its names, in order."""
    found = _AT_TOP.get(module)
    if found is None:
        found = _AT_TOP[module] = {}
        for _, target, value, function in module.index.assignments:
            text = dotted_text(target) if function is None and isinstance(target, ast.Attribute) else None
            if text is not None:
                name, *path = text.split(".")
                found.setdefault(name, []).append((tuple(path), value))
    return found


def with_path(seen: Seen, path: Sequence[str], value: Seen) -> Seen:
    """A dictionary after `config.train.seed = value`."""
    first, *rest = path
    if rest:
        entries = entries_of(seen)
        value = with_path(entries.known.get(first, GIVEN), rest, value) if entries is not None else GIVEN
    return with_entry(seen, first, value)


def updated(evaluator: Evaluator, node: ast.Call, seen: Seen, frame: Frame) -> Seen:
    """A dictionary after a method of it was called."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if method in _READING:
        return seen
    if method == "update":
        return merged(seen, made(evaluator, node, frame))
    if method == "merge_from_list" and len(node.args) == 1 and _is_command_line(evaluator, node.args[0], frame):
        return seen
    if method in ("pop", "setdefault") and node.args:
        key = evaluator.known(node.args[0], frame)
        if isinstance(key, Known) and isinstance(key.value, str):
            return with_entry(seen, key.value, GIVEN)
    return GIVEN


def is_copy_of_name(node: ast.expr) -> bool:
    """`_C.clone()`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in COPYING_METHODS
        and isinstance(node.func.value, ast.Name)
        and not node.args
    )


def writes_seed(node: ast.expr) -> bool:
    """`{"seed": 3}`, `SimpleNamespace(seed=3)`."""
    if isinstance(node, ast.Call):
        return any(word.arg is not None and may_name_seed(word.arg) for word in node.keywords)
    keys = node.keys if isinstance(node, ast.Dict) else ()
    return any(isinstance(key, ast.Constant) and may_name_seed(str(key.value)) for key in keys)


def _is_command_line(evaluator: Evaluator, node: ast.expr, frame: Frame) -> bool:
    """Whether an expression is what the command line holds besides options, which is nothing in a plain run."""
    if isinstance(node, ast.Subscript):
        node = node.value
    if frame.module.resolve(node) == "sys.argv":
        return True
    return isinstance(node, ast.Attribute) and evaluator.value(node.value, frame).shape is Shape.OPTIONS


def is_always(module: ModuleFacts, node: ast.expr, seen: Seen) -> bool:
    """Whether what is looked up in a dictionary is the constant that the text puts there, and nothing but that."""
    if not (seen.is_constant and seen.is_written):
        return False
    holder = node.value if isinstance(node, ast.Subscript) else getattr(getattr(node, "func", None), "value", None)
    key = node.slice if isinstance(node, ast.Subscript) else next(iter(getattr(node, "args", ())), None)
    if not isinstance(holder, ast.Name) or not isinstance(key, ast.Constant):
        return False
    for name, value in _put_into(module).get(holder.id, ()):
        if name in (key.value, None) and (name is None or getattr(value, "value", None) is not seen.constant):
            return False
    return (
        module.enclosing_function(node) is None
        or not module.project.is_imported(module.path)
        or _is_local(module, holder)
    )


def _put_into(module: ModuleFacts) -> Mapping[str, Sequence[tuple[object, ast.expr | None]]]:
    """What a file puts into the dictionaries that names stand for, with the key; None for a key that is not written."""
    found = _PUT.get(module)
    if found is None:
        found = _PUT[module] = {}
        for call, _, _ in module.index.calls:
            called = call.func
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.attr not in _READING:
                found.setdefault(called.value.id, []).append((None, None))
        for _, target, value, _ in module.index.assignments:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                key = target.slice.value if isinstance(target.slice, ast.Constant) else None
                found.setdefault(target.value.id, []).append((key, value))
    return found


def is_put_into(module: ModuleFacts, name: str, key: str) -> bool:
    """Whether a file may put something under a key into the dictionary of that name, after that is written."""
    return any(put in (key, None) for put, _ in _put_into(module).get(name, ()))


def is_filled_later(module: ModuleFacts, name: str) -> bool:
    """Whether a file may put anything into what goes by a name there, after that is written."""
    return name in _put_into(module)


def _is_local(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether a name belongs to the function that it stands in."""
    function = module.enclosing_function(name)
    return function is not None and name.id in module.index.scopes[function].bindings


Asked = dict[tuple[ast.AST, str], bool]
"""Whether functions may put something into what they get under a name; each is asked once for a program."""


def is_changed_by(node: ast.Call, part: ast.expr, frame: Frame, asked: Asked) -> bool:
    """Whether what is called with a dictionary may put something in."""
    return _is_changed(frame.resolve(node.func), node, part, 0, asked)


def _is_changed(value: object, node: ast.Call, part: ast.expr, depth: int, asked: Asked) -> bool:
    if isinstance(value, ClassRef):
        value = value.module.names.attribute(Instance(value), "__init__")
        if value is None:
            return False
    if isinstance(value, External):
        return value.name.rpartition(".")[2] in _WRITING
    if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda) or depth > MAX_PASSED:
        return True
    name = parameter_of(value, node, part)
    if name is None:
        return True
    key = value.node, name
    if key not in asked:
        asked[key] = False  # what leads back to itself says nothing
        uses = (each for each in walk(value.node) if isinstance(each, ast.Name) and each.id == name)
        asked[key] = any(is_changed_at(value.module, each, asked, depth) for each in uses)
    return asked[key]


def parameter_of(function: FunctionRef, node: ast.Call, part: ast.expr) -> str | None:
    """The name under which a function gets an argument; None where that is not one of its own."""
    arguments = function.node.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][int(function.bound) :]
    for word in node.keywords:
        if word.value is part:
            return word.arg
    place = next((number for number, each in enumerate(node.args) if each is part), len(names))
    return names[place] if place < len(names) else None


def is_changed_at(module: ModuleFacts, use: ast.AST, asked: Asked, depth: int = 0) -> bool:
    """Whether a file may put something into what a name stands for, where it uses that."""
    parent, above = module.parent(use), use
    if isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "vars":
        # What is only handed on so may be read there: `wandb.init(config=vars(args))`.
        return not isinstance(module.parent(parent), ast.Call | ast.keyword) and is_changed_at(
            module, parent, asked, depth
        )
    while isinstance(parent, ast.Attribute) and isinstance(
        outer := module.parent(parent), ast.Attribute | ast.Subscript
    ):
        # `config.train.seed = 3`
        if outer.value is not parent:
            break
        parent, above = outer, parent
    if isinstance(parent, ast.Subscript | ast.Attribute) and parent.value is above:
        if not isinstance(parent.ctx, ast.Load):
            return True
        call = module.parent(parent)
        is_method = isinstance(parent, ast.Attribute) and isinstance(call, ast.Call) and call.func is parent
        return is_method and isinstance(parent, ast.Attribute) and parent.attr not in _READING
    call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
    if isinstance(parent, ast.keyword) and parent.arg is None:
        return False
    if isinstance(call, ast.Call) and call.func is not use and isinstance(use, ast.expr):
        return _is_changed(module.names.value(call.func), call, use, depth + 1, asked)
    target = only_target(parent)
    return isinstance(target, ast.Name) or (isinstance(target, ast.Attribute) and _is_filled(module, target.attr))


def _is_filled(module: ModuleFacts, name: str) -> bool:
    """Whether anything in a file puts something into an attribute of that name: `self.config["seed"] = 3`."""
    for _, target, _, _ in module.index.assignments:
        if isinstance(target, ast.Subscript | ast.Attribute) and getattr(target.value, "attr", None) == name:
            return True
    called = (call.func for call, _, _ in module.index.calls if isinstance(call.func, ast.Attribute))
    return any(getattr(each.value, "attr", None) == name and each.attr not in _READING for each in called)
