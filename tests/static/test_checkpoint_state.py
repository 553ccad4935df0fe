"""Which files of a program are parsed to tell whether it resumes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.ruleset import Ruleset
from auditor.static.project import Project
from auditor.static.scanning.demands import Bound, demands_of

SAVER = """
import torch


def save(model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, "last.pt")
"""
OPTIMIZER = SAVER.replace('"optimizer": optimizer.state_dict(), ', "")
READER = """
import torch


def read(model, optimizer):
    state = torch.load("last.pt")
    optimizer.load_state_dict(state["optimizer"])
"""
PROGRAM = """
from saver import save
from reader import read
from layers import Layer

if __name__ == "__main__":
    save(1, 2, 3)
    read(1, 2)
"""
LAYERS = "import torch\n\n\nclass Layer(torch.nn.Module):\n    pass\n"
FILES = {"train.py": PROGRAM, "saver.py": SAVER, "reader.py": READER, "layers.py": LAYERS}


def found(project: Project, ruleset: Ruleset, rule_id: str) -> list[int]:
    """The lines of `saver.py` that the rule tells."""
    rule = next(rule for rule in ruleset.rules if rule.id == rule_id)
    bound = Bound(rule, demands_of([rule], ruleset.libraries.values()).of[rule_id])
    module = project.module("saver.py")
    assert module is not None
    return [hit.location.line for hit in bound.matcher.find(rule, module, project)]


def test_only_files_are_parsed_that_may_tell(project: Callable[..., Project], ruleset: Ruleset) -> None:
    made = project(FILES)
    assert found(made, ruleset, "RA601") == [5]
    assert made.was_parsed("reader.py")
    assert not made.was_parsed("layers.py")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reader.py", "import torch\n\n\ndef read(model, optimizer):\n    return torch.load('last.pt')\n"),
        ("reader.py", "def read(model, optimizer):\n    optimizer.load_state_dict({})\n"),
        ("layers.py", "import torch\n\nLayer = torch.get_rng_state()\n"),
    ],
    ids=["nothing is restored", "nothing is loaded", "states are kept elsewhere"],
)
def test_what_another_file_says_counts(name: str, text: str, project: Callable[..., Project], ruleset: Ruleset) -> None:
    assert found(project({**FILES, name: text}), ruleset, "RA601") == []


@pytest.mark.parametrize(
    ("layers", "reader", "lines"),
    [
        ("def Layer(loss):\n    loss.backward()\n", "state['epoch']", [5]),
        ("import torch\n\nLayer = torch.optim.SGD([])\n", "state['epoch']", [5]),
        ("from options import KEY\n\ndef Layer(loss, state):\n    loss.backward()\n    state[KEY]\n", "state", [5]),
        ("def Layer(loss):\n    loss.backward()\n", "state", []),
        ("Layer = 1\n", "state['epoch']", []),
    ],
    ids=["backward", "an optimizer", "the epoch by a name", "no epoch is read", "nothing follows gradients"],
)
def test_a_checkpoint_without_its_optimizer(
    layers: str, reader: str, lines: list[int], project: Callable[..., Project], ruleset: Ruleset
) -> None:
    read = f"import torch\n\n\ndef read(model, optimizer):\n    state = torch.load('last.pt')\n    return {reader}\n"
    files = {**FILES, "saver.py": OPTIMIZER, "reader.py": read, "layers.py": layers, "options.py": "KEY = 'epoch'\n"}
    assert found(project(files), ruleset, "RA602") == lines
