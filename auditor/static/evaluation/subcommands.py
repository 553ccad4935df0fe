"""Options that several commands of one program have, with defaults of their own: `train --seed`, `evaluate --seed`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import Evaluate, added_option
from auditor.static.resolution.seedvalue import Seen
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import Binding, Function
from auditor.static.syntax.elements import Call
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_Parser = Binding | None
"""What binds the name of a parser: `evaluate = commands.add_parser("evaluate")`; None of a parser without a name."""

_COMMANDS: WeakKeyDictionary[ModuleFacts, dict[Function, list[_Parser]]] = WeakKeyDictionary()
_ADDED: WeakKeyDictionary[ModuleFacts, dict[_Parser, list[ast.Call]]] = WeakKeyDictionary()
_NAMED: WeakKeyDictionary[ModuleFacts, frozenset[str]] = WeakKeyDictionary()
_ASKED: WeakKeyDictionary[ModuleFacts, frozenset[str]] = WeakKeyDictionary()

_CONDITIONAL = (ast.Assert, ast.If, ast.IfExp, ast.While)
_COMPARING = (ast.BoolOp, ast.Compare)


def default_of_command(module: ModuleFacts, function: Function | None, name: str, evaluate: Evaluate) -> Seen | None:
    """What an option is worth in the function that a command calls: `evaluate.set_defaults(run=function)`.

    None where no parser of a command, or several, name the function, or where that does not add the option itself,
    where another value may be put over that, and where what calls the function may be another command, or goes by what
    the option is: `if args.seed is None: parser.error("no seed")`.
    """
    words = {word.arg for call in module.calls if call.method == "set_defaults" for word in call.node.keywords}
    parsers = _commands(module).get(function, []) if function is not None else []
    if len(parsers) != 1 or name in words or None in words:
        return None
    if getattr(function, "name", "") in _named_elsewhere(module) or name in _asked_elsewhere(module):
        return None
    calls = _added(module).get(parsers[0], [])
    found = [option for call in calls if (option := added_option(call, evaluate)) is not None and option[0] == name]
    if len(found) != 1:
        return None
    from auditor.static.evaluation.unsetparts import is_named_in_store  # which asks for options

    return None if is_named_in_store((name,), module) else found[0][1]


def _commands(module: ModuleFacts) -> Mapping[Function, list[_Parser]]:
    """The parsers of the commands that call each function."""
    found = _COMMANDS.get(module)
    if found is None:
        found = _COMMANDS[module] = {}
        for call in module.calls:
            for word in call.node.keywords if call.method == "set_defaults" else ():
                value = module.names.value(word.value)
                if isinstance(value, FunctionRef) and value.module is module:
                    found.setdefault(value.node, []).extend(_parsers(module, call))
    return found


def _parsers(module: ModuleFacts, call: Call) -> Iterator[_Parser]:
    receiver = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    yield from (module.lookup.in_force(receiver) if isinstance(receiver, ast.Name) else ()) or (None,)


def _added(module: ModuleFacts) -> Mapping[_Parser, list[ast.Call]]:
    """The calls that add options to each parser of a command."""
    found = _ADDED.get(module)
    if found is None:
        found = _ADDED[module] = {}
        for call in module.calls:
            if call.method == "add_argument":
                for parser in _parsers(module, call):
                    made = parser.value if parser is not None else None
                    if isinstance(made, ast.Call) and getattr(made.func, "attr", "") == "add_parser":
                        found.setdefault(parser, []).append(call.node)
    return found


def _named_elsewhere(module: ModuleFacts) -> frozenset[str]:
    """The names that a file uses for anything but to tell a parser what to call."""
    found = _NAMED.get(module)
    if found is None:
        told = {word.value for call in module.calls if call.method == "set_defaults" for word in call.node.keywords}
        used = (node for node in walk(module.tree) if isinstance(node, ast.Name) and node not in told)
        found = _NAMED[module] = frozenset(node.id for node in used)
    return found


def _asked_elsewhere(module: ModuleFacts) -> frozenset[str]:
    """The attributes, and what stands in quotes, in conditions and comparisons outside of what commands call."""
    found = _ASKED.get(module)
    if found is None:
        commands = _commands(module)
        nodes = (node for node in walk(module.tree) if isinstance(node, (*_CONDITIONAL, *_COMPARING)))
        tests = (node.test if isinstance(node, _CONDITIONAL) else node for node in nodes)
        outside = [part for test in tests if module.enclosing_function(test) not in commands for part in walk(test)]
        asked = {part.attr for part in outside if isinstance(part, ast.Attribute)}
        quoted = {part.value for part in outside if isinstance(part, ast.Constant) and isinstance(part.value, str)}
        found = _ASKED[module] = frozenset(asked | quoted)
    return found
