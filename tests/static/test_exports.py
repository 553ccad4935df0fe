"""Star imports: names are found as if everything had been parsed, and nearly nothing is."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from auditor.static.project import Project
from auditor.static.reuse.trace import Memory

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


HANDING: Files = {
    "lib/__init__.py": "from .made import *\nfrom .one import *\nfrom .two import *\nfrom .three import *\n",
    "lib/made.py": "def choose(kind):\n    return globals()[kind]\nTool = choose('a')\n",
    "lib/one.py": "from .made import Tool\nmodel = Tool()\n",
    "lib/two.py": "from lib.made import (\n    Tool,  # again\n)\n",
    "lib/three.py": "from .made import Tool\n\ndef local():\n    Tool = 1\n    return Tool\n",
}


def test_what_only_hands_a_name_on_is_not_parsed(project: MakeProject) -> None:
    made = project({**HANDING, "train.py": "from lib import Tool\nTool()\n"})
    made.trace.start()
    assert resolved(made, "Tool") is None
    asked, _ = made.trace.stop()
    assert made.was_parsed("lib/made.py")
    assert not {"lib/one.py", "lib/two.py", "lib/three.py"} & made.parsed
    assert {("content", "lib/one.py"), ("content", "lib/two.py"), ("content", "lib/three.py")} <= asked.keys()


def test_a_name_that_is_handed_on_is_still_found(project: MakeProject) -> None:
    made = project(
        {
            **HANDING,
            "lib/made.py": "import numpy\nTool = numpy.random.rand\n",
            "train.py": "from lib import Tool\nTool()\n",
        }
    )
    assert resolved(made, "Tool") == "numpy.random.rand"


OTHERWISE = {
    "assigned": "from .made import Tool\nimport numpy\nTool = numpy.random.rand\n",
    "under a condition": "if lib:\n    from .made import Tool\nelse:\n    from numpy.random import rand as Tool\n",
    "taken from outside too": "from .made import Tool\nfrom numpy.random import rand as Tool\n",
    "an import of a module": "from .made import Tool\nimport numpy.random as Tool\n",
    "star-imported": "from .other import *\n",
}


@pytest.mark.parametrize("text", OTHERWISE.values(), ids=OTHERWISE)
def test_a_module_that_may_give_the_name_another_meaning_is_parsed(text: str, project: MakeProject) -> None:
    other = {"lib/other.py": "from numpy.random import rand as Tool\n"}
    made = project({**HANDING, **other, "lib/three.py": text, "train.py": "from lib import Tool\nTool()\n"})
    assert made.handed_on("lib/three.py", "Tool") is None
    assert (resolved(made, "Tool") or "").startswith("numpy.random")
    assert made.was_parsed("lib/three.py")
