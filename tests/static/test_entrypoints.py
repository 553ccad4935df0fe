"""What is a program and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.static.files.consolescripts import console_scripts
from auditor.static.project import Project


@pytest.mark.cases("programs.txt")
def test_programs_are_told_from_modules(project: Callable[..., Project], case: Any) -> None:
    found = [path.rpartition("/")[2] for path in project(case.files).programs.entry_points]
    assert found in ([["a.py"], ["__main__.py"]] if case.expected == ("program",) else [[]])


def test_a_notebook_is_a_program(project: Callable[..., Project]) -> None:
    text = json.dumps({"cells": [{"cell_type": "code", "source": "import random\nrandom.random()"}]})
    assert list(project({"a.ipynb": text}).programs.entry_points) == ["a.ipynb"]


def test_files_beside_an_initialiser_at_the_root_are_programs_too(project: Callable[..., Project]) -> None:
    text = json.dumps({"cells": [{"cell_type": "code", "source": "import random\nrandom.random()"}]})
    loop = "import random\nfor _ in range(3):\n    print(random.random())\n"
    made = project({"__init__.py": "", "a.ipynb": text, "train.py": loop})
    assert list(made.programs.entry_points) == ["a.ipynb", "train.py"]


def test_console_scripts_come_from_every_kind_of_metadata(write: Callable[..., Path]) -> None:
    root = write(
        {
            "pyproject.toml": """
                [project]
                name = "x"
                [project.scripts]
                a = "x.a:main"
                [tool.poetry.scripts]
                b = "x.b:cli.run"
                """,
            "setup.cfg": "[options.entry_points]\nconsole_scripts =\n    c = x.c:main [extra]\n",
            "setup.py": "from setuptools import setup\nsetup(entry_points={'console_scripts': ['d = x.d:main']})\n",
        }
    )
    assert console_scripts(root) == (("x.a", "main"), ("x.b", "cli.run"), ("x.c", "main"), ("x.d", "main"))


@pytest.mark.parametrize("text", ["[project\nscripts", "scripts = 3\nproject = 4", "\xff scripts"])
def test_broken_metadata_names_no_scripts(write: Callable[..., Path], text: str) -> None:
    root = write({"pyproject.toml": text, "setup.cfg": "[[[", "setup.py": "setup("})
    assert console_scripts(root) == ()


def test_programs_that_reach_a_module_are_known(project: Callable[..., Project]) -> None:
    found = project(
        {
            "train.py": "import random\nimport lib.data\nrandom.random()",
            "evaluate.py": "import random\nfrom lib import other\nrandom.random()",
            "lib/__init__.py": "",
            "lib/data.py": "import random",
            "lib/other.py": "from .data import x",
        }
    )
    module = found.module("lib/data.py")
    assert module is not None
    assert found.programs.reaching(module.path) == ("evaluate.py", "train.py")
    train = found.module("train.py")
    assert train is not None
    reached = found.programs.modules_reached(train)
    assert [each.path for each in reached] == ["lib/__init__.py", "lib/data.py", "train.py"]
