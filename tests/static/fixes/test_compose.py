"""Changes → text: what is written where, and that nothing else is touched."""

from __future__ import annotations

import ast
import itertools
import json

import pytest

from auditor.model.location import Location
from auditor.static.fixes.changes import (
    Change,
    InsertAtStart,
    InsertStatement,
    ReplaceExpression,
    ReplaceText,
    SeedProgram,
    SetArgument,
)
from auditor.static.fixes.compose import Conflict, compose

GENERATOR = "{torch.Generator}().manual_seed(0)"


def at(node: ast.AST, cell: int | None = None) -> Location:
    return Location(
        path="train.py",
        line=node.lineno,  # type: ignore[attr-defined]
        column=node.col_offset + 1,  # type: ignore[attr-defined]
        end_line=node.end_lineno,  # type: ignore[attr-defined]
        end_column=node.end_col_offset + 1,  # type: ignore[attr-defined]
        cell=cell,
    )


def the_call(source: str, name: str) -> ast.Call:
    """The first call of something that is written `name`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return next(call for call in calls if ast.unparse(call.func) == name)


def statement(source: str, text: str) -> Location:
    """The first statement that begins with `text`, as it is unparsed."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    return at(next(node for node in nodes if ast.unparse(node).startswith(text)))


def composed(source: str, *changes: Change) -> str:
    return compose("train.py", source.encode(), changes).decode()


def with_generator(source: str, name: str = "D", position: int | None = None) -> str:
    change = SetArgument(call=at(the_call(source, name)), name="g", value="1", position=position)
    return composed(source, change)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("D()\n", "D(g=1)\n"),
        ("D(a)\n", "D(a, g=1)\n"),
        ("D( a )\n", "D( a, g=1 )\n"),
        ("D(a,)\n", "D(a, g=1,)\n"),
        ("D(a, b = 2)\n", "D(a, b = 2, g = 1)\n"),
        ("D(a, g=None)  # why\n", "D(a, g=1)  # why\n"),
        ("D(a, g = (None))\n", "D(a, g = 1)\n"),
        ("D(\n    a,\n    b,\n)\n", "D(\n    a,\n    b,\n    g=1,\n)\n"),
        ("D(\n    a,\n    b\n)\n", "D(\n    a,\n    b,\n    g=1\n)\n"),
        (
            "D(\n    a,  # one\n    b,  # two\n    # three\n)\n",
            "D(\n    a,  # one\n    b,  # two\n    g=1,\n    # three\n)\n",
        ),
        ("D(\n    a,\n    b  # two\n)\n", "D(\n    a,\n    b,  # two\n    g=1\n)\n"),
        ("D(\n    a, b, c\n)\n", "D(\n    a, b, c, g=1\n)\n"),
        ("D(a,\n  b)\n", "D(a,\n  b,\n  g=1)\n"),
        ("D(a,\n  b, c)\n", "D(a,\n  b, c, g=1)\n"),
        (f"D(a,\n  b, {'c' * 80})\n", f"D(a,\n  b, {'c' * 80},\n  g=1)\n"),
        ("D(x for x in y)\n", "D((x for x in y), g=1)\n"),
        ("D(a, [\n    1,\n    2,\n])\n", "D(a, [\n    1,\n    2,\n], g=1)\n"),
        ("x = E(D(a), D2(b))\n", "x = E(D(a, g=1), D2(b))\n"),
        ("D(*a)\n", "D(*a, g=1)\n"),
        ("D(a, lambda: (1, 2))\n", "D(a, lambda: (1, 2), g=1)\n"),
    ],
)
def test_argument_is_added_the_way_the_call_is_laid_out(before: str, after: str) -> None:
    assert with_generator(before) == after


def test_argument_that_is_given_by_position_is_replaced_there() -> None:
    assert with_generator("D(a, None, c)\n", position=1) == "D(a, 1, c)\n"
    assert with_generator("D(a)\n", position=1) == "D(a, g=1)\n"


@pytest.mark.parametrize("source", ["D(a, **options)\n", "D(*a)\n"])
def test_argument_that_may_be_passed_on_already_is_a_conflict(source: str) -> None:
    with pytest.raises(Conflict, match="may hold this one"):
        with_generator(source, position=2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch\nD(a)\n", "import torch\nD(a, g=torch.Generator)\n"),
        ("import torch as th\nD(a)\n", "import torch as th\nD(a, g=th.Generator)\n"),
        ("from torch import Generator as G\nD(a)\n", "from torch import Generator as G\nD(a, g=G)\n"),
        ("import torch.nn\nD(a)\n", "import torch.nn\nD(a, g=torch.Generator)\n"),
        ("import os\nD(a)\n", "import os\n\nimport torch\nD(a, g=torch.Generator)\n"),
        ("D(a)\n", "import torch\n\nD(a, g=torch.Generator)\n"),
        ('"""Doc."""\nD(a)\n', '"""Doc."""\n\nimport torch\n\nD(a, g=torch.Generator)\n'),
        (
            "import os\n\nimport numpy as np\nimport tqdm\n\nfrom own import thing\nD(a)\n",
            (
                "import os\n\nimport numpy as np\nimport torch\nimport tqdm\n\nfrom own import thing\n"
                "D(a, g=torch.Generator)\n"
            ),
        ),
        (
            "from torch.utils.data import DataLoader\nD(a)\n",
            "import torch\nfrom torch.utils.data import DataLoader\nD(a, g=torch.Generator)\n",
        ),
        (
            "import numpy as np\ndef f(torch):\n    D(a)\n",
            "import numpy as np\nimport torch as imported_torch\ndef f(torch):\n    D(a, g=imported_torch.Generator)\n",
        ),
        ("def f():\n    import torch\n    D(a)\n", "def f():\n    import torch\n    D(a, g=torch.Generator)\n"),
        (
            "import os\nD(a)\nimport torch\n",
            "import os\n\nimport torch\nD(a, g=torch.Generator)\nimport torch\n",
        ),
        (
            "try:\n    import torch\nexcept ImportError:\n    pass\nD(a)\n",
            "try:\n    import torch\nexcept ImportError:\n    pass\nD(a, g=torch.Generator)\n",
        ),
    ],
)
def test_name_is_written_as_the_file_imports_it(before: str, after: str) -> None:
    change = SetArgument(call=at(the_call(before, "D")), name="g", value="{torch.Generator}")
    assert composed(before, change) == after


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("random.seed", "from numpy import random\nD(a)\n", "import random as python_random\n\n"),
        ("numpy.random.seed", "import os\n\nimport torch\nD(a)\n", "import os\n\nimport numpy as np\nimport torch\n"),
        (
            "transformers.set_seed",
            "from transformers import Trainer\nD(a)\n",
            "from transformers import Trainer, set_seed\n",
        ),
        (
            "transformers.set_seed",
            "from transformers import (\n    Trainer,\n    trainer_utils,\n)\nD(a)\n",
            "from transformers import (\n    Trainer,\n    set_seed,\n    trainer_utils,\n)\n",
        ),
        (
            "lightning.seed_everything",
            "from lightning import Trainer\ndef seed_everything(): ...\nD(a)\n",
            "from lightning import Trainer, seed_everything as lightning_seed_everything\n",
        ),
        ("lightning.seed_everything", "import lightning as L\nD(a)\n", "import lightning as L\nD(L.seed_everything"),
    ],
)
def test_import_is_added_among_its_like(name: str, before: str, after: str) -> None:
    change = ReplaceExpression(expression=at(the_call(before, "D").args[0]), text=f"{{{name}}}")
    assert composed(before, change).startswith(after)


@pytest.mark.parametrize(
    ("before", "where", "after"),
    [
        ("a()\nb()\n", "before", "a()\nX\nb()\n"),
        ("a()\nb()  # c\n", "after", "a()\nb()  # c\nX\n"),
        ("a()\nb()", "after", "a()\nb()\nX"),
        ("a()\n\n# about b\nb()\n", "before", "a()\n\nX\n\n# about b\nb()\n"),
        ("a()\n# about b\nb()\n", "before", "a()\nX\n# about b\nb()\n"),
        ("#!/usr/bin/python\nb()\n", "before", "#!/usr/bin/python\nX\nb()\n"),
        ("a(); b()\n", "before", "a(); X; b()\n"),
        ("b(); a()\n", "after", "b(); X; a()\n"),
        ("if a: b()\n", "before", "if a: X; b()\n"),
        ("def f():\n\tb()\n", "before", "def f():\n\tX\n\tb()\n"),
        ("if a:\n  b()\nelse:\n  c()\n", "after", "if a:\n  b()\n  X\nelse:\n  c()\n"),
    ],
)
def test_statement_is_put_beside_another(before: str, where: str, after: str) -> None:
    change = InsertStatement(statement=statement(before, "b()"), text="X", where=where)  # type: ignore[arg-type]
    assert composed(before, change) == after


def test_inserted_block_is_indented_as_the_file_is() -> None:
    source = "def f():\n\tif a:\n\t\tb()\n"
    change = InsertStatement(statement=statement(source, "b()"), text="if c:\n    d()", where="after")
    assert composed(source, change) == "def f():\n\tif a:\n\t\tb()\n\t\tif c:\n\t\t\td()\n"


def test_definition_gets_the_blank_lines_that_definitions_have() -> None:
    source = "import os\n\na()\n"
    text = "def f():\n    pass"
    before = InsertStatement(statement=statement(source, "a()"), text=text, where="before")
    assert composed(source, before) == "import os\n\n\ndef f():\n    pass\n\n\na()\n"


def test_decorated_definition_stays_whole() -> None:
    source = "@decorate\ndef f():\n    pass\n"
    node = ast.parse(source).body[0]
    change = InsertStatement(statement=at(node), text="X", where="before")
    assert composed(source, change) == "X\n\n\n@decorate\ndef f():\n    pass\n"


def test_what_stands_in_a_line_with_others_cannot_get_a_block_beside_it() -> None:
    change = InsertStatement(statement=statement("a(); b()\n", "b()"), text="if c:\n    d()", where="before")
    with pytest.raises(Conflict, match="line 1 holds several statements"):
        composed("a(); b()\n", change)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch\n", "import os\n\nos.environ['A'] = '1'\n\nimport torch\n"),
        ("import os\nimport torch\n", "import os\n\nos.environ['A'] = '1'\n\nimport torch\n"),
        ("import os\n\nimport torch\n", "import os\n\nos.environ['A'] = '1'\n\nimport torch\n"),
        (
            '"""Doc."""\nfrom __future__ import annotations\nimport torch\n',
            (
                '"""Doc."""\nfrom __future__ import annotations\n\n'
                "import os\n\nos.environ['A'] = '1'\n\nimport torch\n"
            ),
        ),
        ("", "import os\n\nos.environ['A'] = '1'\n"),
        ("def f():\n    pass\n", "import os\n\nos.environ['A'] = '1'\n\n\ndef f():\n    pass\n"),
    ],
)
def test_environment_is_set_before_the_first_import_that_could_read_it(before: str, after: str) -> None:
    assert composed(before, InsertAtStart(path="train.py", text="{os.environ}['A'] = '1'")) == after


PROGRAM = """import torch


def main():
    model = torch.nn.Linear(2, 2)


main()
"""


def seed(library: str, call: str, text: str = "0") -> SeedProgram:
    before = statement(PROGRAM, "model")
    return SeedProgram(path="train.py", before=before, library=library, seed=text, call=call)


def test_one_library_is_seeded_by_a_plain_call() -> None:
    assert "def main():\n    torch.manual_seed(0)\n    model" in composed(PROGRAM, seed("torch", "torch.manual_seed"))


def test_several_libraries_are_seeded_by_one_helper() -> None:
    changes = [
        seed("torch", "torch.manual_seed"),
        seed("numpy.random", "numpy.random.seed"),
        seed("random", "random.seed"),
    ]
    result = composed(PROGRAM, *changes)
    assert result.count("def seed_everything(seed):") == 1
    assert "    random.seed(seed)\n    np.random.seed(seed)\n    torch.manual_seed(seed)\n\n\ndef main():\n" in result
    assert "def main():\n    seed_everything(0)\n    model" in result
    assert result.startswith("import random\n\nimport numpy as np\nimport torch\n\n\ndef seed_everything")


def test_seeds_of_one_program_do_not_depend_on_the_order_of_the_changes() -> None:
    changes = [
        seed("torch", "torch.manual_seed"),
        seed("numpy.random", "numpy.random.seed"),
        seed("random", "random.seed"),
        SetArgument(call=at(the_call(PROGRAM, "torch.nn.Linear")), name="bias", value="{numpy.bool_}(1)"),
        InsertStatement(statement=statement(PROGRAM, "main()"), text="print({os.sep})", where="after"),
    ]
    assert len({composed(PROGRAM, *order) for order in itertools.permutations(changes)}) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"D(a)\r\nprint(1)\r\n",
        b"D(a)\r\nprint(1)\nprint(2)\r",
        b"\xef\xbb\xbfD(a)\n",
        "# -*- coding: latin-1 -*-\nD(a)  # \xe4\n".encode("latin-1"),
        b"D(a)",
        b"print(1)\n\x0c\nD(a)\n\x0c\nprint(1)\n",
        b"D(a)\n\n\n\n",
        b"D(a)   \n  # x\t\n",
    ],
)
def test_every_other_byte_stays(raw: bytes) -> None:
    text = raw.decode("latin-1").removeprefix("\xef\xbb\xbf").replace("\r\n", "\n").replace("\r", "\n")
    change = SetArgument(call=at(the_call(text, "D")), name="g", value="1")
    patched = compose("train.py", raw, [change])
    assert patched.replace(b", g=1)", b")", 1) == raw


def test_inserted_line_gets_the_line_end_of_its_file() -> None:
    raw = b"a()\r\nb()\r\n"
    change = InsertStatement(statement=statement("a()\nb()\n", "b()"), text="X", where="before")
    assert compose("train.py", raw, [change]) == b"a()\r\nX\r\nb()\r\n"


def test_letter_that_the_encoding_lacks_is_a_conflict() -> None:
    raw = b"# coding: ascii\nD(a)\n"
    change = SetArgument(call=at(the_call(raw.decode(), "D")), name="g", value="'\u20ac'")
    with pytest.raises(Conflict, match="lacks a letter"):
        compose("train.py", raw, [change])


def test_equal_changes_are_one_and_different_arguments_go_side_by_side() -> None:
    call = at(the_call("D(a)\n", "D"))
    one = SetArgument(call=call, name="g", value="1")
    assert composed("D(a)\n", one, one, SetArgument(call=call, name="b", value="2")) == "D(a, b=2, g=1)\n"


def test_different_values_for_one_argument_are_a_conflict_of_both() -> None:
    call = at(the_call("D(a)\n", "D"))
    changes = (SetArgument(call=call, name="g", value="1"), SetArgument(call=call, name="g", value="2"))
    with pytest.raises(Conflict, match="`g` different values") as caught:
        composed("D(a)\n", *changes)
    assert set(caught.value.changes) == set(changes)


def test_changes_inside_a_wrapped_expression_are_kept() -> None:
    source = "x = D(E(a))\n"
    wrap = ReplaceExpression(expression=at(the_call(source, "D")), text="sorted({0}, key={os.fspath})")
    inner = SetArgument(call=at(the_call(source, "E")), name="g", value="1")
    assert composed(source, wrap, inner) == "import os\n\nx = sorted(D(E(a, g=1)), key=os.fspath)\n"


def test_change_inside_of_what_another_replaces_is_a_conflict() -> None:
    source = "x = D(E(a))\n"
    replace = ReplaceExpression(expression=at(the_call(source, "D")), text="None")
    inner = SetArgument(call=at(the_call(source, "E")), name="g", value="1")
    with pytest.raises(Conflict, match="one changes what the other replaces"):
        composed(source, replace, inner)


def test_two_replacements_of_one_expression_are_a_conflict() -> None:
    place = at(the_call("x = D(a)\n", "D"))
    with pytest.raises(Conflict, match="different things in the same place"):
        composed(
            "x = D(a)\n", ReplaceExpression(expression=place, text="1"), ReplaceExpression(expression=place, text="2")
        )


def test_result_that_is_no_python_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="no valid Python"):
        composed("D(a)\n", ReplaceExpression(expression=at(the_call("D(a)\n", "D")), text="1 +"))


def test_place_that_is_no_call_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="no call at line 1"):
        composed("x = 1\n", SetArgument(call=at(ast.parse("x = 1\n").body[0]), name="g", value="1"))


def test_stretch_of_a_document_is_replaced() -> None:
    raw = b"seed: null\r\nworkers: 4\r\n"
    place = Location(path="a.yaml", line=1, column=7, end_line=1, end_column=11)
    assert compose("a.yaml", raw, [ReplaceText(span=place, text="0")]) == b"seed: 0\r\nworkers: 4\r\n"


NOTEBOOK = """{
 "cells": [
  {
   "cell_type": "markdown",
   "source": ["# Title\\n", "D(a)"]
  },
  {
   "cell_type": "code",
   "outputs": [{"data": {"source": ["x"]}}],
   "source": [
    "%matplotlib inline\\n",
    "import os\\n",
    "D(a)  # \\u00e4"
   ]
  },
  {"cell_type": "code", "source": "b()\\n", "outputs": []}
 ],
 "metadata": {"kernelspec": {"language": "python"}},
 "nbformat": 4
}
"""


def test_notebook_changes_in_nothing_but_its_lines() -> None:
    call = Location(path="a.ipynb", line=3, column=1, end_line=3, end_column=5, cell=2)
    last = Location(path="a.ipynb", line=1, column=1, end_line=1, end_column=4, cell=3)
    changes = [
        SetArgument(call=call, name="g", value="{torch.Generator}"),
        InsertStatement(statement=last, text="c()", where="after"),
    ]
    patched = compose("a.ipynb", NOTEBOOK.encode(), changes).decode()
    expected = NOTEBOOK.replace(
        '    "import os\\n",\n    "D(a)  # \\u00e4"',
        '    "import os\\n",\n    "\\n",\n    "import torch\\n",\n    "D(a, g=torch.Generator)  # \\u00e4"',
    ).replace('"b()\\n"', '"b()\\nc()\\n"')
    assert patched == expected
    assert json.loads(patched)["cells"][1]["source"][0] == "%matplotlib inline\n"
