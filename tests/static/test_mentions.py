"""What the bytes of a file can mean: no only where they plainly mean something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.static.syntax.source import SourceFile
from auditor.static.text.mentions import Names, _dotted, _gives, calls, imported, mentions
from auditor.static.text.sketch import make_sketch
from auditor.static.text.vocabulary import Vocabulary

EMPTY = Names(frozenset({"torch.empty"}), called=True)
TO = Names(frozenset({"torch.Tensor.to"}), called=True)
MODELS = Names(frozenset(), ("torchvision.models.",), called=True)
MADE = Names(frozenset(), beginnings=("torch.rand", "torch.zeros"))
SORTED = Names(frozenset({"sorted"}), called=True)

MEANT = {
    "an attribute of a module": (EMPTY, "import torch\nx = torch.empty(3)\n"),
    "a module by another name": (EMPTY, "import torch as t\nx = t.empty(3)\n"),
    "a function": (EMPTY, "from torch import empty\nx = empty(3)\n"),
    "a function by another name": (EMPTY, "from torch import empty as e\nx = e(3)\n"),
    "in parentheses after a comment": (
        EMPTY,
        "from torch import (  # (all)\n    zeros,  # )\n    empty as e,\n)\ne(3)\n",
    ),
    "given to a name": (EMPTY, "import torch\nmake = torch.empty\nmake(3)\n"),
    "one of two": (EMPTY, "import torch\nmake = torch.zeros if clean else torch.empty\nmake(3)\n"),
    "unpacked": (EMPTY, "import torch\na, b = torch.zeros, torch.empty\nb(3)\n"),
    "unpacked first": (EMPTY, "import torch\nb, a = torch.empty, torch.zeros\nb(3)\n"),
    "partial": (EMPTY, "import torch\nfrom functools import partial\nmake = partial(torch.empty, 3)\nmake()\n"),
    "by its text": (EMPTY, "import torch\nmake = getattr(torch, 'empty')\nmake(3)\n"),
    "a module given to a name": (EMPTY, "import torch\nT = torch\nT.empty(3)\n"),
    "a module of two": (
        EMPTY,
        "try:\n    import torch as xp\nexcept ImportError:\n    import numpy as xp\nxp.empty(3)\n",
    ),
    "a module found by a text": (EMPTY, "import importlib\nm = importlib.import_module('torch')\nm.empty(3)\n"),
    "all of a module": (EMPTY, "from torch import *\nempty(3)\n"),
    "of another file of the project": (EMPTY, "from .compat import empty\nempty(3)\n"),
    "over two lines": (EMPTY, "import torch\nx = torch.empty \\\n  (3)\n"),
    "after a comment": (EMPTY, "import torch\nx = (torch.  # not zeros\n  empty(3))\n"),
    "a method of anything": (TO, "def f(x):\n    return x.to('cpu')\n"),
    "a method of what a call gives": (TO, "def f(x):\n    return x.view(3).to('cpu')\n"),
    "in a package": (MODELS, "import torchvision\nnet = torchvision.models.resnet18()\n"),
    "from a package": (MODELS, "from torchvision.models import resnet18\nnet = resnet18()\n"),
    "from a package by name": (MODELS, "from torchvision import models\nnet = models.resnet18()\n"),
    "what begins like a name": (MADE, "import torch\nx = torch.zeros_like(y)\n"),
    "what begins like a name, imported": (MADE, "from torch import zeros_like\nx = zeros_like(y)\n"),
    "what begins like a name, by another name": (MADE, "from torch import zeros_like as make\nx = make(y)\n"),
    "in a module that begins like a name": (MADE, "import torch\nx = torch.random.get_rng_state()\n"),
    "of a module that begins like a name": (MADE, "from torch.random import get_rng_state\nx = get_rng_state()\n"),
    "a builtin": (SORTED, "print(sorted(x))\n"),
}
NOT_MEANT = {
    "of another library": (EMPTY, "import numpy as np\nx = np.empty(3)\n"),
    "a function of another library": (EMPTY, "import torch\nfrom numpy import empty\nx = empty(3)\n"),
    "an annotation": (EMPTY, "import torch\ndef f(x: torch.empty) -> None: ...\n"),
    "a name of its own": (EMPTY, "import torch\ndef empty(): ...\nempty()\n"),
    "a method": (EMPTY, "import torch\nqueue.empty()\n"),
    "a longer word": (EMPTY, "import torch\ntorch.empty_like(x)\n"),
    "what does not begin so": (MADE, "import torch\nx = torch.nonzeros()\n"),
    "what begins so elsewhere": (MADE, "import torch\nimport numpy as np\nx = np.zeros_like(y)\n"),
    "prose": (TO, "# to (or not)\n"),
    "another package": (MODELS, "from django.db import models\nmodels.Field()\n"),
}


def means(text: str, names: Names, tmp_path: Path) -> bool:
    (tmp_path / "a.py").write_text(text)
    source = SourceFile("a.py", tmp_path / "a.py")
    bound = imported(make_sketch(source, Vocabulary()), lambda dotted: False)
    return mentions(source.raw(), bound, names)


@pytest.mark.parametrize(("names", "text"), MEANT.values(), ids=MEANT)
def test_what_can_be_meant_is_not_left_out(names: Names, text: str, tmp_path: Path) -> None:
    assert means(text, names, tmp_path)


@pytest.mark.parametrize(("names", "text"), NOT_MEANT.values(), ids=NOT_MEANT)
def test_what_is_plainly_something_else_is_left_out(names: Names, text: str, tmp_path: Path) -> None:
    assert not means(text, names, tmp_path)


_NAME_BEFORE_DOT = re.compile(rb"([A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\.[A-Za-z_\x80-\xff][\w\x80-\xff]*)*)\.\Z")


@given(st.text(alphabet="ab1_. (\u00e9\n").map(str.encode))
def test_the_name_before_a_dot_is_the_longest_one_there(before: bytes) -> None:
    match = _NAME_BEFORE_DOT.search(before)
    assert _dotted(before) == (match[1] if match else b"")


CALLED = {
    "a call": ("step(x)", True),
    "a method": ("self.optimizer.step()", True),
    "over lines": ("(model.step  # all of it\n    (x))", True),
    "its definition": ("def step(x):\n    return x", False),
    "a definition and a call": ("def step(x):\n    return step(x - 1)", True),
    "a longer word": ("warm_step(x)", False),
    "a word that goes on": ("steps(x)", False),
    "a mention": ("hooks.append(step)", False),
}


@pytest.mark.parametrize(("text", "is_called"), CALLED.values(), ids=CALLED)
def test_a_call_is_told_from_a_mention(text: str, is_called: bool) -> None:
    assert calls(text.encode(), b"step") is is_called


GIVING = re.compile(rb"(?:(?<![=!<>])=|:=|\b(?:return|else|or|and|await|if|as|in|lambda[^:\n]*:))\Z")
"""Said at once; searched for in some hundred bytes it takes ten times as long."""

PIECES = [b"return", b"else", b"or", b"lambda", b"await", b"in", b" ", b":", b"=", b"!", b"<", b"\n", b"x", b"_", b","]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join))
def test_what_gives_a_name_is_told_from_the_end(code: bytes) -> None:
    assert _gives(code) == (GIVING.search(code) is not None)
