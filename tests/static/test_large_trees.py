"""What is asked of thousands of files is answered without looking at each of them again."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from auditor.ruleset import Ruleset
from auditor.static.evaluation.wholenumbers import holds_numbers
from auditor.static.facts import ModuleFacts
from auditor.static.files.importgraph import ImportGraph
from auditor.static.files.texts import Texts
from auditor.static.matcher import find_matcher
from auditor.static.project import Project
from auditor.static.syntax.nodes import walk

Files = dict[str, str | bytes]
MakeProject = Callable[[Files], Project]
TIMES = 60

TABLE = """\
import numpy as np


class Sizes:
    def __init__(self):
        self.sizes = {}

    def fill(self, rows):
        self.sizes["a"] = len(rows)
        return set(self.sizes.values())
"""


def test_calls_of_a_file_that_compiles_nothing_are_not_resolved(
    project: MakeProject, ruleset: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[ast.expr] = []
    real = ModuleFacts.resolve

    def resolve(self: ModuleFacts, node: ast.expr) -> str | None:
        resolved.append(node)
        return real(self, node)

    monkeypatch.setattr(ModuleFacts, "resolve", resolve)
    rule = next(rule for rule in ruleset.rules if rule.match.kind == "compiled-draws")
    matcher = find_matcher("compiled-draws")
    scanned = project({"a.py": "import numba\nimport numpy as np\n" + "np.random.seed(3)\n" * TIMES})
    module = scanned.module("a.py")
    assert matcher is not None
    assert module is not None
    assert not list(matcher.find(rule, module, scanned))
    assert not resolved


@pytest.mark.parametrize(("others", "is_known"), [(0, True), (9, True), (TIMES, False)])
def test_files_that_name_an_attribute_are_parsed_only_where_these_are_few(
    others: int, is_known: bool, project: MakeProject
) -> None:
    files: Files = {f"b{i}.py": f"def show{i}(x):\n    print(x.sizes)\n" for i in range(others)}
    imports = "".join(f"import b{i}\n" for i in range(others))
    start = f"import table\n{imports}\nif __name__ == '__main__':\n    print(table.Sizes().fill([1]))\n"
    scanned = project({"table.py": TABLE, "start.py": start, **files})
    module = scanned.module("table.py")
    assert module is not None
    (given,) = [
        node.args[0]
        for node in walk(module.tree)
        if isinstance(node, ast.Call) and node.args[:1] and "values" in ast.unparse(node.args[0])
    ]
    assert holds_numbers(module, given) is is_known
    assert len(scanned.parsed) == (1 + others if is_known else 1)


def test_what_a_program_reaches_is_found_out_once(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    stated, searched = list[str](), list[str]()
    real_stated, contain = ImportGraph._stated, Texts.contain

    def counted(self: ImportGraph, path: str) -> tuple[str, ...]:
        stated.append(path)
        return real_stated(self, path)

    def searching(self: Texts, path: str, texts: tuple[str, ...]) -> bool:
        searched.append(path)
        return contain(self, path, texts)

    monkeypatch.setattr(ImportGraph, "_stated", counted)
    monkeypatch.setattr(Texts, "contain", searching)
    every = (
        "import importlib, os\n"
        "for each in os.listdir(os.path.dirname(__file__)):\n"
        "    importlib.import_module('parts.' + each[:-3])\n"
    )
    files: Files = {f"parts/p{i}.py": f"strange_word = {i}\n" for i in range(TIMES)}
    scanned = project({"parts/__init__.py": every, "a.py": "import parts\nimport parts.p1\n", **files})
    for _ in range(TIMES):
        found = scanned.programs.paths_reached("a.py", frozenset({"strange_word"}))
    assert "parts/p1.py" in found
    assert stated
    assert len(stated) == len(set(stated))
    assert len(searched) == len(set(searched))
