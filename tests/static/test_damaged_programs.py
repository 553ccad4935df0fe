"""Laws of a scan over real files, whole and damaged: it never crashes, and says the same about the same.

`test_scan_properties.py` has the laws over generated programs; `benchmarks/scan_fuzz.py` tries far more damage.
"""

from __future__ import annotations

import ast
import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.report import render
from auditor.ruleset import Ruleset
from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.engine import Engine, find_files

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "sample_projects").glob("*/*.py"))

budget = settings(deadline=None, max_examples=25, derandomize=True)
seeds = st.integers(0, 2**32)


def loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


fuzz = loaded("scan_fuzz", ROOT / "benchmarks" / "scan_fuzz.py")


@pytest.fixture(scope="module")
def engine(ruleset: Ruleset) -> Engine:
    return Engine(ruleset, ruleset.rules)


def places(engine: Engine, root: Path, paths: list[Path] | None = None) -> list[tuple[Any, ...]]:
    found = engine.analyse(find_files(root, paths or [root], ())).findings
    return [(each.rule_id, each.location.path, each.location.line, each.key) for each in found]


def test_no_damaged_file_crashes_a_scan(tmp_path: Path) -> None:
    tally = fuzz.run(240, seed=20, keep=tmp_path)
    assert not tally.crashes
    assert tally.findings, "the damage leaves nothing to find, so this law says little"
    assert tally.unreadable < tally.inputs / 2


def test_the_same_seed_damages_files_the_same_way() -> None:
    assert list(fuzz.projects(6, seed=1)) == list(fuzz.projects(6, seed=1))


@settings(budget, max_examples=10)
@given(seed=seeds)
def test_scanning_twice_gives_the_same_bytes(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    root = tmp_path_factory.mktemp("twice")
    for name, raw in next(fuzz.projects(3, seed)).items():
        (root / name).write_bytes(raw)

    first, second = (scan([root], Settings(), root=root) for _ in range(2))
    for name in ("json", "text", "sarif"):
        assert render(first, name) == render(second, name)


def test_the_order_of_files_does_not_matter(engine: Engine) -> None:
    root = ROOT / "sample_projects"
    files = list(SAMPLES)
    expected = places(engine, root, files)
    assert expected
    for seed in range(3):
        random.Random(seed).shuffle(files)
        assert places(engine, root, files) == expected


def test_naming_a_file_twice_tells_it_once(engine: Engine) -> None:
    root = ROOT / "sample_projects" / "set_labels"
    assert places(engine, root, [root, root / "labels.py"]) == places(engine, root)


def statement_lines(source: str) -> list[int]:
    """Lines before which a comment can stand: where statements begin, with their decorators."""
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    return sorted(
        {min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) for node in statements}
    )


@budget
@given(path=st.sampled_from(SAMPLES), choice=seeds)
def test_a_comment_in_a_real_file_shifts_lines_and_nothing_else(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, path: Path, choice: int
) -> None:
    root = tmp_path_factory.mktemp("shifted")
    for other in path.parent.glob("*.py"):
        (root / other.name).write_bytes(other.read_bytes())
    before = places(engine, root)
    source = path.read_text(encoding="utf-8")
    starts = statement_lines(source)
    at = starts[choice % len(starts)]
    lines = source.split("\n")
    (root / path.name).write_text("\n".join([*lines[: at - 1], "# nothing", *lines[at - 1 :]]), encoding="utf-8")
    shifted = [(rule, name, line + (name == path.name and line >= at), key) for rule, name, line, key in before]
    assert places(engine, root) == shifted
