"""Loops that initialise every parameter of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from auditor.static.programwide.filledloops import all_are_initialised
from auditor.static.project import Project

START = "import torch.nn as nn\nfrom torch.nn import init\n\n\ndef fill(model):\n"
FILLING = {
    "one line": "    for p in model.parameters(): p.data.normal_()\n",
    "a block": "    for p in model.parameters():\n        nn.init.xavier_uniform_(p)\n",
    "by name, after a test": (
        "    for name, p in model.named_parameters():\n        if p.dim() > 1:\n\n"
        "  # weights\n            init.orthogonal_(p)\n        else:\n            init.zeros_(p)\n"
    ),
    "over lines": "    for name, p in (\n        model.net.named_parameters()\n    ):\n        nn.init.ones_(p)\n",
    "a header over lines": "    for p in m[1:].parameters(\n        True\n    ):\n        init.constant_(p, 1)\n",
    "within others": (
        "    for m in model:\n        for p in m.parameters():\n            with nn:\n                p.uniform_()\n"
    ),
    "no line after it": "    for p in model.parameters():\n        p.data.uniform_(-1, 1)",
    "Windows": "    for p in model.parameters():\r\n\r\n        nn.init.eye_(p)\r\n",
    "tabs": "\tfor p in model.parameters():\n\t\tnn.init.sparse_(p, 0.1)\n",
}
OTHERS = {
    "another loop": (
        "    for p in model.parameters():\n        p.requires_grad = False\n    for w in model:\n        w.normal_()\n"
    ),
    "behind it": "    for p in model.parameters():\n        print(p)\n    init.ones_(model.weight)\n",
    "something of it": "    for i, p in enumerate(model.parameters()):\n        init.ones_(p)\n",
    "none": "    return sum(p.numel() for p in model.parameters())\n",
}

Make = Callable[[Mapping[str, str]], Project]


@pytest.mark.parametrize("body", FILLING.values(), ids=FILLING)
@pytest.mark.parametrize("place", ["net.py", "train.py"])
def test_loops_that_fill_are_found(body: str, place: str, project: Make) -> None:
    files = {"net.py": "x = 1\n", "train.py": "import net\n\nif __name__ == '__main__':\n    print(net)\n"}
    made = project({**files, place: files[place] + START + body})
    module = made.module("net.py")
    assert module is not None
    assert all_are_initialised(module)


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_other_loops_fill_nothing(body: str, project: Make) -> None:
    module = project({"net.py": START + body}).module("net.py")
    assert module is not None
    assert not all_are_initialised(module)


def test_many_loops_are_read_once_each(project: Make) -> None:
    line = "    return [" + "[p for p in m.parameters()], " * 20_000 + "]\n"
    module = project({"net.py": f"def far(m):\n{line}" + "    x = 1\n" * 20_000}).module("net.py")
    assert module is not None
    assert not all_are_initialised(module)
