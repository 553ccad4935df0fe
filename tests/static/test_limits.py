"""What lies behind a limit: followed where it is the part that draws, else told, and never passed over in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from auditor.ruleset import Ruleset
from auditor.static.engine import Analysis, Engine
from auditor.static.evaluation.choices import MAX_FOUND
from auditor.static.files.discovery import Discovery

HEAD = "import sys\nimport numpy as np\n"
DRAW = "np.random.rand()"


def functions(count: int, drawing: Iterable[int]) -> str:
    return HEAD + "".join(f"def f{each}(): return {DRAW if each in drawing else each}\n" for each in range(count))


def classes(count: int, drawing: Iterable[int], above: str = "") -> str:
    return HEAD + "".join(
        f"{above}class C{each}:\n    def run(self): return {DRAW if each in drawing else each}\n"
        for each in range(count)
    )


def listed(count: int) -> str:
    return ", ".join(f"f{each}" for each in range(count))


def table(count: int) -> str:
    return ", ".join(f"'{each}': C{each}" for each in range(count))


def arms(count: int) -> str:
    return HEAD + "".join(
        f"{'el' if each else ''}if sys.argv[1] == '{each}':\n    from m{each} import run\n" for each in range(count)
    )


REGISTER = "TABLE = {}\ndef register(cls):\n    TABLE[cls.__name__] = cls\n    return cls\n"
LAST = {
    "a loop over many functions": {
        "train.py": functions(30, [29]) + f"for f in [{listed(30)}]:\n    print(f())\n",
    },
    "a table of many classes": {
        "train.py": classes(30, [29]) + f"TABLE = {{{table(30)}}}\nprint(TABLE[sys.argv[1]]().run())\n",
    },
    "many classes that are registered": {
        "train.py": REGISTER + classes(30, [29], "@register\n") + "print(TABLE[sys.argv[1]]().run())\n",
    },
    "a list of many objects": {
        "train.py": classes(30, [29])
        + "made = []\n"
        + "".join(f"made.append(C{each}())\n" for each in range(30))
        + "for each in made:\n    print(each.run())\n",
    },
    "many modules of which one is picked": {
        "train.py": "import importlib, sys\nnet = importlib.import_module('nets.' + sys.argv[1])\nprint(net.run())\n",
        "nets/__init__.py": "",
        **{f"nets/m{each}.py": f"{HEAD}def run(): return {each if each < 39 else DRAW}\n" for each in range(40)},
    },
    "many arms that import": {
        "train.py": arms(20) + "print(run())\n",
        **{f"m{each}.py": f"{HEAD}def run(): return {each if each < 19 else DRAW}\n" for each in range(20)},
    },
    "a seed that five functions hand on": {
        "train.py": HEAD
        + "def f0(seed=None): return np.random.default_rng(seed).random()\n"
        + "".join(f"def f{each}(seed=None): return f{each - 1}(seed)\n" for each in range(1, 5))
        + "print(f4())\n",
    },
}
"""The one that draws is none of the first."""

MANY = 2 * MAX_FOUND
BEYOND = {
    "functions": {"train.py": functions(400, [399]) + f"for f in [{listed(400)}]:\n    print(f())\n"},
    "classes": {
        "train.py": REGISTER + classes(MANY, [MANY - 1], "@register\n") + "print(TABLE[sys.argv[1]]().run())\n",
    },
    "commands": {
        "train.py": HEAD
        + "import click\n@click.group()\ndef g0(): pass\n"
        + "".join(f"@g{each - 1}.group()\ndef g{each}(): pass\n" for each in range(1, 7))
        + f"@g6.command()\ndef run(): print({DRAW})\ng0()\n",
    },
}


@pytest.fixture
def analyse(discover: Callable[..., Discovery], ruleset: Ruleset) -> Callable[..., Analysis]:
    def analyse_files(files: dict[str, str]) -> Analysis:
        return Engine(ruleset, ruleset.rules).analyse(discover(files))

    return analyse_files


@pytest.mark.parametrize("name", LAST)
def test_what_draws_is_followed_before_others(analyse: Callable[..., Analysis], name: str) -> None:
    assert {finding.rule_id for finding in analyse(LAST[name]).findings} & {"RA102", "RA110"}


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_not_followed_is_told(analyse: Callable[..., Analysis], name: str) -> None:
    found = analyse(BEYOND[name])
    assert found.findings or any("one of more things than are followed" in each.reason for each in found.skipped)


def test_many_things_that_draw_nothing_are_clean(analyse: Callable[..., Analysis]) -> None:
    files = {"train.py": functions(40, []) + f"for f in [{listed(40)}]:\n    print(f())\nprint({DRAW})\n"}
    found = analyse({"train.py": files["train.py"].replace(f"print({DRAW})", "np.random.seed(3)")})
    assert not found.findings
    assert not found.skipped
