"""Which names a file may give a meaning, from its bytes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import auditor
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.scopes import ScopeIndex
from auditor.static.text.binds import may_bind

TOLD = (BindingKind.VALUE, BindingKind.DEFINITION, BindingKind.CONTEXT)


@pytest.mark.parametrize(
    "text",
    [
        "def n(): ...",
        "async  def n(): ...",
        "class \\\n n: ...",
        "n = 3",
        "n: int = 3",
        "a = n = 3",
        "if (n := 3): ...",
        "a, n = 1, 2",
        "(a,\n n, # one\n\n  b\n ) = 1, 2, 3",
        "[a, (b, n)] = 1, (2, 3)",
        "n \\\n = 3",
        "with open(a) as n: ...",
        "with open(a) as \\\n n: ...",
        "if a:\n    n = 3",
        "def f():\n    global n\n    n = 3",
        'if a:\n    t = """\ndef f():\n    pass"""\n    n = 3',
        "try:\n    pass\nexcept E:\n    class n: ...",
        "for a in b:\n\tn = 3",
        "def f():\n    pass\n# note\n\nif a:\r\n    n = 3\r\n",
    ],
)
def test_what_a_module_binds_is_seen(text: str) -> None:
    assert may_bind(text.encode(), b"n")


@pytest.mark.parametrize(
    "text",
    [
        "n()",
        "a.n = 3",
        "n.a = 3",
        "n[0] = 3",
        "print(n)",
        "f(a, n)\nb = 3",
        "isinstance(a, n) and b == 3",
        '"""Makes one n of another."""',
        "def f():\n    n = 3",
        "class A:\n    def f(\n        self,\n        n=3,\n    ): ...",
        'def f():\n    """Doc."""\n    if a:\n\n        n = 3',
        "nn = mn = 3",
    ],
)
def test_what_only_stands_there_is_no_binding(text: str) -> None:
    assert not may_bind(text.encode(), b"n")


def test_nothing_that_our_own_modules_bind_is_missed() -> None:
    for path in sorted(Path(auditor.__file__).parent.joinpath("static").glob("*.py")):
        raw = path.read_bytes()
        bound = ScopeIndex(ast.parse(raw)).root.bindings
        told = [name for name, bindings in bound.items() if any(each.kind in TOLD for each in bindings)]
        assert [name for name in told if not may_bind(raw, name.encode())] == []
