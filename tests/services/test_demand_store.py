"""The demands of rules are kept as long as rules and program are the same, and made anew otherwise."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.model.lean import replace
from auditor.ruleset import load
from auditor.services import demand_store
from auditor.services.demand_store import FORMAT, MAX_FILES, demands_file, kept_demands
from auditor.services.program_stamp import program_stamp
from auditor.services.settings import Settings
from auditor.static.scanning.demands import Demands, demands_of

WHOLE = load()
RULESET = replace(WHOLE, rules=WHOLE.rules[:3])
SETTINGS = Settings()
STAMP = program_stamp(SETTINGS)


@pytest.fixture(autouse=True)
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows whenever demands are made from the rules."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seen: list[int] = []

    def making(rules: object, libraries: object) -> Demands:
        seen.append(1)
        return demands_of(rules, libraries)  # type: ignore[arg-type]

    monkeypatch.setattr(demand_store, "demands_of", making)
    return seen


def test_demands_are_made_once(made: list[int]) -> None:
    first = kept_demands(RULESET, SETTINGS, STAMP)
    assert kept_demands(RULESET, SETTINGS, STAMP) == first == demands_of(RULESET.rules, RULESET.libraries.values())
    assert len(made) == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", FORMAT + b"\0\0\0\0nonsense"])
def test_a_damaged_file_is_made_anew(made: list[int], damage: bytes) -> None:
    first = kept_demands(RULESET, SETTINGS, STAMP)
    whole = demands_file(SETTINGS).read_bytes()
    demands_file(SETTINGS).write_bytes(damage)
    assert kept_demands(RULESET, SETTINGS, STAMP) == first
    assert len(made) == 2
    assert demands_file(SETTINGS).read_bytes() == whole


def test_other_rules_or_another_program_have_other_demands(made: list[int]) -> None:
    kept_demands(RULESET, SETTINGS, STAMP)
    fewer = kept_demands(replace(RULESET, rules=RULESET.rules[:1]), SETTINGS, STAMP)
    assert fewer is not None
    assert list(fewer.of) == [RULESET.rules[0].id]
    kept_demands(RULESET, SETTINGS, b"another")
    assert len(made) == 3


def test_a_rule_file_that_changes_changes_the_stamp(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    shutil.copyfile(Path(__file__).parents[2] / "rules/data-order/RA307.toml", folder / "OWN1.toml")
    settings = Settings(rules=(folder,))
    before = program_stamp(settings)
    assert program_stamp(settings) == before != STAMP
    os.utime(folder / "OWN1.toml", (1, 1))
    assert program_stamp(settings) != before


def test_where_one_rule_is_malformed_the_others_need_no_kept_demands() -> None:
    wrong = replace(RULESET.rules[0], match=replace(RULESET.rules[0].match, options={"no": "such option"}))
    broken = replace(RULESET, rules=(wrong, *RULESET.rules[1:]))
    with pytest.raises(RuleError):
        demands_of(broken.rules, ())
    assert kept_demands(broken, SETTINGS, STAMP) is None
    assert not demands_file(SETTINGS).exists()


def test_demands_for_folders_that_nobody_uses_any_more_go(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 2):
        old = demands_file(SETTINGS).with_name(f"{number}.demands")
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes(b"old")
        os.utime(old, (number, number))
    kept_demands(RULESET, SETTINGS, STAMP)
    left = list(demands_file(SETTINGS).parent.glob("*.demands"))
    assert len(left) == MAX_FILES
    assert demands_file(SETTINGS) in left
