"""Documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.cli import COMMANDS
from auditor.cli.exit_codes import ExitCode
from auditor.services.setting_keys import KEYS

ROOT = Path(__file__).parents[2]
MESSAGES = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_exit_codes_are_documented() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", MESSAGES, re.MULTILINE)}
    assert documented == {code.value for code in ExitCode}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_settings_are_documented(key: object) -> None:
    assert f"| `{key.name}` |" in MESSAGES  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_shows_every_command(command: str) -> None:
    assert f"repro-audit {command}" in README


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README):
        path = target[0] or target[1]
        assert path.startswith("https://") or (ROOT / path).exists(), path


def test_architecture_page_lists_the_layers_of_the_contract() -> None:
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [", 1)[1].split("]", 1)[0]
    layers = [part for line in re.findall(r'"([^"]+)"', contract) for part in line.split(" | ")]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    named = re.findall(r"[a-z]+", "\n".join(line.split("  ")[0] for line in page.splitlines()))
    assert named == layers
