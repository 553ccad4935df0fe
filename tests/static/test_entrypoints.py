"""What is a program and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from auditor.static.entrypoints import console_scripts
from auditor.static.project import Project

DRAW = "import random\n"

PROGRAMS = [
    ("main guard", {"a.py": DRAW + "if __name__ == '__main__':\n    random.random()"}),
    ("main guard the other way round", {"a.py": DRAW + "if '__main__' == __name__:\n    random.random()"}),
    ("main guard with more", {"a.py": DRAW + "if __name__ == '__main__' and not x:\n    random.random()"}),
    ("main guard in a package", {"p/__init__.py": "", "p/a.py": DRAW + "if __name__ == '__main__':\n    random.random()"}),
    ("call at the top", {"a.py": DRAW + "print(random.random())"}),
    ("loop at the top", {"a.py": DRAW + "for i in range(3):\n    random.random()"}),
    ("assigned draw", {"a.py": DRAW + "x = random.random()"}),
    ("work in a condition", {"a.py": DRAW + "if x:\n    train(random.random())"}),
    ("loop in a package, imported by nobody", {"p/__init__.py": "", "p/a.py": DRAW + "for i in x:\n    random.random()"}),
    ("__main__", {"p/__init__.py": "", "p/__main__.py": DRAW + "random.random()"}),
    ("notebook", {"a.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": DRAW + "random.random()"}]})}),
    ("guarded module that others import", {"a.py": DRAW + "def main():\n    random.random()\nif __name__ == '__main__':\n    main()", "b.py": "import a"}),
]  # fmt: skip

NO_PROGRAMS = [
    ("functions only", {"a.py": DRAW + "def f():\n    return random.random()"}),
    ("settings only", {"a.py": DRAW + "import logging, warnings\nlogging.basicConfig()\nwarnings.filterwarnings('ignore')\ndef f():\n    random.random()"}),
    ("registration", {"a.py": DRAW + "from reg import REG\nREG.register('x', 1)\nrandom.random"}),
    ("constants", {"a.py": DRAW + "import re\nX = re.compile('x')\nLOG = make_logger()"}),
    ("test", {"test_a.py": DRAW + "random.random()"}),
    ("in a test folder", {"x/tests/a.py": DRAW + "random.random()"}),
    ("conftest", {"conftest.py": DRAW + "random.random()"}),
    ("setup.py", {"setup.py": DRAW + "random.random()\nsetup()"}),
    ("runs tests", {"a.py": DRAW + "import unittest\nif __name__ == '__main__':\n    unittest.main()"}),
    ("imported by others", {"a.py": DRAW + "print(random.random())", "b.py": "import a"}),
    ("relative imports", {"p/__init__.py": "", "p/a.py": DRAW + "from .b import x\nprint(random.random())", "p/b.py": "x = 1"}),
    ("try-out in a module that others import", {"a.py": "import torch\nclass Net(torch.nn.Linear):\n    pass\nif __name__ == '__main__':\n    print(Net(2, 2)(torch.rand(1, 2)).shape)", "b.py": "import a\nx = a"}),
    ("only type checking", {"a.py": DRAW + "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    print(1)"}),
]  # fmt: skip


@pytest.mark.parametrize("files", [case[1] for case in PROGRAMS], ids=[case[0] for case in PROGRAMS])
def test_programs_are_found(project: Callable[..., Project], files: dict[str, str]) -> None:
    found = list(project(files).entry_points)
    assert len(found) == 1
    assert found[0].rpartition("/")[2] in ("a.py", "a.ipynb", "__main__.py")


@pytest.mark.parametrize("files", [case[1] for case in NO_PROGRAMS], ids=[case[0] for case in NO_PROGRAMS])
def test_modules_are_no_programs(project: Callable[..., Project], files: dict[str, str]) -> None:
    assert list(project(files).entry_points) == []


def test_console_scripts_come_from_every_kind_of_metadata(write: Callable[..., object], tmp_path: object) -> None:
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
    assert console_scripts(root) == (("x.a", "main"), ("x.b", "cli.run"), ("x.c", "main"), ("x.d", "main"))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["[project\nscripts", "scripts = 3\nproject = 4", "\xff scripts"])
def test_broken_metadata_names_no_scripts(write: Callable[..., object], text: str) -> None:
    root = write({"pyproject.toml": text, "setup.cfg": "[[[", "setup.py": "setup("})
    assert console_scripts(root) == ()  # type: ignore[arg-type]


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
    assert found.entry_points_reaching(module) == ("evaluate.py", "train.py")
    train = found.module("train.py")
    assert train is not None
    assert [each.path for each in found.modules_reached(train)] == ["lib/__init__.py", "lib/data.py", "train.py"]
