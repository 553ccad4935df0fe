"""Imports by the name of the folder that the project lies in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.static.files.importpath import ImportPath

FILES = {"models/__init__.py": "", "models/net.py": "", "tools/train.py": "", "numpy.py": "", "gymnasium.py": ""}


def _found(folder: Path, name: str, dotted: str, more: Mapping[str, str] | None = None) -> str | None:
    root = folder / name
    for path, text in {**FILES, **(more or {})}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    paths = ImportPath(root, frozenset({"torch"}), lambda: frozenset({"gymnasium"}))
    return paths.find_module(dotted, "tools/train.py")


def test_the_name_of_the_checkout_leads_to_its_top(tmp_path: Path) -> None:
    assert _found(tmp_path, "points", "points.models") == "models/__init__.py"
    assert _found(tmp_path, "points", "points.models.net") == "models/net.py"
    assert _found(tmp_path, "points", "points.missing") is None


def test_an_archive_adds_its_branch_to_the_name(tmp_path: Path) -> None:
    assert _found(tmp_path, "points-master", "points.models.net") == "models/net.py"


def test_another_name_leads_nowhere(tmp_path: Path) -> None:
    assert _found(tmp_path, "points", "clouds.models.net") is None


def test_a_package_of_that_name_inside_comes_first(tmp_path: Path) -> None:
    more = {"points/__init__.py": "", "points/models.py": ""}
    assert _found(tmp_path, "points", "points.models", more) == "points/models.py"


def test_a_library_of_that_name_is_none_of_the_project(tmp_path: Path) -> None:
    assert _found(tmp_path, "torch", "torch.models.net") is None
    assert _found(tmp_path, "gymnasium", "gymnasium.models.net") is None
    assert _found(tmp_path, "json", "json.models.net") is None


def test_the_top_itself(tmp_path: Path) -> None:
    assert _found(tmp_path, "points", "points") == "/"
    assert _found(tmp_path, "clouds", "clouds", {"__init__.py": ""}) == "__init__.py"
