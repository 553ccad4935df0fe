"""Which programs a finding in a shared file names: those that get to its place, not all that import the file."""

from __future__ import annotations

from pathlib import Path

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()

NETS = """
import torch.nn.functional as F
from torch import nn


class Up(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Linear(8, 8)

    def forward(self, x):
        return F.interpolate(self.conv(x), scale_factor=2, mode="bilinear")


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Linear(8, 8)

    def forward(self, x):
        return self.conv(x)
"""
TRAIN = """
import sys
import torch
import nets
torch.manual_seed(0)
net = {}.cuda()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
net(torch.ones(1, 8, 8, 8).cuda()).sum().backward()
optimizer.step()
"""
LINE = 12


def told(folder: Path, nets: str = NETS, **programs: str) -> list[tuple[int, tuple[str, ...]]]:
    """Line and programs of each interpolation that is told."""
    (folder / "nets.py").write_text(nets)
    for name, made in programs.items():
        (folder / f"{name}.py").write_text(TRAIN.format(made))
    engine = Engine(RULESET, [rule for rule in RULESET.rules if rule.id == "RA208"])
    found = engine.analyse(find_files(folder, [folder], ())).findings
    return [(each.location.line, each.entry_points) for each in found]


def test_who_makes_another_layer_is_not_named(tmp_path: Path) -> None:
    assert told(tmp_path, a="nets.Up()", b="nets.Plain()") == [(LINE, ("a.py",))]


def test_who_looks_a_layer_up_is_named(tmp_path: Path) -> None:
    assert told(tmp_path, a="getattr(nets, sys.argv[1])()", b="nets.Plain()") == [(LINE, ("a.py",))]


def test_who_calls_what_makes_the_layer_is_named(tmp_path: Path) -> None:
    nets = f"{NETS}\n\ndef build(kind):\n    return Up() if kind else Plain()\n"
    assert told(tmp_path, nets, a="nets.build(1)", b="nets.Plain()") == [(LINE, ("a.py",))]


def test_what_nobody_gets_to_is_left_out(tmp_path: Path) -> None:
    assert told(tmp_path, a="nets.Plain()", b="nets.Plain()") == []


def test_what_is_executed_on_import_is_told_of_all(tmp_path: Path) -> None:
    nets = f"{NETS}\n\nREADY = Up()\n"
    assert told(tmp_path, nets, a="nets.Plain()", b="nets.Plain()") == [(LINE, ("a.py", "b.py"))]
