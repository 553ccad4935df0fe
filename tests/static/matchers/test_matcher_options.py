"""Matchers refuse options that they do not know, naming rule file and key."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from auditor.errors import RuleError
from auditor.static.matcher import registry

CALL: Mapping[str, object] = {"callee": ["torch.rand"]}


@pytest.mark.parametrize(
    ("kind", "options", "complaint"),
    [
        ("call", {"callee": ["torch.rand", 1]}, "match.callee: expected an array of strings, found `1` in it"),
        ("call", {}, "match.callee: missing; expected an array of strings (or `methods`)"),
        ("call", {**CALL, "calee": ["x"]}, "match.calee: unknown key (did you mean `callee`?)"),
        (
            "call",
            {**CALL, "arguments": {"shuffle": True}},
            "match.arguments.shuffle: expected a table with `equals` or",
        ),
        ("call", {**CALL, "arguments": {"shuffle": {}}}, "match.arguments.shuffle: expected a condition"),
        ("call", {**CALL, "arguments": {"shuffle": {"equal": 1}}}, "match.arguments.shuffle.equal: unknown key"),
        ("call", {**CALL, "arguments": {"x": {"pattern": "("}}}, "match.arguments.x.pattern: not a regular expression"),
        (
            "call",
            {**CALL, "arguments": {"x": {"position": "2"}}},
            'match.arguments.x.position: expected an integer, found `"2"`',
        ),
        ("call", {**CALL, "unless": [{"calee": ["x"]}]}, "match.unless[1].calee: unknown key"),
        (
            "call",
            {**CALL, "method_confidence": "sure"},
            "match.method_confidence: expected one of `high`, `medium`, `low`",
        ),
        ("assign", {"target": ["x"]}, "match.value: missing"),
        ("assign", {"target": "x", "value": 1}, "match.target: expected an array of strings, found"),
        ("seeding", {"status": "unseded"}, "match.status: expected one of"),
        ("environment-variable", {}, "match.variables: missing"),
        ("unordered", {**CALL, "subject": "it"}, "match.order: missing; expected a string"),
        ("any", {"of": [{"kind": "call", **CALL}]}, "match.of: expected two alternatives or more"),
        (
            "any",
            {"of": [{"kind": "cal"}, {"kind": "call"}]},
            "match.of[1].kind: no matcher or detector is called `cal`",
        ),
        ("any", {"of": [{"kind": "seeding"}, {"kind": "call"}]}, "match.of[1].kind: `seeding` is judged per program"),
        ("any", {"of": [{"kind": "call", **CALL}, {"kind": "call"}]}, "match.of[2].callee: missing"),
        ("set-order", {"callee": ["x"]}, "match.callee: unknown key"),
        ("checkpoint-state", {"lacks": "all"}, "match.lacks: expected one of `rng`, `optimizer`"),
    ],
)
def test_complaint_names_file_and_key(kind: str, options: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(RuleError, match="^" + re.escape(f"rules/x.toml: {complaint}")):
        registry()[kind].validate(options, "rules/x.toml: match")


@pytest.mark.parametrize("kind", sorted(registry()))
def test_every_kind_refuses_an_unknown_option(kind: str) -> None:
    with pytest.raises(RuleError, match=r"rules/x\.toml: match"):
        registry()[kind].validate({"no_such_option": 1}, "rules/x.toml: match")
