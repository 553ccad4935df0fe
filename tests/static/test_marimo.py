"""Cells of marimo's notebooks: in the order in which they are executed, and in bounds."""

from __future__ import annotations

import ast
import time

import pytest

from auditor.static.text.marimo import with_cells_as_module

APP = "import marimo\napp = marimo.App()\n"


def cell(name: str, needs: str, body: str, options: str = "") -> str:
    return f"@app.cell{options}\ndef {name}({needs}):\n    {body}\n"


CASES = {
    "by what they need": (
        cell("_", "b", "c = b\n    return (c,)") + cell("_", "", "b = 1\n    return (b,)"),
        "b = 1;c = b",
    ),
    "else as they stand": (cell("_", "", "b = 1") + cell("_", "", "c = 1"), "b = 1;c = 1"),
    "a circle": (cell("_", "b", "c = b\n    return (c,)") + cell("_", "c", "b = c\n    return (b,)"), "c = b;b = c"),
    "its own name": (cell("_", "b", "b = 1\n    return (b,)"), "b = 1"),
    "switched off": (cell("_", "", "b = 1", "(disabled=True)") + cell("_", "", "c = 1", "(hide_code=True)"), "c = 1"),
    "no cell of ours": ("@other.cell\ndef f():\n    return 1\n", "@other.cell\ndef f():\n    return 1"),
}


@pytest.mark.parametrize("name", CASES)
def test_statements_of_cells(name: str) -> None:
    text, expected = CASES[name]
    body = with_cells_as_module(ast.parse(APP + text)).body
    assert ";".join(ast.unparse(each) for each in body[2:]) == expected


def test_many_cells_take_no_longer_than_they_are_many() -> None:
    """Each cell needs all that came before, in the other order of the text."""
    names = [f"x{number}" for number in range(300)]
    cells = [cell("_", ", ".join(names[:n]), f"{names[n]} = 1\n    return ({names[n]},)") for n in range(300)]
    tree = ast.parse(APP + "".join(reversed(cells)))
    start = time.process_time()
    body = with_cells_as_module(tree).body
    assert [ast.unparse(each) for each in body[2:]] == [f"{name} = 1" for name in names]
    assert time.process_time() - start < 2
