"""Kinds of fix: found by name, checked when they are asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import auditor.static.fixes as fixes
from auditor.errors import RuleError
from auditor.model.rule import FixAdvice, Rule
from auditor.ruleset import load
from auditor.static.fixes.registry import check_fixes, fix_of, kinds


def with_fix(**options: object) -> Rule:
    rule = load().rules[0]
    return replace(rule, path="rules/x.toml", fix=FixAdvice(summary="do it", options=options))


def test_every_kind_is_named_after_its_file() -> None:
    files = {path.stem for path in Path(fixes.__path__[0]).glob("*.py") if "\nFIX = " in path.read_text("utf-8")}
    assert {kind.replace("-", "_") for kind in kinds()} == files
    assert {"set-argument", "seed-program"} <= set(kinds())


def test_rule_without_a_kind_has_no_patch() -> None:
    assert fix_of(with_fix()) is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"kind": "set-argumnt"},
            r"fix\.kind: there is no `set-argumnt` \(did you mean `set-argument`\?\); known are ",
        ),
        ({"kind": "set_argument"}, r"fix\.kind: there is no `set_argument`"),
        ({"kind": "changes"}, r"changes\.py:1: no `FIX` in this module"),
        ({"kind": "set-argument", "argument": "x"}, r"rules/x\.toml: fix\.value: missing"),
        ({"kind": "set-argument", "argument": "x", "value": "1", "vallue": "2"}, r"fix\.vallue: unknown key"),
    ],
)
def test_mistake_in_a_rule_is_told_with_file_and_key(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        check_fixes([with_fix(**options)])
