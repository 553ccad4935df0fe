"""Plain numbers, where the source does not hold their value."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from auditor.static.evaluation.scalars import is_number
from auditor.static.project import Project

PROGRAM = """
class Loss:
    def __init__(self, smoothing=0.1, weight=None):
        self.smoothing = smoothing
        self.weight = weight

    def forward(self, x, on_value: float, mask):
        off = self.smoothing / x.shape[-1]
        return [{}]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0 - self.smoothing + off", True),
        ("-on_value * len(x)", True),
        ("float(mask)", True),
        ("1 - mask", False),
        ("self.weight", False),
        ("x", False),
        ("'sum'", False),
    ],
)
def test_arithmetic_of_known_numbers_is_a_number_and_nothing_else(
    project: Callable[..., Project], text: str, expected: bool
) -> None:
    module = project({"loss.py": PROGRAM.format(text)}).module("loss.py")
    assert module is not None
    lists = [node for node in ast.walk(module.tree) if isinstance(node, ast.List)]
    assert is_number(module, lists[0].elts[0]) is expected
