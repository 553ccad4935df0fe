"""An import whose last use a patch takes away goes with it; any other stays."""

from __future__ import annotations

import ast
from collections.abc import Callable
from textwrap import dedent

import pytest

from auditor.static.fixes.writing.idle_imports import without_idle_imports
from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]
USE = "time.time()"


def changed(source: str, old: str = USE, new: str = "0") -> str:
    source = dedent(source).lstrip("\n")
    assert old in source
    return without_idle_imports(ast.parse(source), source.replace(old, new))


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("import time\n\nimport torch\nx = time.time()\n", "import torch\nx = 0\n"),
        ("import os\nimport time\nimport re\nx = os, re, time.time()\n", "import os\nimport re\nx = os, re, 0\n"),
        ("import os, time\nx = os, time.time()\n", "import os\nx = os, 0\n"),
        ("import time, os\nx = os, time.time()\n", "import os\nx = os, 0\n"),
        ('"""é."""\nimport os; x = 1\nimport time  # clock\ny = time.time()\n', '"""é."""\nimport os; x = 1\ny = 0\n'),
        ("def f():\n    import time\n    return time.time()\n", "def f():\n    return 0\n"),
        ("import time as clock\nx = clock.time()\n", "x = 0\n"),
        (
            "from time import (\n    sleep,\n    time,\n)\nsleep(time())\n",
            "from time import (\n    sleep,\n)\nsleep(0)\n",
        ),
        (
            "from time import (\n    time,\n    sleep\n)\nsleep(time())\n",
            "from time import (\n    sleep\n)\nsleep(0)\n",
        ),
        ("import os, os.path, time\nx = time.time()\n", "import os, os.path\nx = 0\n"),
        ('import time\nprint("the time", time.time())\n', 'print("the time", 0)\n'),
        ("import time\nprint(vars(args), time.time())\n", "print(vars(args), 0)\n"),
        ("import time\nmodel.eval()\nx = time.time()\n", "model.eval()\nx = 0\n"),
        ('"""Take time.\n\n>>> f()\n"""\nimport time\nx = time.time()\n', '"""Take time.\n\n>>> f()\n"""\nx = 0\n'),
    ],
)
def test_what_nothing_uses_any_more_goes(source: str, after: str) -> None:
    old = next(each for each in ("clock.time()", USE, "time()") if each in source)
    assert changed(source, old) == after


@pytest.mark.parametrize(
    "source",
    [
        "import time\nx = time.time(), time.sleep(1)\n",  # used elsewhere
        "import time  # noqa: F401\nx = time.time()\n",
        "import time; x = time.time()\n",
        "try:\n    import time\nexcept ImportError:\n    pass\nx = time.time()\n",
        "if True:\n    import time\nx = time.time()\n",
        'import time\n__all__ = ["time"]\nx = time.time()\n',
        'import time\ndef f(x: "time.struct_time"):\n    return time.time()\n',
        "import time\ndef f():\n    global time\n    time = 3\nx = time.time()\n",
        "def f():\n    import time\nx = time.time()\n",
        "import mytime as time\nx = time.time()\n",  # what it does when it is imported is not known
        "from .clock import time\nx = time.time()\n",
        "from time import (  # noqa\n    time,\n)\nx = time.time()\n",
        "import time  # NOQA\nx = time.time()\n",
        "import time\nx = time.time()\ny = eval('time.' + name)\n",  # names that only a run knows
        "import time\nx = time.time()\nexec(code)\n",
        "import sys\nimport time\nx = time.time()\ny = vars(sys.modules[__name__])\n",
        "import time\nx = time.time()\ny = globals()[name].ctime()\n",
        "import time\nx = time.time()\ny = {name: value for name, value in vars().items() if name[0] != '_'}\n",
        "import time\nx = time.time()\ntimeit(setup='from __main__ import time as t')\n",
        'import time\ndef f():\n    """Wait.\n\n    >>> time.ctime() is None\n    False\n    """\nx = time.time()\n',
        "import time\ndef f(x):\n    # type: (time.struct_time) -> None\n    print(x)\ny = time.time()\n",
        "import time\nx = time.time()\ny = None  # type: time.struct_time\n",
        "from time import (\n    sleep,\n    time,  # the clock\n)\nsleep(1)\nx = time.time()\n",
    ],
)
def test_what_is_used_meant_or_not_known_stays(source: str) -> None:
    after = changed(source)
    assert [line.replace(USE, "0") for line in source.split("\n") if "import" in line] == [
        line for line in after.split("\n") if "import" in line
    ]


def test_what_the_source_did_not_use_before_stays() -> None:
    assert changed("import re\nimport time\nx = time.time()\n") == "import re\nx = 0\n"


SEED = "import time\n\nimport torch\n\ntorch.manual_seed(int(time.time()))\nprint(torch.rand(3))\n"


def test_a_program_loses_the_import(fix: Fix) -> None:
    assert fix("RA109", {"train.py": SEED}).texts["train.py"] == (
        "import torch\n\ntorch.manual_seed(0)\nprint(torch.rand(3))\n"
    )


def test_a_file_that_others_import_keeps_it(fix: Fix) -> None:
    files = {"train.py": SEED, "show.py": "from train import *\n\nprint(time.time())\n"}
    assert "import time\n" in fix("RA109", files).texts["train.py"]


@pytest.mark.parametrize(
    "other",
    [
        "import runpy\n\nprint(runpy.run_path('train.py')['time'].ctime())\n",
        "import runpy\n\nprint(runpy.run_module('train')['time'].ctime())\n",
        "exec(open('train.py').read())\nprint(time.ctime())\n",
        "def go():\n    from __main__ import time\n    print(time.ctime())\n",
        "def go():\n    import __main__\n    print(__main__.time.ctime())\n",
    ],
)
def test_a_file_that_others_read_in_other_ways_keeps_it(fix: Fix, other: str) -> None:
    assert "import time\n" in fix("RA109", {"train.py": SEED, "show.py": other}).texts["train.py"]


def test_a_file_that_others_do_not_name_loses_it(fix: Fix) -> None:
    files = {
        "train.py": '"""python train.py"""\n' + SEED,
        "show.py": "# as retrain.py\nif __name__ == '__main__':\n    x = 1\n",
    }
    assert "import time\n" not in fix("RA109", files).texts["train.py"]
