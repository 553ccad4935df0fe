"""Star imports: names are found as if everything had been parsed, and nearly nothing is."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from auditor.static.project import Project
from auditor.static.trace import Memory

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]

LIBRARY: Files = {
    "lib/__init__.py": "from .near import *\nfrom .deep import *\nfrom .circle import *\nfrom .outside import *\n",
    "lib/near.py": "import torch\nmake = torch.empty\n",
    "lib/deep/__init__.py": "from .core import *\n",
    "lib/deep/core.py": "import numpy\ndraw = numpy.random.rand\nclass Maker:\n    remake = None\n",
    "lib/circle.py": "from lib import *\nimport numpy\nround_trip = numpy.random.rand\n",
    "lib/outside.py": "from torch import *\n",
}

FOUND = {
    "in the module itself": ("make", "torch.empty"),
    "in what that one star-imports": ("draw", "numpy.random.rand"),
    "in a circle": ("round_trip", "numpy.random.rand"),
    "of a library outside": ("manual_seed", "torch.manual_seed"),
    "nowhere": ("missing", None),
    "as an attribute of something else": ("remake", None),
}


def resolved(made: Project, name: str) -> str | None:
    module = made.module("train.py")
    assert module is not None
    call = module.tree.body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert isinstance(call.value.func, ast.Name)
    assert call.value.func.id == name
    return module.resolve(call.value.func)


@pytest.mark.parametrize(("name", "meant"), FOUND.values(), ids=FOUND)
@pytest.mark.parametrize("form", ["from lib import *\n{}()\n", "from lib import {0}\n{0}()\n"])
def test_a_name_means_what_the_parsed_files_say(form: str, name: str, meant: str | None, project: MakeProject) -> None:
    assert resolved(project({**LIBRARY, "train.py": form.format(name)}), name) == meant


def test_a_file_that_does_not_hold_the_name_is_not_parsed(project: MakeProject) -> None:
    made = project({**LIBRARY, "train.py": "from lib import make\nmake()\n"})
    assert resolved(made, "make") == "torch.empty"
    assert made.was_parsed("lib/near.py")
    assert not {"lib/deep/__init__.py", "lib/deep/core.py"} & made.parsed


def test_an_answer_rests_on_every_file_that_could_have_given_the_name(project: MakeProject) -> None:
    made = project({**LIBRARY, "train.py": "from lib import missing\nmissing()\n"})
    made.trace.start()
    assert resolved(made, "missing") is None
    asked, _ = made.trace.stop()
    assert {("reach", "lib/deep/__init__.py"), ("content", "lib/near.py")} <= asked.keys()


def test_what_is_wrong_with_a_file_is_told_by_all_that_rests_on_its_tree(project: MakeProject) -> None:
    made = project({"train.py": "import broken\n", "broken.py": "def broken(:\n"})
    memory: Memory[str, bool] = {}
    told = []
    for _ in range(2):
        made.start_over()
        made.trace.start()
        made.trace.once(memory, "broken", lambda: made.module("broken.py") is None)
        asked, parsed = made.trace.stop()
        assert ("content", "broken.py") in asked
        told.append(made.problems_of(parsed))
    assert told[0] == told[1] == {"broken.py": "syntax error in line 1: invalid syntax"}


def test_a_file_that_cannot_be_read_is_left_to_whoever_tells_of_it(project: MakeProject) -> None:
    made = project(
        {"lib/__init__.py": "from .data import *\n", "lib/data.py": b"\x00" * 10, "train.py": "import lib\n"}
    )
    (made.root / "lib" / "data.py").unlink()
    assert made.may_export("lib/data.py", "anything")
