"""Dropout that a program which trains nothing puts on again: it draws in each prediction, and is wanted to."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

_LAYER = "dropout"
_MODE = ".train("
_KERAS = ("keras.", "tensorflow.")


def is_dropout(callee: str) -> bool:
    """Whether what is called makes a layer that drops at random: `torch.nn.Dropout2d`."""
    return _LAYER in callee.rpartition(".")[2].lower()


def keeps_dropout(project: Project, program: str, callee: str) -> bool:
    """Whether dropout of the kind of `callee` is put on somewhere in a program, or in what it imports."""
    if callee.startswith(_KERAS):
        return _asks_for_training(project.module(program))
    names: set[str] = set()
    for path in sorted(project.graph.reached_by_statements(program)):
        if project.texts.contain(path, (_MODE,)) and project.texts.contain(path, ("ropout",)):
            module = project.module(path)
            for call in _switched(module) if module is not None else ():
                function = module.enclosing_function(call) if module is not None else None
                if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    return True
                names.add(function.name)
    return bool(names) and _are_named(project, program, names)


def _switched(module: ModuleFacts) -> list[ast.Call]:
    """`if isinstance(layer, nn.Dropout): layer.train()`: the calls that put such layers on."""
    found = []
    for call, _, _ in module.index.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "train" and not _is_off(call):
            above = next((each for each in module.around(call) if isinstance(each, ast.If | ast.FunctionDef)), None)
            if isinstance(above, ast.If) and _LAYER in module.text(above.test).lower():
                found.append(call)
    return found


def _is_off(call: ast.Call) -> bool:
    """`layer.train(False)`, `layer.train(mode)`."""
    given = [*call.args, *(word.value for word in call.keywords)]
    return any(not (isinstance(each, ast.Constant) and each.value is True) for each in given)


def _are_named(project: Project, program: str, names: set[str]) -> bool:
    """Whether one of some functions is named in the program besides where it is defined."""
    texts = tuple(sorted(names))
    for path in sorted(project.graph.reached_by_statements(program)):
        module = project.module(path) if project.texts.contain(path, texts) else None
        parts = walk(module.tree) if module is not None else ()
        if any(getattr(part, "id", getattr(part, "attr", None)) in names for part in parts):
            return True
    return False


def _asks_for_training(module: ModuleFacts | None) -> bool:
    """`model(x, training=True)`."""
    words = (word for call, _, _ in module.index.calls for word in call.keywords) if module is not None else ()
    return any(word.arg == "training" and getattr(word.value, "value", None) is True for word in words)
