"""What docs/ci.md and the pre-commit hook tell people to write is what the commands understand."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from auditor.cli import main
from auditor.report import formats
from auditor.services.baseline import read_baseline
from auditor.services.rule_examples import try_rules
from auditor.static.documents import kinds

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
HOOK = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = sorted(
    {
        match[0].split("   ")[0].strip()
        for kind, block in BLOCKS
        if kind in ("console", "yaml")
        for match in re.finditer(r"repro-audit (?:scan|run|rules)\b.*", block)
    }
)


@pytest.fixture
def help_of(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*words: str) -> str:
        assert main([*words, "--help"]) == 0
        return capfd.readouterr().out

    return run


@pytest.mark.parametrize("line", COMMANDS)
def test_options_of_the_page_exist(help_of: Callable[..., str], line: str) -> None:
    words = shlex.split(line)[1:]
    page = help_of(*words[: 2 if words[:2] == ["rules", "test"] else 1])
    for word in words:
        if word.startswith("-"):
            assert re.search(rf"(^|\s){re.escape(word)}[\s,]", page), word
    for before, word in pairwise(words):
        assert before != "--format" or word in formats()


def test_every_option_for_every_day_is_on_the_page() -> None:
    for option in ("--baseline", "--write-baseline", "--no-baseline", "--diff-base", "--watch", "allow-file"):
        assert option in PAGE
    for name in ("github", "gitlab", "junit", "sarif"):
        assert f"--format {name}" in PAGE


def test_settings_of_the_page_can_be_read_and_its_rules_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.services.settings import load_settings

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    tables = [block for kind, block in BLOCKS if kind == "toml"]
    team = tmp_path / "team_rules"
    (team / "libraries").mkdir(parents=True)
    rules = [block for block in tables if "[match]" in block]
    libraries = [block for block in tables if "[library]" in block]
    for block in tables:
        if block not in (*rules, *libraries):
            (tmp_path / "pyproject.toml").write_text(block)
            assert load_settings(tmp_path).origins
    for number, block in enumerate(libraries):
        (team / "libraries" / f"{number}.toml").write_text(block)
    for number, block in enumerate(rules):
        (team / f"{number}.toml").write_text(block)
    outcomes = try_rules(team)
    assert all(outcome.passed for outcome in outcomes)
    assert [outcome.rule.id for outcome in outcomes] == [tomllib.loads(rule)["id"] for rule in rules]
    assert len(libraries) == 1


def test_the_hook_scans_the_project_as_the_page_says(help_of: Callable[..., str]) -> None:
    keys = dict(re.findall(r"^(?:- |  )(\w+): (.*)$", HOOK, re.MULTILINE))
    assert (keys["id"], keys["language"]) == ("repro-audit-scan", "python")
    assert keys["pass_filenames"] == "false"
    assert f"- id: {keys['id']}" in PAGE
    program, command = keys["entry"].split()
    assert f'{program} = "auditor.cli:main"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "--diff-base" in help_of(command)


def test_the_hook_is_started_by_whatever_a_scan_reads() -> None:
    hook = yaml.safe_load(HOOK)[0]
    read = [*kinds._BY_NAME, *(f"job.{suffix}" for suffix in kinds._BY_SUFFIX), "Dockerfile.gpu", ".env.local", "a.py"]
    read += ["requirements-dev.txt", "uv.lock", "poetry.lock", "pylock.toml", "Pipfile.lock", ".envrc"]
    for name in read:
        assert re.search(hook["files"], f"some/where/{name}"), name
        assert re.search(hook["files"], name), name
    for name in ("README.md", "a.pyc", "figure.png", "Dockerfiles/notes", "xMakefile"):
        assert not re.search(hook["files"], name), name


def test_the_baseline_of_the_page_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("import random\n\nrandom.random()\n")
    line = next(command for command in COMMANDS if "--write-baseline" in command)
    assert main(shlex.split(line)[1:]) == 0
    assert len(read_baseline(tmp_path / "repro-audit-baseline.json")) == 1
