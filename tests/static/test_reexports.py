"""Imports of a package through the project's own modules: found as if everything had been parsed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.static.files import reexports
from auditor.static.project import Project

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]

LIBRARY: Files = {
    "lib/__init__.py": "from .near import Conv as Renamed\nfrom .stars import *\nfrom .own import helper\n",
    "lib/near.py": "from kernels.ops import Conv\n",
    "lib/stars.py": "from .made import *\nfrom .circle import *\n",
    "lib/made.py": "import kernels\nPool = kernels.Pool\n",
    "lib/circle.py": "from lib import *\nimport kernels.tables as tables\n",
    "lib/own.py": "import kernels\nfrom torch import nn\ndef helper():\n    return kernels.Pool()\n",
}

LEADING = {
    "itself": ("import kernels.ops", "kernels.ops"),
    "a name of it": ("from kernels import Pool", "kernels.Pool"),
    "renamed on the way": ("from lib import Renamed", "kernels.ops.Conv"),
    "assigned behind star imports": ("from lib import Pool", "kernels.Pool"),
    "a module in a circle": ("from lib import tables", "kernels.tables"),
}

ELSEWHERE = {
    "a function that uses it": "from lib import helper",
    "another package": "from lib.own import nn",
    "nothing": "from lib import missing",
    "a star import": "from lib import *",
    "a module of the project": "from lib import own",
    "a package with the same beginning": "import kernels_of_mine",
}


@pytest.mark.parametrize(("statement", "target"), LEADING.values(), ids=LEADING)
def test_what_comes_from_the_package_is_found(statement: str, target: str, project: MakeProject) -> None:
    module = project({**LIBRARY, "train.py": f"{statement}\n"}).module("train.py")
    assert module is not None
    assert [each.target for each in module.imports_below(("kernels",))] == [target]
    assert target in [each.target for each in module.imports]


@pytest.mark.parametrize("statement", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_comes_from_elsewhere_parses_nothing_else(statement: str, project: MakeProject) -> None:
    made = project({**LIBRARY, "train.py": f"{statement}\n"})
    module = made.module("train.py")
    assert module is not None
    assert list(module.imports_below(("kernels",))) == []
    assert made.parsed == {"train.py"}


def test_an_answer_rests_on_every_file_on_the_way(project: MakeProject) -> None:
    made = project({**LIBRARY, "train.py": "from lib import helper\n"})
    module = made.module("train.py")
    assert module is not None
    made.trace.start()
    assert list(module.imports_below(("kernels",))) == []
    asked, _ = made.trace.stop()
    wanted = {("content", "lib/__init__.py"), ("content", "lib/own.py"), ("packages", "lib/__init__.py")}
    assert wanted <= asked.keys()


def test_where_a_name_is_taken_from_is_looked_up_once_and_every_answer_rests_on_it(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = project({**LIBRARY, **{f"{name}.py": "from lib import missing\n" for name in "ab"}})
    modules = [made.module(f"{name}.py") for name in "ab"]
    asked: list[str] = []
    find_origin = Project.find_origin

    def counted(self: Project, origin: str, importer: str) -> tuple[str | None, str] | None:
        asked.append(origin)
        return find_origin(self, origin, importer)

    monkeypatch.setattr(Project, "find_origin", counted)
    rests_on, counts = [], []
    for module in modules:
        assert module is not None
        made.trace.start()
        assert list(module.imports_below(("kernels",))) == []
        rests_on.append({question for question in made.trace.stop()[0] if question != ("content", module.path)})
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0
    assert rests_on[0] == rests_on[1]


def test_what_is_not_remembered_any_more_is_found_again(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reexports, "MAX_QUESTIONS", 1)
    made = project({**LIBRARY, **{f"{name}.py": f"from lib import {name}\n" for name in ("Pool", "tables", "Renamed")}})
    for name, target in (("Pool", "kernels.Pool"), ("tables", "kernels.tables"), ("Renamed", "kernels.ops.Conv")):
        module = made.module(f"{name}.py")
        assert module is not None
        assert [each.target for each in module.imports_below(("kernels",))] == [target]
