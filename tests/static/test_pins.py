"""Which versions a project fixes, from the files that installers write and read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.static.files.pins import distribution_name, read_pins, same_version


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nname = "Torch"\nversion = "2.13.0"\n[[package]]\nname = "here"\n'),
        ("poetry.lock", '[[package]]\nname = "torch"\nversion = "2.13.0"\n'),
        ("pylock.toml", '[[packages]]\nname = "torch"\nversion = "2.13.0"\n'),
        ("Pipfile.lock", json.dumps({"default": {"torch": {"version": "==2.13.0"}}})),
        ("requirements.txt", "torch[all]==2.13.0 ; python_version > '3'  # the one\n-r other.txt\n"),
        ("requirements-dev.txt", "torch === 2.13.0 --hash=sha256:0\n"),
        ("environment.yml", "name: a\ndependencies:\n  - conda-forge::torch=2.13.0=py311\n  - pip:\n"),
    ],
)
def test_exact_versions_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    pins = read_pins(tmp_path)
    assert pins.versions == {"torch": frozenset({"2.13.0"})}
    assert pins.files == (name,)
    assert pins.unread == ()


def test_ranges_and_wildcards_fix_nothing(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch>=2\nnumpy==2.*\nscipy\n./local\n")
    pins = read_pins(tmp_path)
    assert pins.versions == {}
    assert pins.loose == ("numpy", "scipy", "torch")


def test_a_lock_file_counts_more_than_the_list_that_it_was_made_from(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch==1.0\n")
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "torch"\nversion = "2.13.0"\n')
    assert read_pins(tmp_path).versions == {"torch": frozenset({"2.13.0"})}


def test_several_versions_for_several_platforms_are_all_kept(tmp_path: Path) -> None:
    lock = "".join(f'[[package]]\nname = "torch"\nversion = "{version}"\n' for version in ("2.13.0", "2.13.0+cpu"))
    (tmp_path / "uv.lock").write_text(lock)
    assert read_pins(tmp_path).versions == {"torch": frozenset({"2.13.0", "2.13.0+cpu"})}


@pytest.mark.parametrize(("name", "text"), [("uv.lock", "[[package"), ("Pipfile.lock", "[]"), ("pixi.lock", "a: b")])
def test_lock_files_that_cannot_be_read_are_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    pins = read_pins(tmp_path)
    assert pins.versions == {}
    assert [entry.startswith(name) for entry in pins.unread] == [True]


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        (".python-version", "3.11.7\n", "3.11.7"),
        ("Dockerfile", "# base\nFROM docker.io/python:3.11-slim AS x\n", "3.11"),
        ("Dockerfile", "FROM pytorch/pytorch:2.1\n", ""),
        ("environment.yml", "dependencies:\n  - python=3.11.7\n", "3.11.7"),
        ("environment.yml", "dependencies:\n  - python>=3.11\n", ""),
    ],
)
def test_the_interpreter_is_fixed_by_files_that_name_one_version(
    tmp_path: Path, name: str, text: str, version: str
) -> None:
    (tmp_path / name).write_text(text)
    assert read_pins(tmp_path).python == version


@pytest.mark.parametrize(
    ("pinned", "installed", "same"),
    [
        ("2.13.0", "2.13.0+cpu", True),
        ("2.13.0+cpu", "2.13.0+cpu", True),
        ("2.13.0+cu128", "2.13.0+cpu", False),
        ("2.13", "2.13.0", False),
        ("2.1", "2.13.0", False),
    ],
)
def test_a_build_counts_only_where_the_pin_names_one(pinned: str, installed: str, same: bool) -> None:
    assert same_version(pinned, installed) is same


def test_modules_are_known_by_the_name_of_their_distribution() -> None:
    assert [distribution_name(each) for each in ("sklearn", "PIL", "torch_geometric")] == [
        "scikit-learn",
        "pillow",
        "torch-geometric",
    ]
