"""A program of several commands is seeded before it takes one of them, not within the first."""

from __future__ import annotations

from collections.abc import Callable

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]

COMMANDS = """import fire
import numpy as np


def train(seed=0):
    np.random.seed(seed)
    print(np.random.rand())


def sample():
    print(np.random.rand())


if __name__ == "__main__":
    fire.Fire()
"""


def test_the_seed_comes_before_the_command_is_chosen(fix: Fix) -> None:
    fixed = fix("RA102", {"cli.py": COMMANDS})
    assert fixed.texts["cli.py"] == COMMANDS.replace("    fire.Fire", "    np.random.seed(0)\n    fire.Fire")
    assert fixed.left == 0


def test_console_scripts_are_left_to_people_where_there_are_several(fix: Fix) -> None:
    text = COMMANDS.replace("import fire\n", "").partition("if __name__")[0].replace("np.random.seed(seed)", "pass")
    project = '[project]\nname = "tools"\nscripts = { train = "tools:train", sample = "tools:sample" }\n'
    fixed = fix("RA102", {"tools.py": text, "pyproject.toml": project})
    assert fixed.texts == {}
    assert ["started by themselves" in each.reason for each in fixed.refused] == [True]


def test_one_console_script_is_seeded_where_it_begins(fix: Fix) -> None:
    text = "import numpy as np\n\n\ndef train():\n    print(np.random.rand())\n"
    project = '[project]\nname = "tools"\nscripts = { train = "tools:train" }\n'
    fixed = fix("RA102", {"tools.py": text, "pyproject.toml": project})
    assert fixed.texts["tools.py"] == text.replace("    print", "    np.random.seed(0)\n    print")
