"""Cells keep their ends: the blank lines around what is inserted are for what stands in the same cell."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

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


@pytest.mark.parametrize("magic", ["%%time\n", "%%capture out\n", "\n%%time\n\n"])
def test_a_cell_magic_stays_the_first_line_of_its_cell(fix: Fix, magic: str) -> None:
    source = notebook("import torch", magic + "print(torch.rand(3))")
    first, second = code(fix("RA103", {"a.ipynb": source}).texts["a.ipynb"])
    assert first == "import torch"
    assert second.startswith(magic.rstrip("\n") + "\n")
    assert second.index("torch.manual_seed(0)") < second.index("torch.rand")


def test_an_import_and_a_seed_go_below_a_cell_magic(fix: Fix) -> None:
    source = notebook("%%time\nfrom torch import *\nprint(rand(3))")
    (cell,) = code(fix("RA103", {"a.ipynb": source}).texts["a.ipynb"])
    assert cell.startswith("%%time\n")
    assert cell.index("import torch\n") < cell.index("torch.manual_seed(0)") < cell.index("rand(3)")


def test_a_magic_of_a_line_may_stand_below(fix: Fix) -> None:
    source = notebook("import torch", "%time x = torch.rand(3)\nprint(torch.rand(3))")
    first, second = code(fix("RA103", {"a.ipynb": source}).texts["a.ipynb"])
    assert (first + second).count("torch.manual_seed(0)") == 1
