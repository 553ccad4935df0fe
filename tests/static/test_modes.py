"""What a network is asked before it draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
