"""What the patches of one rule make of small projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from auditor.ruleset import Ruleset, load
from auditor.static.engine import Engine, find_files
from auditor.static.patches import PlannedPatch, Refused, Sources, plan_patches


@dataclass(frozen=True)
class Fixed:
    """What was planned for the findings of one rule."""

    patches: tuple[PlannedPatch, ...]
    refused: tuple[Refused, ...]
    texts: Mapping[str, str]
    """Files with all patches, as far as they changed."""

    left: int
    """Findings that are left when the patches are applied."""


@pytest.fixture(scope="session")
def rules() -> Ruleset:
    return load()


@pytest.fixture
def fix(tmp_path: Path, rules: Ruleset) -> Callable[..., Fixed]:
    """`fix("RA304", {"train.py": "…"})`: plan, and scan once more what the patches give; text is dedented."""

    def planned(rule_id: str, files: Mapping[str, str]) -> Fixed:
        rule = rules.find_rule(rule_id)
        assert rule is not None
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dedent(text).lstrip("\n").encode())
        engine = Engine(rules, [rule])
        found = find_files(tmp_path, [tmp_path], ())
        project = engine.project(found)
        sources = Sources(project)
        findings = engine.analyse(found).findings
        patches, refused = plan_patches(findings, {rule.id: rule}, project, sources)
        texts = sources.texts(change for patch in patches for change in patch.changes)
        for name, raw in texts.items():
            (tmp_path / name).write_bytes(raw)
        left = len(engine.analyse(find_files(tmp_path, [tmp_path], ())).findings)
        return Fixed(patches, refused, {name: raw.decode() for name, raw in texts.items()}, left)

    return planned
