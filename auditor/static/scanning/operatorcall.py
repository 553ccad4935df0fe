"""Calls of operators that have a replacement: which entry of the table fits, and what the call becomes."""

from __future__ import annotations

import ast

from auditor.ruleset import load_replacements
from auditor.ruleset.replacements import Replacement, filled
from auditor.static.facts import Call, Known, ModuleFacts
from auditor.static.files.pinned import fits
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import written


class NotReplacedError(Exception):
    """The entry fits, but the call is written so that the replacement cannot be; the text says why."""


def entry_for(module: ModuleFacts, call: Call, project: Project) -> Replacement | None:
    """The first entry that fits a call, for the project's version of torch; None where the table has nothing on it."""
    for entry in load_replacements().entries:
        if _fits(module, call, entry) and fits(entry.versions, project) is not False:
            return entry
    return None


def replaced(module: ModuleFacts, call: Call, entry: Replacement) -> str:
    """What takes the place of the call, as text of a change. Raises `NotReplacedError`."""
    arguments = _arguments(call, entry)
    if arguments is None:
        raise NotReplacedError("arguments are passed as `*args` or `**kwargs`: what they are is not known")
    for name in sorted(entry.repeated):
        if not _is_plain(arguments.get(name)):
            raise NotReplacedError(f"the replacement needs `{name}` twice: give it a name of its own first")
    for name in entry.placeholders:
        if name not in arguments:
            raise NotReplacedError(f"the replacement needs `{name}`, which is not given")

    def text_of(name: str, followed: bool) -> str:
        if name == "callee":
            return written(module, call.node.func)
        if name == "arguments":
            values = [*([call.receiver] if call.receiver and is_method(call) else ()), *call.node.args]
            whole = [written(module, each) for each in values]
            return ", ".join([*whole, *(f"{each.arg}={written(module, each.value)}" for each in call.node.keywords)])
        if name == "rest":
            others = [each for each in arguments if each not in entry.placeholders]
            return "".join(f", {each}={written(module, arguments[each])}" for each in others)
        node = arguments[name]
        bare = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
        return f"({written(module, node)})" if followed and not bare else written(module, node)

    return filled(entry, text_of)


def is_method(call: Call) -> bool:
    """Whether a method of a tensor is called, so that the object is the first argument."""
    return call.receiver is not None and (call.callee is None or call.callee.startswith("torch.Tensor."))


def _fits(module: ModuleFacts, call: Call, entry: Replacement) -> bool:
    if call.callee not in entry.callees and not (call.callee is None and call.method in entry.methods):
        return False
    if entry.none and not entry.when:
        return True
    given = _arguments(call, entry)
    if given is None:
        return not entry.when
    if not entry.absent.isdisjoint(given) or not entry.given <= given.keys():
        return False
    for name, values in entry.when.items():
        found = module.constant(given[name]) if name in given else Known("absent")
        if not isinstance(found, Known) or not any(_same(found.value, value) for value in values):
            return False
    return True


def _same(value: object, wanted: object) -> bool:
    return type(value) is type(wanted) and value == wanted


def _arguments(call: Call, entry: Replacement) -> dict[str, ast.expr] | None:
    """What is given for each parameter; None where that cannot be told."""
    if call.opaque:
        return None
    values = list(call.node.args)
    if call.receiver is not None and is_method(call):
        values.insert(0, call.receiver)
    if len(values) > len(entry.parameters):
        return None
    found = dict(zip(entry.parameters, values, strict=False))
    for keyword in call.node.keywords:
        if keyword.arg is None or keyword.arg not in entry.parameters:
            return None
        found[keyword.arg] = keyword.value
    return found


def _is_plain(node: ast.expr | None) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
