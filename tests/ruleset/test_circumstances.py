"""The language in which the list says when an operator is non-deterministic, and the list itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.ruleset import load
from auditor.ruleset.circumstances import MODE, Relation, facts_of, read_alternative
from auditor.ruleset.operators import DeterministicMode, read_operators
from auditor.ruleset.table import read_table

HEAD = """
schema = 1
[[operator]]
names = ["aten::one"]
devices = ["cpu"]
condition = "c"
cause = "c"
remedy = "r"
sources = ["s"]
references = ["https://example.org"]
"""


def test_a_line_is_conditions_and_what_cannot_be_seen() -> None:
    line = read_alternative("a.dtype is float32 or float64 and n >= 3001 and b is not true and unseen: x and y or z")
    assert [(each.fact, each.relation, each.values) for each in line] == [
        ("a.dtype", Relation.IS, ("float32", "float64")),
        ("n", Relation.AT_LEAST, ("3001",)),
        ("b", Relation.IS_NOT, ("true",)),
        ("", Relation.UNSEEN, ("x and y or z",)),
    ]
    assert read_alternative("always") == ()
    assert facts_of([line]) == {"a.dtype", "n", "b"}


@pytest.mark.parametrize("line", ["", "threads", "threads > 2", "threads >= many", "and n >= 2", "a is true and"])
def test_a_line_that_says_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_alternative(line)


def test_the_mode_of_an_operator_is_a_condition_of_lines_that_do_not_speak_of_it(tmp_path: Path) -> None:
    for mode, values in (("switches", ("off",)), ("raises", ("off", "warn")), ("silent", None)):
        (tmp_path / "o.toml").write_text(HEAD + f'mode = "{mode}"\nwhen = ["n >= 2"]\n')
        (fact,) = read_operators(read_table(tmp_path / "o.toml", "o.toml"))
        told = [each.values for each in fact.when[0] if each.fact == MODE]
        assert told == ([values] if values else [])


def test_a_mixed_mode_must_be_said_in_every_line(tmp_path: Path) -> None:
    (tmp_path / "o.toml").write_text(HEAD + 'mode = "mixed"\nwhen = ["deterministic is off", "n >= 2"]\n')
    with pytest.raises(RuleError, match=r"o\.toml: operator\[1\]\.when: mode is `mixed`"):
        read_operators(read_table(tmp_path / "o.toml", "o.toml"))


def test_every_operator_of_the_list_has_conditions_and_links() -> None:
    for fact in load().operators:
        assert fact.when
        assert all(link.startswith("https://") for link in fact.references)
        if fact.mode is DeterministicMode.SWITCHES and "compiled.forward" not in fact.operators:
            assert all(MODE in facts_of([line]) or "fill" in facts_of([line]) for line in fact.when)
