"""Imports of modules below a package that scripts are run in."""

from __future__ import annotations

from pathlib import Path

from auditor.static.files.importpath import ImportPath

FILES = ("lab/__init__.py", "lab/envs/__init__.py", "lab/envs/tools.py", "lab/envs/deep/__init__.py", "lab/tools.py")


def _found(root: Path, dotted: str, importer: str, *more: str) -> str | None:
    for path in (*FILES, *more):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return ImportPath(root, frozenset({"torch"})).find_module(dotted, importer)


def test_the_folder_of_a_script_is_looked_into(tmp_path: Path) -> None:
    importer = "lab/envs/deep/__init__.py"
    assert _found(tmp_path, "envs.tools", importer, "lab/train_agent.py") == "lab/envs/tools.py"


def test_it_comes_before_the_folder_of_the_importer(tmp_path: Path) -> None:
    assert _found(tmp_path, "tools", "lab/envs/__init__.py", "lab/main.py") == "lab/tools.py"


def test_without_a_script_only_the_importers_own_folder_is_looked_into(tmp_path: Path) -> None:
    modules = ("lab/trainer.py", "lab/train_utils.py", "lab/test_net.py")
    assert _found(tmp_path, "tools", "lab/envs/__init__.py", *modules) == "lab/envs/tools.py"
    assert _found(tmp_path, "tools", "lab/envs/deep/__init__.py") is None


def test_what_a_folder_without_a_package_around_it_holds_comes_first(tmp_path: Path) -> None:
    assert _found(tmp_path, "tools", "lab/envs/deep/__init__.py", "lab/main.py", "tools.py") == "tools.py"


def test_a_library_that_rules_know_is_no_module_of_the_folder(tmp_path: Path) -> None:
    assert _found(tmp_path, "torch", "lab/envs/__init__.py", "lab/main.py", "lab/torch.py") is None
