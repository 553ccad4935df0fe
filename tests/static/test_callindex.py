"""Calls are told by how they stand before it is asked what is called: that can mean parsing other files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from auditor.ruleset.table import Table
from auditor.static.project import Project
from auditor.static.scanning.conditions import read_call_condition

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]

OTHER = "from numpy.random import default_rng\n"
CONDITIONS: Mapping[str, tuple[Mapping[str, object], str, bool]] = {
    "an argument that must be there": ({"arguments": {"seed": {"position": 0, "given": True}}}, "default_rng()", False),
    "the argument is there": ({"arguments": {"seed": {"position": 0, "given": True}}}, "default_rng(1)", True),
    "it may be there": ({"arguments": {"seed": {"position": 0, "equals": 3}}}, "default_rng(**{'seed': 3})", True),
    "an argument that must be absent": (
        {"arguments": {"seed": {"position": 0, "absent": True}}},
        "default_rng(1)",
        False,
    ),
    "it is absent": ({"arguments": {"seed": {"position": 0, "absent": True}}}, "default_rng()", True),
    "nothing is asked of arguments": ({}, "default_rng()", True),
    "another function around it": ({"inside": ["forward"]}, "default_rng()", False),
    "not in a loop": ({"in_loop": True}, "default_rng()", False),
}


@pytest.mark.parametrize(("options", "call", "asked"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_is_called_is_asked_where_the_rest_fits(
    project: MakeProject, options: Mapping[str, object], call: str, asked: bool
) -> None:
    scanned = project({"other.py": OTHER, "here.py": f"from other import default_rng\n{call}\n"})
    condition = read_call_condition(Table({"callee": ["numpy.random.default_rng"], **options}, "rule"))
    module = scanned.module("here.py")
    assert module is not None
    found = list(condition.calls(module))
    assert bool(found) is asked
    assert scanned.was_parsed("other.py") is asked
