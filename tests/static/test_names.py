"""What names and expressions stand for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from auditor.static.facts import ModuleFacts
from auditor.static.project import Project
from auditor.static.resolution.values import FunctionRef


@pytest.mark.cases("names.txt")
def test_a_name_stands_for_what_python_would_find(project: Callable[..., Project], case: Any) -> None:
    """The callee of the outermost call in the line that ends with `#`."""
    found = project(case.files)
    callees = [
        call.callee
        for path in sorted(case.files)
        if path.endswith(".py") and (module := found.module(path)) is not None
        for call in module.calls
        if module.lines[call.node.lineno - 1].endswith("#") and is_outermost(call.node, module)
    ]
    assert [callee or "unknown" for callee in callees] == list(case.expected)


def is_outermost(node: ast.Call, module: ModuleFacts) -> bool:
    """No other call of the same line holds it."""
    parent = module.parent(node)
    while parent is not None and getattr(parent, "lineno", None) == node.lineno:
        if isinstance(parent, ast.Call):
            return False
        parent = module.parent(parent)
    return True


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f(64)", 64),
        ("f(-3)", -3),
        ("N = 2 * 3 + 1\nf(N)", 7),
        ("f((1, 'a'))", (1, "a")),
        ("f(not True)", False),
        ("C = {'seed': 3}\nf(C)", {"seed": 3}),
        ("class C:\n    seed = 4\nf(C.seed)", 4),
        ("x = 1\nx = 2\nf(x)", 2),
        ("f(2 ** 10)", 1024),
    ],
)
def test_literals_are_read(project: Callable[..., Project], source: str, expected: object) -> None:
    module = project({"main.py": source}).module("main.py")
    assert module is not None
    assert module.constant(module.calls[-1].node.args[0]).value == expected  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "source",
    [
        "f(g())",
        "x = 1\nif y:\n    x = 2\nf(x)",
        "x = 1\nx += 1\nf(x)",
        "f(1 / 0)",
        "f(10 ** 10 ** 10)",
        "f(2 ** 100000)",
        "def g(x):\n    f(x)",
        "for x in (1, 2):\n    f(x)",
    ],
)
def test_what_is_not_certain_is_not_known(project: Callable[..., Project], source: str) -> None:
    module = project({"main.py": source}).module("main.py")
    assert module is not None
    call = next(call for call in module.calls if call.method == "f")
    assert not hasattr(module.constant(call.node.args[0]), "value")


def test_constants_cross_files(project: Callable[..., Project]) -> None:
    files = {"main.py": "from conf import SEED\nimport conf\nf(SEED, conf.SEED)", "conf.py": "SEED = 11"}
    module = project(files).module("main.py")
    assert module is not None
    assert [module.constant(arg).value for arg in module.calls[0].node.args] == [11, 11]  # type: ignore[union-attr]


CIRCLE = {
    "a.py": "from b import thing\nvalue = thing\nvalue.random.rand(3)\n",
    "b.py": "try:\n    from a import value as thing\nexcept ImportError:\n    import numpy as thing\n",
}


@pytest.mark.parametrize("before", ["nothing", "an export", "what is imported", "what a function returns"])
def test_an_answer_does_not_depend_on_what_was_asked_before(project: Callable[..., Project], before: str) -> None:
    """Circles are cut where the question began; which files a process looked at earlier must not show."""
    files = CIRCLE | {"c.py": "from b import thing\ndef make():\n    return thing()\nmake()\n"}
    found = project(files)
    a, b, c = (found.module(f"{name}.py") for name in "abc")
    assert a is not None
    assert b is not None
    assert c is not None
    if before == "an export":
        b.names.export("thing")
    elif before == "what is imported":
        assert c.imports
    elif before == "what a function returns":
        function = c.index.returns[0]
        holder = c.enclosing_function(function)
        assert holder is not None
        c.names.returned(FunctionRef(c, holder))
    assert [call.callee for call in a.calls] == ["numpy.random.rand"]
