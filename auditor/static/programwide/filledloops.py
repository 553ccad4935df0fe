"""Loops that initialise every parameter of a model: `for p in model.parameters(): nn.init.xavier_uniform_(p)`.

Hundreds of files of a library have a loop over parameters; their bytes tell of nearly all that it fills nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_METHODS = ("parameters", "named_parameters")
_ITERATED = lazy_pattern(rb"\b(?:named_)?parameters\(")
_FILLED = lazy_pattern(rb"normal|uniform|constant_|ones_|zeros_|eye_|dirac_|orthogonal_|sparse_|init", re.IGNORECASE)
_HEADER_BYTES = 300
"""Between the word `for` and what is iterated over."""

_FILLS: WeakKeyDictionary[Project, Memory[str, bool]] = WeakKeyDictionary()


def all_are_initialised(module: ModuleFacts) -> bool:
    """Whether a program that reaches the file, or the file, fills all parameters of something in a loop."""
    project = module.project
    starts = project.programs.reaching(module.path) or (module.path,)
    paths = {module.path}.union(*(project.calling_files.of(starts, method) for method in _METHODS))
    return any(_fills_all(path, project) for path in sorted(paths))


def fills(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a call fills a tensor that it is given, or of which it is a method."""
    if not isinstance(node, ast.Call):
        return False
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return method in ("normal_", "uniform_") or (module.resolve(node.func) or "").startswith("torch.nn.init.")


def _fills_all(path: str, project: Project) -> bool:
    def look() -> bool:
        module = project.module(path)
        return module is not None and any(_loops(module))

    def ask() -> bool:
        project.trace.note("content", path)
        # Aside: what was resolved before in the file would not be noted again, and others take the answer from here.
        found = _may_fill_all(path, project) and project.aside(look)
        project.unread(path)
        return found

    return project.trace.once(_FILLS.setdefault(project, {}), path, ask)


def _loops(module: ModuleFacts) -> Iterator[ast.For]:
    for method in _METHODS:
        for call in module.call_index.written(method):
            loop = module.parent(call.node)
            if not isinstance(loop, ast.For) or loop.iter is not call.node:
                continue
            if any(fills(module, each) or _hands_to_initialiser(each, loop) for each in walk(loop)):
                yield loop


def _hands_to_initialiser(node: ast.AST, loop: ast.For) -> bool:
    """`self._init_param(name, parameter)`, `initialisers[name](parameter)`: by the word, a function that fills it."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    func = node.func.value if isinstance(node.func, ast.Subscript) else node.func
    name = getattr(func, "attr", getattr(func, "id", ""))
    parameter = loop.target.elts[-1] if isinstance(loop.target, ast.Tuple) else loop.target
    handed = {argument.id for argument in node.args if isinstance(argument, ast.Name)}
    return "init" in name.lower() and isinstance(parameter, ast.Name) and parameter.id in handed


def _may_fill_all(path: str, project: Project) -> bool:
    source = project.source(path)
    try:
        raw = source.code() + b"\n"
    except ProjectError:
        return True  # whoever parses it tells why it cannot be
    return source.is_notebook or any(_FILLED.search(body) for body in _bodies(raw))


def _bodies(raw: bytes) -> Iterator[bytes]:
    """What may stand in the loops over parameters, each from where these are named."""
    seen = -1
    for found in _ITERATED.finditer(raw):
        word = raw.rfind(b"for ", max(found.start() - _HEADER_BYTES, 0), found.start())
        start = raw.rfind(b"\n", 0, word) + 1 if word >= 0 else seen
        if start != seen:
            seen, before = start, raw[start:word]
            yield raw[found.end() : _end_of_block(raw, found.end(), len(before) - len(before.lstrip()))]


def _end_of_block(raw: bytes, at: int, indentation: int) -> int:
    """Where what is indented more than the statement that `at` is in ends; parentheses and comments may be less so."""
    end = raw.find(b"\n", at) + 1
    while 0 < end < len(raw):
        after = raw.find(b"\n", end) + 1
        line = raw[end:after]
        text = line.lstrip()
        if text and not text.startswith((b"#", b")")) and len(line) - len(text) <= indentation:
            break
        end = after
    return end
