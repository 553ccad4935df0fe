"""Cells keep their ends: the blank lines around what is inserted are for what stands in the same cell."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]


def notebook(*cells: str) -> str:
    parts = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell.splitlines(True)}
        for cell in cells
    ]
    return json.dumps({"cells": parts, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def code(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]


def test_nothing_is_added_at_the_end_of_a_cell_before_a_definition_in_the_next(fix: Fix) -> None:
    source = notebook("import torch", "def draw():\n    return torch.rand(3)", "print(draw())")
    fixed = fix("RA103", {"a.ipynb": source})
    first, *others = code(fixed.texts["a.ipynb"])
    assert "\n".join((first, *others)).count("torch.manual_seed(0)") == 1
    assert all(cell == cell.strip("\n") for cell in (first, *others))


def test_a_cell_that_ended_with_a_blank_line_still_does(fix: Fix) -> None:
    source = notebook("import torch\n", "print(torch.rand(3))\n\n")
    cells = code(fix("RA103", {"a.ipynb": source}).texts["a.ipynb"])
    assert cells[-1].endswith("print(torch.rand(3))\n\n")
