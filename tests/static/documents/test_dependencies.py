"""Lists of dependencies: what makes up for missing versions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.static.engine import Analysis

Told = Callable[..., list[str]]
LOOSE = "tqdm\ntorch\nnumpy\n"


def test_told_once_a_file_at_the_first_library(scan: Callable[..., Analysis]) -> None:
    (finding,) = scan({"requirements.txt": LOOSE}).findings
    assert (finding.rule_id, finding.location.line) == ("RA461", 2)
    assert finding.message == "`torch` and `numpy` without an exact version: another day installs another one"


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ("uv.lock", ""),
        ("poetry.lock", ""),
        ("conda-lock.yml", ""),
        ("requirements.lock", ""),
        ("requirements_frozen.txt", "torch==2.4.0\n"),
        ("setup.py", "open('requirements.txt')\n"),
        ("pyproject.toml", '[tool.setuptools.dynamic]\ndependencies = { file = ["requirements.txt"] }\n'),
    ],
)
def test_lock_file_or_packaging_beside_makes_up_for_it(beside: str, text: str, told: Told) -> None:
    assert told({"requirements.txt": LOOSE, beside: text}) == []


def test_lock_file_of_another_folder_does_not(told: Told) -> None:
    assert told({"requirements.txt": LOOSE, "web/poetry.lock": ""}) == ["RA461 requirements.txt:2"]


@pytest.mark.parametrize("path", ["requirements-test.txt", "requirements/docs.txt", "docs/requirements.txt"])
def test_tools_of_developers_are_not_told(path: str, told: Told) -> None:
    assert told({path: LOOSE}) == []


def test_other_yaml_with_dependencies_is_not_an_environment(told: Told) -> None:
    assert told({"Chart.yaml": "name: x\ndependencies:\n  - name: numpy\n    version: '*'\n"}) == []


def test_poetry_that_builds_no_package_is_told(told: Told) -> None:
    text = '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.10"\ntorch = "^2.1"\n'
    assert told({"pyproject.toml": text + '[build-system]\nrequires = ["poetry-core"]\n'}) == ["RA461 pyproject.toml:5"]


def test_the_project_itself_is_not_told(told: Told) -> None:
    assert told({"trl/__init__.py": "", "docker/Dockerfile": "FROM a/python:3\nRUN pip install trl\n"}) == []
