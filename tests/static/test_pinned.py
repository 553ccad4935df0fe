"""Which versions a project runs with, as its files tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.ruleset.versions import parse_bounds
from auditor.static.files.pinned import Pins

PACKAGE = "no-such-package"


def holds(folder: Path, bound: str) -> bool | None:
    (parsed,) = parse_bounds(bound)
    return Pins(folder).range_of(parsed.package).holds(parsed)


@pytest.mark.parametrize(
    ("name", "text", "old", "new"),
    [
        ("requirements.txt", "numpy\n{p}==2.6.0+cu118  # why\n", True, False),
        ("requirements.txt", "{p}[extra]==2.12.1 ; python_version > '3.9'\n", False, True),
        ("requirements-dev.txt", "{p}==2.9.*\n", True, False),
        ("requirements.txt", "{p}~=2.11.0\n", False, True),
        ("requirements.txt", "{p}>=2.0,<2.4\n", True, False),
        ("requirements.txt", "{p}>=2.0\n", None, None),
        ("requirements.txt", "{p}\nother-{p}==1.0\n", None, None),
        ("pyproject.toml", '[project]\ndependencies = ["numpy", "{p}>=2.10"]\n', False, True),
        ("pyproject.toml", '[tool.poetry.dependencies]\n{p} = "^1.13"\n', True, False),
        ("uv.lock", '[[package]]\nname = "{p}"\nversion = "2.9.1"\n', True, False),
        ("Pipfile.lock", '{{"default": {{"{p}": {{"hashes": [], "version": "==2.10.0"}}}}}}', False, True),
        ("environment.yml", "dependencies:\n  - python=3.11\n  - {p}=2.1\n", True, False),
        ("environment.yml", "dependencies:\n  - pytorch::{p}=2.1.0=py3.10_0\n", True, False),
        ("conda.yml", "dependencies:\n  - pip:\n    - {p}==2.11\n", False, True),
        ("requirements.txt", "\ufeff{p}==2.6.0\r\n", True, False),
        ("requirements.txt", "# {p}==2.6.0\n{p}==2.11.0\n", False, True),
        ("requirements.txt", "{p}==2.2; sys_platform == 'darwin'\n{p}==2.11; sys_platform != 'darwin'\n", None, None),
        ("requirements.txt", "https://host/whl/{p}-2.6.0%2Bcu124-cp310-cp310-linux_x86_64.whl\n", True, False),
        ("pyproject.toml", '[project]\ndependencies = [\n  # "{p}==2.6.0",\n  "{p}==2.11.0",\n]\n', False, True),
        ("pyproject.toml", '[tool.poetry.dependencies]\n{p} = {{ source = "x", version = "2.6.0" }}\n', True, False),
        ("pyproject.toml", '[tool.poetry.dependencies.{p}]\nsource = "x"\nversion = "^1.13"\n', True, False),
        ("pyproject.toml", '[tool.poetry.dependencies]\n{p} = "~2.6"\n', True, False),
        (
            "uv.lock",
            '[[package]]\nname = "{p}"\nversion = "2.6"\n\n[[package]]\nname = "{p}"\nversion = "2.11"\n',
            None,
            None,
        ),
        ("pylock.toml", '[[packages]]\nname = "{p}"\nversion = "2.6.0"\n', True, False),
        ("Pipfile", '[packages]\n{p} = "==2.6.0"\n', True, False),
        ("setup.py", "setup(install_requires=['numpy', '{p}==2.6.0'])\n", True, False),
        (
            "Dockerfile",
            "FROM ubuntu:22.04\nRUN pip install numpy \\\n  '{p}[extra]==2.6.0' other-{p}==2.11\n",
            True,
            False,
        ),
        ("Dockerfile", "# RUN pip install {p}==2.6.0\nRUN pip install {p}\n", None, None),
    ],
)
def test_files_decide_whether_a_bound_holds(
    name: str, text: str, old: bool | None, new: bool | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text.format(p=PACKAGE))
    assert (holds(tmp_path, f"{PACKAGE} < 2.10"), holds(tmp_path, f"{PACKAGE} >= 2.10")) == (old, new)


def test_lock_file_wins_over_a_range(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"{PACKAGE}>=2.10\n")
    (tmp_path / "uv.lock").write_text(f'[[package]]\nname = "{PACKAGE}"\nversion = "2.9.1"\n')
    assert holds(tmp_path, f"{PACKAGE} < 2.10") is True


def test_lists_that_a_list_includes_are_read(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "requirements.txt").write_text(f"-c constraints.txt\n--requirement=deps/base.txt\n{PACKAGE}\n")
    (tmp_path / "constraints.txt").write_text("-r requirements.txt\n")
    (tmp_path / "deps" / "base.txt").write_text("-r more.txt\n-r ../../outside.txt\n")
    (tmp_path / "deps" / "more.txt").write_text(f"{PACKAGE}==2.9.1\n")
    assert holds(tmp_path, f"{PACKAGE} < 2.10") is True


def test_requirements_win_over_those_for_development(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").write_text(f"{PACKAGE}==2.11\n")
    (tmp_path / "requirements.txt").write_text(f"{PACKAGE}==2.9\n")
    assert holds(tmp_path, f"{PACKAGE} < 2.10") is True


@pytest.mark.parametrize(("written", "is_old"), [(">=2.0", False), ("==2.6", True), ("<2.10", True)])
def test_environment_tells_which_version_of_a_range_is_meant(written: str, is_old: bool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"{PACKAGE}{written}\n")
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / f"{PACKAGE}-2.11.0.dist-info").mkdir(parents=True)
    assert holds(tmp_path, f"{PACKAGE} < 2.10") is is_old


def test_conda_name_of_torch_is_known(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("dependencies:\n  - pytorch=2.1\n")
    assert holds(tmp_path, "torch < 2.10") is True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", "FROM nvcr.io/pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime AS base\n"),
        ("docker-compose.yml", "services:\n  train:\n    image: pytorch/pytorch:2.1.0\n"),
    ],
)
def test_image_of_torch_is_known(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert holds(tmp_path, "torch < 2.10") is True


def test_list_wins_over_an_image(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM pytorch/pytorch:2.1.0\n")
    (tmp_path / "requirements.txt").write_text("torch==2.11.0\n")
    assert holds(tmp_path, "torch < 2.10") is False


def test_environment_of_the_project_is_asked_last(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / f"{PACKAGE}-1.2.3.dist-info").mkdir(parents=True)
    assert holds(tmp_path, f"{PACKAGE} < 1.2.4") is True


def test_package_that_nothing_names_is_unknown(tmp_path: Path) -> None:
    assert holds(tmp_path, f"{PACKAGE} < 2.10") is None


@pytest.mark.parametrize("text", ["torch", "torch == 2.0", "torch < two", "< 2.0"])
def test_malformed_bound_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected conditions such as `torch >= 2.1, torch < 2.10`, found"):
        parse_bounds(text)
