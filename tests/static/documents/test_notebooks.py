"""In which order the cells of a notebook were executed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from auditor.static.engine import Analysis

Scan = Callable[..., Analysis]


def notebook(*cells: tuple[int | None, str]) -> str:
    code = [
        {"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": [], "source": text}
        for count, text in cells
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


COLAB = """import sys
if 'google.colab' in sys.modules:
    print('in Colab')
    !pip install x
    !git clone y
    %cd y"""
IMPORT = "import numpy as np"
COMPUTE = IMPORT + "\nb = np.ones(1)"
CASES = {
    "in order": ([(1, IMPORT), (2, "a = 1")], None),
    "in order with gaps": ([(3, IMPORT), (9, "a = 1")], None),
    "out of order": ([(5, IMPORT), (4, "a = print()"), (1, "b = print()")], 3),
    "a constant that nothing above names": ([(5, IMPORT), (4, "b = print()"), (1, "a = 1"), (6, "print(a)")], None),
    "constants and an import were executed before": ([(3, IMPORT + "\nb = 2"), (1, "a = 1"), (2, "import re")], None),
    "a constant that is given above, too": ([(5, IMPORT + "\na = 2"), (1, "a = 1")], 2),
    "files were listed before": ([(5, IMPORT + "\na = 2"), (1, "!ls")], None),
    "a constant that a function further up names": ([(1, "def f(): return a"), (5, COMPUTE), (4, "a = 1")], 3),
    "a program was run before": ([(5, COMPUTE), (1, "%run seed.py")], 2),
    "a statement was timed before": ([(5, IMPORT + "\na = 2"), (1, "%time a = 1")], 2),
    "data were made before": ([(5, COMPUTE), (1, "!python make.py")], 2),
    "a seed stood beside an import": ([(5, COMPUTE), (1, "import random; random.seed(0)")], 2),
    "what was given above was read before": ([(5, IMPORT + "\na = 2"), (1, "b = np.ones(a)")], 2),
    "plotted later": (
        [(1, COMPUTE), (9, "plt.plot(b)\nfig, ax = plt.subplots()\nax.hist(b)"), (2, "c = b.sum()")],
        None,
    ),
    "shown before": ([(5, COMPUTE), (1, "print(b.shape)\nb"), (6, "c = b.sum()")], None),
    "help was asked for later": ([(1, COMPUTE), (9, "np.ones??\n!train -h"), (2, "c = b.sum()")], None),
    "changed where it is shown": ([(5, COMPUTE), (1, "print(b.pop())")], 2),
    "a function that nothing above names": ([(5, COMPUTE), (1, "def f(x, n=3):\n    return x * b"), (6, "f(b)")], None),
    "a class that nothing above names": ([(5, COMPUTE), (1, "class A:\n    def f(self):\n        return b")], None),
    "a default that is worked out": ([(5, COMPUTE), (1, "def f(x=b.sum()):\n    return x")], 2),
    "a function that was changed later": ([(1, IMPORT), (9, "def f(x):\n    return x"), (2, "c = f(3)")], 3),
    "a function of another cell was changed": (
        [(1, IMPORT), (9, "def f(x):\n    return x"), (2, "c = np.sum(3)")],
        None,
    ),
    "a function that another one calls was changed later": (
        [(1, IMPORT), (9, "def f(x):\n    return x"), (2, "def g():\n    return f(3)"), (3, "c = g()")],
        4,
    ),
    "settings were given again": (
        [(9, IMPORT + "\na = [2]\nb = f'{a}'"), (2, "def g():\n    return np.ones(a)")],
        None,
    ),
    "set up for Colab later": ([(5, COLAB), (1, COMPUTE), (6, "print(b)")], None),
    "asked for Colab later": (
        [(5, "try:\n    import google.colab\n    IN_COLAB = True\nexcept:\n    IN_COLAB = False"), (1, COMPUTE)],
        None,
    ),
    "computed for Colab later": ([(5, COLAB + "\n    np.random.seed(1)"), (1, COMPUTE)], 2),
    "another condition later": ([(5, "if 'x' in sys.modules:\n    !pip install x"), (1, COMPUTE)], 2),
    "shown for Colab what was drawn later": ([(5, COLAB + "\n    print(sys.argv)"), (1, COMPUTE)], 2),
    "cleared": ([(None, IMPORT), (None, "a = 1")], None),
    "end not reached": ([(1, IMPORT), (None, "a = 1")], None),
    "left out": ([(1, IMPORT), (None, "a = 1"), (2, "b = 1")], 2),
    "comments were left out": ([(1, IMPORT), (None, "# a = 1"), (None, "!ls"), (2, "b = 1")], None),
    "never executed, as Colab writes it": ([(2, IMPORT), (0, "a = 1")], None),
    "left out, as Colab writes it": ([(1, IMPORT), (0, "a = 1"), (2, "b = 1")], 2),
    "computes nothing": ([(2, "import os"), (1, "a = 1")], None),
}


@pytest.mark.parametrize("name", CASES)
def test_order_of_cells(name: str, scan: Scan) -> None:
    cells, expected = CASES[name]
    findings = scan({"a.ipynb": notebook(*cells)}).findings
    assert [(each.rule_id, each.location.cell) for each in findings] == ([("RA471", expected)] if expected else [])


def test_comment_in_the_cell_allows_it(scan: Scan) -> None:
    allowed = "# repro-audit: allow RA471 because it only plots\na = np.ones(1)"
    analysis = scan({"a.ipynb": notebook((2, COMPUTE), (1, allowed))})
    assert analysis.findings == ()
    assert [each.reason for each in analysis.suppressed] == ["it only plots"]
    assert analysis.notes == ()


def test_unused_comment_is_told_once(scan: Scan) -> None:
    allowed = "# repro-audit: allow-file RA471 because it only plots\n" + IMPORT
    analysis = scan({"a.ipynb": notebook((1, allowed), (2, "b = np.random"))})
    assert analysis.notes == ("a.ipynb: cell 1:1: nothing to allow: RA471 finds nothing here; remove the comment",)


def test_old_notebooks_have_an_order_too(scan: Scan) -> None:
    cells = [
        {"cell_type": "code", "input": text, "outputs": [], "prompt_number": n}
        for n, text in ((2, COMPUTE), (1, "a = np.ones(1)"))
    ]
    findings = scan({"a.ipynb": json.dumps({"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3})}).findings
    assert [(each.rule_id, each.location.cell) for each in findings] == [("RA471", 2)]


COMMANDS = {
    "!pip install -q \\\n  torch": ("RA463", 2),
    "%pip install -q \\\n  torch": ("RA463", 2),
    "pip install torch": ("RA463", 1),
    "!python train.py \\\n  --seed $RANDOM \\\n  --lr 1": ("RA182", 2),
    "!pip install -q \\\n  torch==2.4.0": None,
    "!ls\npip = 1": None,
}


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_that_go_on(text: str, scan: Scan) -> None:
    analysis = scan({"a.ipynb": notebook((1, text), (2, "print(1)"))})
    assert analysis.skipped == ()
    told = [(each.rule_id, each.location.line) for each in analysis.findings]
    assert told == ([COMMANDS[text]] if COMMANDS[text] else [])
