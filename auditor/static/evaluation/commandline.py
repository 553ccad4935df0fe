"""What command-line options are when nobody gives them: argparse, click, typer and their like."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import entries_of, is_filled_later
from auditor.static.resolution.seedvalue import GIVEN, IS_NONE, Seen, constant
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.syntax.elements import Call, Known, is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

PARSING_METHODS = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"})
FLAG_CALLS = "absl.flags.DEFINE_"
"""How the names begin of what declares a flag and gives its holder."""

STORED_WITHOUT_VALUE = {"store_true": False, "store_false": True, "count": None}
DEFAULT = "None by default"
_TYPES = frozenset({"float", "int", "str"})

_IMPORTED = (BindingKind.IMPORT, BindingKind.FROM_IMPORT)

Evaluate = Callable[[ast.expr], Seen]


_Declaring = tuple[Call, str | None, Seen | ast.expr]
"""A call that declares an option; where a parser adds it its destination and default: what that is, or what says it."""

_DECLARING: WeakKeyDictionary[ModuleFacts, list[_Declaring]] = WeakKeyDictionary()
_DECLARED: WeakKeyDictionary[ModuleFacts, dict[str, list[ast.Call]]] = WeakKeyDictionary()


def option_defaults(module: ModuleFacts, evaluate: Evaluate) -> dict[str, Seen]:
    """Defaults of the options that a module adds to its parsers, by destination; where two differ, GIVEN."""
    found: dict[str, Seen] = {}
    overrides: dict[str, Seen] = {}
    spread: list[tuple[ast.Call, dict[str, Seen] | None]] = []
    for call, destination, default in _declaring(module):
        if destination is not None:
            worth = _by_default(evaluate(default)) if isinstance(default, ast.expr) else default
            known = found.setdefault(destination, worth)
            if known is not worth and known != worth:
                found[destination] = GIVEN
        elif (call.method or "").startswith("DEFINE_") and (call.callee or "").startswith(FLAG_CALLS):
            found.update(flag(call.node, evaluate))
        elif call.method == "set_defaults" and call.receiver is not None:
            overrides.update({word.arg: evaluate(word.value) for word in call.node.keywords if word.arg})
            others = (word.value for word in call.node.keywords if word.arg is None)
            spread += [(call.node, _spread_out(module, given, evaluate)) for given in others]
    reached = [values for call, values in spread if _is_reached(module, call, found)]
    if None in reached:
        # `parser.set_defaults(**yaml.safe_load(stream))`: any option may have got a value there.
        found = {name: GIVEN if value.kind is SeedValue.NONE else value for name, value in found.items()}
    else:
        for values in reached:
            found |= values or {}
    return found | overrides


def _declaring(module: ModuleFacts) -> list[_Declaring]:
    """The calls of a file that declare options, or give them values; thousands of questions may be about these."""
    found = _DECLARING.get(module)
    if found is None:
        found = _DECLARING[module] = []
        for call in module.calls:
            if call.method == "add_argument" and call.receiver is not None:
                destination = _destination(call.node)
                if destination:
                    found.append((call, destination, _argparse_default(call.node)))
            elif call.method == "set_defaults" or (call.method or "").startswith("DEFINE_"):
                found.append((call, None, GIVEN))
    return found


def added_option(call: ast.Call, evaluate: Evaluate) -> tuple[str, Seen] | None:
    """The destination and the default of an option that `parser.add_argument` adds; None where no name is written."""
    destination, default = _destination(call), _argparse_default(call)
    if not destination:
        return None
    return destination, _by_default(evaluate(default)) if isinstance(default, ast.expr) else default


def _spread_out(module: ModuleFacts, given: ast.expr, evaluate: Evaluate) -> dict[str, Seen] | None:
    """What `parser.set_defaults(**DEFAULTS)` gives options, where that is written out and nothing is put in later."""
    entries = None if isinstance(given, ast.Name) and is_filled_later(module, given.id) else entries_of(evaluate(given))
    if entries is None or entries.rest is not None:
        return None
    found = {name: _by_default(value) for name, value in entries.known.items()}
    unset = [name for name, value in found.items() if value.kind is SeedValue.NONE]
    if isinstance(given, ast.Name) and any(_is_put_elsewhere(module, given, name) for name in unset):
        return None
    return found


def _is_put_elsewhere(module: ModuleFacts, given: ast.Name, name: str) -> bool:
    """Whether a file may put something into what is imported from another one: `settings.DEFAULTS["seed"] = 3`."""
    if all(binding.kind not in _IMPORTED for binding in module.lookup.bindings_of(given)):
        return False
    from auditor.static.evaluation.unsetparts import is_put_anywhere  # which asks for options

    key = ast.copy_location(ast.Constant(name), given)
    return is_put_anywhere(ast.copy_location(ast.Subscript(value=given, slice=key, ctx=ast.Load()), given), module)


def written_options(parsing: ast.Call) -> Iterator[str]:
    """The options that stand in the call itself: `parse_args(["--seed", "3"])`, `namespace=Namespace(seed=3)`."""
    for part in (*parsing.args, *(word.value for word in parsing.keywords)):
        if isinstance(part, ast.List | ast.Tuple):
            texts = (each.value for each in part.elts if isinstance(each, ast.Constant) and isinstance(each.value, str))
            yield from (text.split("=")[0].lstrip("-").replace("-", "_") for text in texts if text.startswith("--"))
        elif isinstance(part, ast.Call) and getattr(part.func, "attr", getattr(part.func, "id", "")) == "Namespace":
            yield from (word.arg for word in part.keywords if word.arg is not None and not is_none(word.value))


def _is_reached(module: ModuleFacts, call: ast.Call, options: Mapping[str, Seen]) -> bool:
    """Whether a plain run comes to a call: under no condition, or under options that are on by default."""
    from auditor.static.entrypoints import names_main  # which rests on this module

    above = (holder.test for holder in module.around(call) if isinstance(holder, ast.If))
    tests = [test for test in above if not names_main(test)]
    return all(
        any(
            options[part.attr].is_constant and options[part.attr].constant
            for part in ast.walk(test)
            if isinstance(part, ast.Attribute) and part.attr in options
        )
        for test in tests
    )


def adds_unnamed(module: ModuleFacts) -> bool:
    """Whether a file adds options to a parser whose names are not written."""
    return any(call.method == "add_argument" and _destination(call.node) is None for call in module.calls)


def flag(call: ast.Call, evaluate: Evaluate) -> dict[str, Seen]:
    """The name and the default of `flags.DEFINE_integer("seed", None, "…")`; nothing where they are not written."""
    words = {word.arg: word.value for word in call.keywords}
    name = call.args[0] if call.args else words.get("name")
    default = call.args[1] if len(call.args) > 1 else words.get("default")
    if not isinstance(name, ast.Constant) or default is None:
        return {}
    return {str(name.value): _by_default(evaluate(default))}


def _destination(call: ast.Call) -> str | None:
    for word in call.keywords:
        if word.arg == "dest" and isinstance(word.value, ast.Constant):
            return str(word.value.value)
    flags = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    long = next((flag for flag in flags if flag.startswith("--")), None) or next(iter(flags), None)
    return long.lstrip("-").replace("-", "_") if long else None


def _argparse_default(call: ast.Call) -> Seen | ast.expr:
    """What the option is worth by default; of a default that is no constant, the expression."""
    words = {word.arg: word.value for word in call.keywords if word.arg}
    flags = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    positional = bool(flags) and not flags[0].startswith("-")
    default = words.get("default")
    if default is not None:
        return _by_default(constant(default.value)) if isinstance(default, ast.Constant) else default
    required = words.get("required")
    is_asked_for = positional and getattr(words.get("nargs"), "value", None) != "?"
    if is_asked_for or len(words) < len(call.keywords) or (isinstance(required, ast.Constant) and required.value):
        return GIVEN
    action = words.get("action")
    if isinstance(action, ast.Constant) and action.value in STORED_WITHOUT_VALUE:
        return constant(STORED_WITHOUT_VALUE[action.value], DEFAULT if action.value == "count" else "")
    return _by_default(IS_NONE)


def _by_default(value: Seen) -> Seen:
    return constant(None, DEFAULT) if value == IS_NONE else value


def declared_default(module: ModuleFacts, function: Function, name: str, evaluate: Evaluate) -> Seen | None:
    """The default that a decorator (`@click.option`) or a default value (`typer.Option`) gives a parameter."""
    decorator = declaring_option(module, function, name)
    return None if decorator is None else _click_default(decorator, evaluate)


def declaring_option(module: ModuleFacts, function: Function, name: str) -> ast.Call | None:
    """The decorator that declares a parameter as an option of the command line."""
    for decorator in () if isinstance(function, ast.Lambda) else function.decorator_list:
        if isinstance(decorator, ast.Call) and _declares(module, decorator, name):
            return decorator
    return None


def option_call(module: ModuleFacts, destination: str) -> ast.Call | None:
    """The one call in a file that declares the option of that destination; None where there is none, or several."""
    declared = _DECLARED.get(module)
    if declared is None:
        declared = _DECLARED[module] = _declared_in(module)
    found = declared.get(destination, [])
    return found[0] if len(found) == 1 else None


def _declared_in(module: ModuleFacts) -> dict[str, list[ast.Call]]:
    """The calls that declare options, by their destinations."""
    found: dict[str, list[ast.Call]] = {}
    for call in module.calls:
        if call.method == "add_argument" and call.receiver is not None:
            found.setdefault(_destination(call.node) or "", []).append(call.node)
        elif (call.callee or "").startswith(FLAG_CALLS) and call.node.args:
            name = call.node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.setdefault(name.value, []).append(call.node)
    found.pop("", None)
    return found


def is_never_none(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether `args.seed` is an option of this file that no command line can make None: it has a default, a type."""
    declared = option_call(module, node.attr) if isinstance(node, ast.Attribute) else None
    if declared is None:
        return False
    words = {word.arg: word.value for word in declared.keywords}
    default, kind = words.get("default"), words.get("type")
    has_default = isinstance(default, ast.Constant) and default.value is not None
    return has_default and (kind is None or getattr(kind, "id", "") in _TYPES)


def _declares(module: ModuleFacts, decorator: ast.Call, name: str) -> bool:
    callee = module.resolve(decorator.func) or ""
    if callee.rpartition(".")[2] not in ("option", "argument") or callee.startswith("."):
        return False
    texts = [arg.value for arg in decorator.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    plain = [text for text in texts if not text.startswith("-")]
    long = [text.partition("/")[0] for text in texts if text.startswith("--")]
    names = plain or long or texts
    return name in [text.lstrip("-").replace("-", "_").lower() for text in names]


def _click_default(decorator: ast.Call, evaluate: Evaluate) -> Seen:
    words = {word.arg: word.value for word in decorator.keywords if word.arg}
    called = decorator.func.attr if isinstance(decorator.func, ast.Attribute) else getattr(decorator.func, "id", "")
    if "default" in words:
        return _by_default(evaluate(words["default"]))
    asked = (words.get("required"), words.get("prompt"))
    if called == "argument" or any(isinstance(each, ast.Constant) and each.value for each in asked):
        return GIVEN
    if "callback" in words:  # which may put something in its place
        return GIVEN
    flag = words.get("is_flag")
    if isinstance(flag, ast.Constant) and flag.value:
        return constant(False)
    return _by_default(IS_NONE)


def typer_default(module: ModuleFacts, node: ast.expr) -> ast.expr | None:
    """The default inside `typer.Option(None, …)`; None where `node` is no such call or has no default."""
    if not isinstance(node, ast.Call):
        return None
    callee = module.resolve(node.func) or ""
    if callee not in ("typer.Option", "typer.Argument") or not node.args:
        return None
    value = module.constant(node.args[0])
    return None if isinstance(value, Known) and value.value is ... else node.args[0]


def default_of(function: Function, name: str) -> ast.expr | None:
    """The default value of a parameter as written."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    padded: Iterable[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = (
        *zip(positional, padded, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    )
    for argument, default in pairs:
        if argument.arg == name:
            return default
    return None
