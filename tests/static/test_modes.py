"""What a network is asked before it draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from auditor.static.evaluation.modes import puts_on
from auditor.static.project import Project

NET = """
import torch
from torch import nn
import extra


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.always = False

    def forward(self, x):
        if self.training or self.always:
            x = x + torch.randn(3)
        return x


if __name__ == "__main__":
    net = Net()
    net.load_state_dict(torch.load("w.pt"))
    net.eval()
    net(torch.zeros(3))
"""


def test_a_file_that_cannot_be_read_puts_no_switch_on(project: Callable[[Mapping[str, str]], Project]) -> None:
    made = project({"train.py": NET, "extra.py": "# always\n" * 500_000})
    module = made.module("train.py")
    assert module is not None
    assert made.programs.verdicts(module) == ()


PUTS = {
    "net.always = True": (True, True), "net.always = False": (False, False), "net.always=False,": (False, False),
    "self.always = True": (False, True), "    always = True": (False, True), "always = True": (False, False),
    "net.always: bool = True": (True, True), "net.always |= other": (True, True), "net.always == other": (False, False),
    "self.net.always = first.other = 3": (True, True), "net.always, first = 1, 2": (True, True),
    "(first, net.always, last) = 1, 2, 3": (True, True), "first, self.always = 1, 2": (False, True),
    "for first, net.always in pairs:": (True, True), "with open(name) as net.always:": (True, True),
    "print(net.always)": (False, False), "net.always_not = True": (False, False),
    "net.not_always = True": (False, False), "net.always \\\n    = True": (True, True),
    "for self.always.part in range(3):": (True, True),
    "# net.always = True": (False, False),
}  # fmt: skip


@pytest.mark.parametrize("line", PUTS)
def test_what_puts_a_switch_on(project: Callable[[Mapping[str, str]], Project], line: str) -> None:
    """In lines between others, as the file is searched once for all names."""
    beside = "net.first = net.other = 1\nfor each.part, self.one in pairs:\n    pass\n"
    made = project({"a.py": f"{beside}{line}\n{beside}"})
    assert (puts_on("a.py", "always", made), puts_on("a.py", "always", made, itself=True)) == PUTS[line]
