"""A patch uses no name that is not bound where it is put: else resuming ends in a NameError."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent

import pytest

from tests.static.fixes.conftest import Fixed

Fix = Callable[..., Fixed]

MADE = "optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"
LOADED = """
if args.resume:
    state = torch.load("last.pt")
    net.load_state_dict(state["net"])
    start = state["epoch"]
"""
TRAINED = """
for epoch in range(start, 9):
    net(torch.ones(1)).backward()
    optimizer.step()
    torch.save({"net": net.state_dict(), "epoch": epoch}, "last.pt")
"""
HEAD = """import argparse

import torch

"""
PARSED = """torch.manual_seed(0)
parser = argparse.ArgumentParser()
parser.add_argument("--resume", action="store_true")
args = parser.parse_args()
net = torch.nn.Linear(1, 1)
start = 0
"""


def program(*parts: str) -> str:
    return HEAD + PARSED + "\n".join(part.strip("\n") for part in parts) + "\n"


def in_main(*parts: str) -> str:
    body = PARSED + "\n".join(part.strip("\n") for part in parts) + "\n"
    return f"{HEAD}def main():\n{indent(body, '    ')}\n\nmain()\n"


@pytest.mark.parametrize("made", [program, in_main])
@pytest.mark.parametrize(
    "before",
    [
        MADE,
        f"if args.resume:\n    {MADE}\nelse:\n    {MADE}",
        f"with torch.no_grad():\n    {MADE}",
        f"optimizer = None\nif args.resume:\n    {MADE}\nelse:\n    {MADE}",
        "scheduler, optimizer = None, torch.optim.SGD(net.parameters(), lr=0.1)",
    ],
)
def test_an_optimizer_that_is_there_is_restored(fix: Fix, made: Callable[..., str], before: str) -> None:
    text = fix("RA602", {"train.py": made(before, LOADED, TRAINED)}).texts["train.py"]
    assert 'optimizer.load_state_dict(state["optimizer"])' in text


@pytest.mark.parametrize("made", [program, in_main])
@pytest.mark.parametrize(
    "parts",
    [
        (LOADED, MADE, TRAINED),
        (f"if start:\n    {MADE}", LOADED, MADE, TRAINED),
        (f"for number in range(start):\n    {MADE}", LOADED, MADE, TRAINED),
        (f"try:\n    {MADE}\nexcept OSError:\n    start = 1", LOADED, MADE, TRAINED),
        (f"import contextlib\nwith contextlib.suppress(OSError):\n    {MADE}", LOADED, MADE, TRAINED),
        (f"optimizer = None\nif start:\n    {MADE}", LOADED, MADE, TRAINED),
        (f"scheduler, optimizer = None, None\nif start:\n    {MADE}", LOADED, MADE, TRAINED),
        ('optimizer = "adam"', LOADED, MADE, TRAINED),
        (
            "optimizer = [torch.optim.SGD(net.parameters(), lr=0.1)]",
            LOADED,
            TRAINED.replace("optimizer", "optimizer[0]"),
        ),
    ],
)
def test_an_optimizer_that_is_made_later_or_perhaps_is_left_to_people(
    fix: Fix, made: Callable[..., str], parts: tuple[str, ...]
) -> None:
    fixed = fix("RA602", {"train.py": made(*parts)})
    assert not fixed.texts
    assert all("not at hand" in each.reason for each in fixed.refused)
    assert fixed.refused


def test_a_name_of_the_module_is_there_when_its_function_is_called(fix: Fix) -> None:
    resume = f"def resume(net):\n    global start\n{indent(LOADED.replace('if args.resume:', 'if True:'), '    ')}"
    text = fix("RA602", {"train.py": program(resume, MADE, "resume(net)", TRAINED)}).texts["train.py"]
    assert 'optimizer.load_state_dict(state["optimizer"])' in text


@pytest.mark.parametrize("lead", ["import torch.optim as optim", "from torch import optim", "def optim(): ..."])
def test_a_module_or_a_function_of_the_name_is_no_optimizer(fix: Fix, lead: str) -> None:
    fixed = fix("RA602", {"train.py": f"{lead}\n{program(LOADED, MADE, TRAINED)}"})
    assert not fixed.texts


SAVING = "def save(net, epoch, {}):\n    torch.save({{'net': net.state_dict(), 'epoch': epoch}}, 'last.pt')\n"
TRAINED_BY_CALL = """
for epoch in range(start, 9):
    net(torch.ones(1)).backward()
    optimizer.step()
    save(net, epoch)
"""


def test_a_parameter_that_callers_leave_out_is_no_optimizer(fix: Fix) -> None:
    left_out = program(SAVING.format("optimizer=None"), MADE, LOADED, TRAINED_BY_CALL)
    assert not fix("RA602", {"train.py": left_out}).texts


def test_a_parameter_that_callers_give_is_one(fix: Fix) -> None:
    given = TRAINED_BY_CALL.replace("epoch)", "epoch, optimizer)")
    text = fix("RA602", {"train.py": program(SAVING.format("optimizer"), MADE, LOADED, given)}).texts["train.py"]
    assert '"optimizer": optimizer.state_dict()' in text
