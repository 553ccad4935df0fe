"""The compiled form of the rules is as good as the rules, and never older than they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.ruleset import load, locate
from auditor.ruleset.compiled import FORMAT, compiled_file
from auditor.ruleset.loading import read_bundled

ROOT = Path(__file__).parents[2]
OURS = locate.bundled_rules()
FEW = ("data-order/RA307.toml", "seeding/RA102.toml", "definitions.toml", "operators.toml", "seeders.toml", "libraries")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some of our rules, as those of an installed program."""
    folder = tmp_path / "auditor" / "_rules"
    for name in FEW:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (OURS / name).is_dir():
            shutil.copytree(OURS / name, target)
        else:
            shutil.copyfile(OURS / name, target)
    monkeypatch.setattr(locate, "_PACKAGE", tmp_path / "auditor")
    return folder


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Grows whenever the TOML files are read."""
    seen: list[Path] = []

    def reading(folder: Path) -> object:
        seen.append(folder)
        return read_bundled(folder)

    monkeypatch.setattr("auditor.ruleset.loading.read_bundled", reading)
    return seen


def test_nothing_is_lost_in_the_compiled_form() -> None:
    read = read_bundled(OURS)
    made, kept = load(), load()
    assert kept == made or (kept.rules, kept.libraries, kept.seed_calls) == (
        made.rules,
        made.libraries,
        made.seed_calls,
    )
    by_id = {rule.id: rule for rule in kept.rules}
    assert len(by_id) == len(read.rules)
    for rule in read.rules:
        if rule.match.kind != "fallback":  # which is told more when it is loaded
            assert by_id[rule.id] == rule
    assert tuple(kept.libraries.values()) == tuple(sorted(read.libraries, key=lambda library: library.id))
    assert kept.reflection == made.reflection == read.reflection
    assert kept.networks == made.networks == read.networks


def test_the_second_loading_reads_no_toml(rules: Path, readings: list[Path]) -> None:
    assert load().rules == load().rules
    assert readings == [rules]


def touched(rules: Path) -> None:
    """A change that leaves the size as it is."""
    path = rules / "data-order" / "RA307.toml"
    path.write_text(path.read_text().replace('severity = "warning"', 'severity = "error"  '))
    os.utime(path, ns=(1, 1))


def added(rules: Path) -> None:
    text = (rules / "data-order" / "RA307.toml").read_text()
    (rules / "data-order" / "RA398.toml").write_text(text.replace("RA307", "RA398").replace('name = "', 'name = "my-'))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a rule": touched,
    "a new rule": added,
    "a removed rule": lambda rules: (rules / "seeding" / "RA102.toml").unlink(),
    "a library": lambda rules: os.utime(rules / "libraries" / "numpy.toml", ns=(1, 1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_noticed(change: str, rules: Path, readings: list[Path]) -> None:
    load()
    CHANGES[change](rules)
    now = load()
    assert len(readings) == 2
    assert {rule.id for rule in now.rules} == {path.stem for path in rules.rglob("RA*.toml")}


def test_a_rule_that_became_wrong_is_told_although_a_good_one_was_kept(rules: Path) -> None:
    load()
    path = rules / "data-order" / "RA307.toml"
    path.write_text(path.read_text().replace("title =", "titel ="))
    with pytest.raises(RuleError, match=r"rules/data-order/RA307.toml: title: missing"):
        load()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "one bit": lambda content: content[:-100] + bytes([content[-100] ^ 4]) + content[-99:],
    "nonsense": lambda content: b"nonsense",
    "of another format": lambda content: content.replace(FORMAT, b"repro-audit rules 0\n"),
    "nothing but the head": lambda content: FORMAT + b"\0\0\0\0",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_anew(damage: str, rules: Path, readings: list[Path]) -> None:
    before = load().rules
    file = compiled_file(rules)
    whole = file.read_bytes()
    file.write_bytes(DAMAGES[damage](whole))
    assert load().rules == before
    assert len(readings) == 2
    assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(rules: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert {rule.id for rule in load().rules} == {"RA102", "RA307"}


def test_rules_of_users_are_read_each_time(rules: Path, readings: list[Path], tmp_path: Path) -> None:
    text = (rules / "data-order" / "RA307.toml").read_text()
    own = tmp_path / "own"
    own.mkdir()
    for name in ("TEAM1", "TEAM2"):
        (own / "mine.toml").write_text(text.replace("RA307", name).replace('name = "', 'name = "my-'))
        assert name in {rule.id for rule in load([own]).rules}
    assert len(readings) == 1


def test_several_processes_may_make_it_at_once(cache: Path) -> None:
    code = "from auditor.ruleset import load; print(len(load().rules), len(repr(load().rules)))"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    told = [process.communicate() for process in running]
    assert {errors for _, errors in told} == {b""}
    assert len({output for output, _ in told}) == 1
    assert [path.suffix for path in (cache / "repro-audit" / "rules").iterdir()] == [".bin"]
