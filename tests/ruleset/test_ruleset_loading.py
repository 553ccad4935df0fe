"""Where rules come from, and what loading them costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import auditor.ruleset.locate as locate
from auditor.errors import RuleError
from auditor.ruleset import load

RULES = locate.bundled_rules()


def test_rules_come_sorted_by_id() -> None:
    ids = [rule.id for rule in load().rules]
    assert ids == sorted(ids)


def test_wheel_rules_win_over_those_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "auditor"
    (package / "_rules" / "libraries").mkdir(parents=True)
    monkeypatch.setattr(locate, "_PACKAGE", package)
    assert locate.bundled_rules() == package / "_rules"


def test_no_rules_at_all_is_an_error_that_says_where_they_were_sought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "_PACKAGE", tmp_path / "auditor")
    with pytest.raises(RuleError, match=r"no rules found in .*_rules or .*rules; reinstall repro-audit"):
        locate.bundled_rules()


def test_extra_folder_adds_rules(tmp_path: Path) -> None:
    text = (RULES / "data-order" / "RA307.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("RA307", "RA399").replace("dataloader-out-of-order", "my-pattern"))
    rules = load([tmp_path]).rules
    assert [rule.path for rule in rules if rule.id == "RA399"] == [f"{tmp_path.as_posix()}/mine.toml"]
    assert len(rules) == len(load().rules) + 1


@pytest.mark.parametrize(
    ("replace", "key"),
    [({}, "id: `RA307`"), ({"RA307": "RA399"}, "name: `dataloader-out-of-order`")],
)
def test_repeated_id_or_name_names_both_files(tmp_path: Path, replace: dict[str, str], key: str) -> None:
    text = (RULES / "data-order" / "RA307.toml").read_text()
    for old, new in replace.items():
        text = text.replace(old, new)
    (tmp_path / "copy.toml").write_text(text)
    with pytest.raises(RuleError, match=rf"copy.toml: {key} is already used in rules/data-order/RA307.toml"):
        load([tmp_path])


def test_missing_extra_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder of rules"):
        load([tmp_path / "none"])


def test_hidden_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "broken.toml").write_text("=")
    assert len(load([tmp_path]).rules) == len(load().rules)


def test_loading_imports_nothing_heavy() -> None:
    code = "import sys, auditor.ruleset; auditor.ruleset.load(); print(*sys.modules, sep='\\n')"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"difflib", "numpy", "rich", "textual", "torch", "typer"}
