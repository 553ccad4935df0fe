"""What gets to functions and classes that no program names, as data of ours and of a team."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.ruleset import load
from auditor.ruleset.reflection import Reflection
from auditor.static.engine import Engine, find_files
from auditor.static.execution.namedways import gets_to_line

OURS = load().reflection


@pytest.mark.parametrize(
    ("method", "called"),
    [
        ("fit", True), ("fit_resample", True), ("partial_fit", True), ("on_epoch_end", True), ("setUpClass", True),
        ("on_", False), ("get_params", True), ("refit", False), ("train_loop", False), ("steps", False),
    ],
)  # fmt: skip
def test_libraries_call_back_by_the_whole_name(method: str, called: bool) -> None:
    assert OURS.calls_back(method) is called


def test_nothing_is_called_back_where_nobody_says_so() -> None:
    assert not Reflection().calls_back("fit")
    assert not Reflection().calls_back("")


@pytest.mark.parametrize(
    ("base", "found"),
    [("luigi.Task", True), ("luigi.contrib.spark.SparkSubmitTask", True), ("luigi2.Task", False), (".luigi.T", False)],
)
def test_a_package_finds_what_is_in_it(base: str, found: bool) -> None:
    assert OURS.finds(base) is found


def test_a_class_finds_what_extends_it_and_nothing_beside() -> None:
    reflection = Reflection(found_by_name=("ours.Step",))
    assert reflection.finds("ours.Step")
    assert not reflection.finds("ours.Steps")
    assert not reflection.finds("ours.Other")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[method]", "reflection.toml: method: unknown key (did you mean `methods`?)"),
        ("[methods]\ncalled = []", "reflection.toml: methods.called: unknown key"),
        ('[methods]\ncalled_back = ["Base.fit"]', "methods.called_back: expected the name of a method"),
        ('[methods]\ncalled_back = "fit"', "methods.called_back: expected an array of strings"),
        ('[classes]\nfound_by_name = ["luigi."]', "classes.found_by_name: expected the dotted name"),
        ('[words]\nown_main = ["run(", "run("]', "words.own_main: `run(` is listed twice"),
    ],
)
def test_mistakes_name_file_and_key(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "reflection.toml").write_text(f"schema = 1\n{text}\n")
    with pytest.raises(RuleError, match=re.escape(complaint)):
        load([tmp_path])


def test_a_team_adds_to_ours_and_repeats_what_it_likes(tmp_path: Path) -> None:
    said = '[methods]\ncalled_back = ["fit*", "advance"]\n[words]\nown_main = ["launch("]\n'
    (tmp_path / "reflection.toml").write_text(f"schema = 1\n{said}")
    known = load([tmp_path]).reflection
    assert known.called_back == (*OURS.called_back, "advance")
    assert known.own_main == (*OURS.own_main, "launch(")
    assert known.found_by_name == OURS.found_by_name


STEPS = """import ours
def draw():
    print(1)

def unnamed():
    print(2)

class Walker:
    def advance(self):
        print(3)

class Job(ours.Task):
    def compare(self):
        print(4)
"""
PROGRAM = """
import ours
from steps import Walker, draw

draw()
Walker()
ours.start(find_step("x"))
"""


@pytest.mark.parametrize(
    ("said", "led"),
    [
        ("", {3}),
        ('[words]\nany_function = ["find_step("]', {3, 6, 10, 14}),
        ('[words]\nseldom_any = ["find_step("]', {3, 6, 10, 14}),
        ('[words]\nany_method = ["find_step("]', {3, 10}),
        ('[methods]\ncalled_back = ["adv*"]', {3, 10}),
        ('[classes]\nfound_by_name = ["ours"]', {3, 14}),
    ],
)
def test_a_program_gets_to_what_a_team_says(said: str, led: set[int], tmp_path: Path) -> None:
    team, root = tmp_path / "team", tmp_path / "project"
    for folder in (team, root):
        folder.mkdir()
    (team / "reflection.toml").write_text(f"schema = 1\n{said}\n")
    (root / "steps.py").write_text(STEPS)
    (root / "train.py").write_text(PROGRAM)
    project = Engine(load([team]), ()).project(find_files(root, [root], ()))
    assert {line for line in (3, 6, 10, 14) if gets_to_line(project, "train.py", "steps.py", line)} == led
