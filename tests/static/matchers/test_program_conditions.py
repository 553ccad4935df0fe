"""Rules that depend on what the program does elsewhere, in any of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.rule import Confidence
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files
from auditor.static.facts import ModuleFacts
from auditor.static.matcher import find_matcher
from auditor.static.scanning import program as conditions

RULESET = load()


def engine(rule_id: str) -> Engine:
    return Engine(RULESET, [rule for rule in RULESET.rules if rule.id == rule_id])


def lines(folder: Path, rule_id: str, files: dict[str, str]) -> list[tuple[str, int, tuple[str, ...]]]:
    for name, text in files.items():
        (folder / name).write_text(text)
    found = engine(rule_id).analyse(find_files(folder, [folder], ())).findings
    return [(each.location.path, each.location.line, each.entry_points) for each in found]


UP = "import torch.nn.functional as F\n\n\ndef up(x):\n    return F.interpolate(x, mode='bilinear')\n"
TRAIN = "import torch\nfrom up import up\n\nprint(up(torch.zeros(1, 1, 2, 2).cuda()))\n"


def test_device_is_found_in_another_file(tmp_path: Path) -> None:
    assert lines(tmp_path, "RA208", {"up.py": UP, "train.py": TRAIN}) == [("up.py", 5, ("train.py",))]


def test_switch_in_one_program_does_not_excuse_another(tmp_path: Path) -> None:
    strict = TRAIN.replace("print(", "torch.use_deterministic_algorithms(True)\nprint(")
    files = {"up.py": UP, "train.py": TRAIN, "strict.py": strict}
    assert lines(tmp_path, "RA208", files) == [("up.py", 5, ("train.py",))]


MODEL = """
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(100, 32)

    def forward(self, index):
        return self.table(index)

    def optimizer(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
"""
SAMPLE = (
    "import torch\nfrom model import Model\n\nmodel = torch.compile(Model().eval())\nprint(model(torch.zeros(1)))\n"
)


@pytest.mark.parametrize(
    ("sample", "programs"),
    [
        (SAMPLE, ("train.py",)),
        (SAMPLE + "step = model.optimizer().step\n", ("sample.py", "train.py")),
        (SAMPLE.replace(".eval()", ""), ("sample.py", "train.py")),
    ],
)
def test_backward_passes_are_those_of_programs_that_train(
    tmp_path: Path, sample: str, programs: tuple[str, ...]
) -> None:
    train = SAMPLE + "model(torch.zeros(1)).sum().backward()\nmodel.optimizer().step()\n"
    files = {"model.py": MODEL, "sample.py": sample, "train.py": train}
    assert lines(tmp_path, "RA239", files) == [("model.py", 8, programs)]


def test_files_of_a_program_are_let_go_of_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = "import torch\ntorch.use_deterministic_algorithms(False)\n" + "# long\n" * 100
    parts = {f"part{number}.py": part for number in range(20)}
    train = "".join(f"import part{number}\n" for number in range(20)) + TRAIN
    open_: list[int] = []
    is_in = conditions.Trait.is_in

    def watched(trait: conditions.Trait, module: ModuleFacts) -> bool:
        open_.append(len(module.project._modules))
        return is_in(trait, module)

    monkeypatch.setattr(conditions.Trait, "is_in", watched)
    assert lines(tmp_path, "RA208", {"up.py": UP, "train.py": train, **parts}) == [("up.py", 5, ("train.py",))]
    assert len(open_) >= 20
    assert max(open_) == 1


def test_switch_that_is_turned_off_is_none(tmp_path: Path) -> None:
    loose = TRAIN.replace("print(", "torch.use_deterministic_algorithms(False)\nprint(")
    assert lines(tmp_path, "RA208", {"up.py": UP, "train.py": loose}) == [("up.py", 5, ("train.py",))]


def test_program_without_the_device_is_told_with_low_confidence(tmp_path: Path) -> None:
    up = "import torch\n\n\ndef up(x):\n    return torch.bincount(x, weights=x)\n"
    for program, confidence in ((TRAIN, Confidence.MEDIUM), (TRAIN.replace(".cuda()", ""), Confidence.LOW)):
        (tmp_path / "up.py").write_text(up)
        (tmp_path / "train.py").write_text(program)
        found = engine("RA225").analyse(find_files(tmp_path, [tmp_path], ())).findings
        assert [finding.confidence for finding in found] == [confidence]


def test_fallback_is_judged_per_program(tmp_path: Path) -> None:
    files = {
        "data.py": (
            "from sklearn.model_selection import train_test_split\n\n\n"
            "def split(rows):\n    return train_test_split(rows)\n"
        ),
        "seeded.py": "import numpy as np\nfrom data import split\n\nnp.random.seed(0)\nprint(split([1, 2]))\n",
        "bare.py": "from data import split\n\nprint(split([1, 2]))\n",
    }
    assert lines(tmp_path, "RA115", files) == [("data.py", 5, ("bare.py",))]


def test_first_convolution_is_told_once_with_its_programs(tmp_path: Path) -> None:
    net = "import torch\n\n\ndef net():\n    return torch.nn.Conv2d(1, 1, 1), torch.nn.Conv2d(1, 1, 1)\n"
    program = "import torch\nfrom net import net\n\ntorch.manual_seed(0)\nprint(net()[0].to('cuda'))\n"
    files = {"net.py": net, "one.py": program, "two.py": program}
    assert lines(tmp_path, "RA204", files) == [("net.py", 5, ("one.py", "two.py"))]


def test_only_what_can_hold_the_call_or_a_trait_is_parsed(tmp_path: Path) -> None:
    files = {
        "net.py": "import torch.nn as nn\n\n\ndef net():\n    return nn.Conv2d(1, 1, 1)\n",
        "train.py": "import torch\nfrom net import net\n\ntorch.manual_seed(0)\nprint(net().cuda())\n",
        "plot.py": "import torch\nfrom words import seed\n\nprint(seed, 'Conv2d cuda')\n",
        "words.py": "import torch\nseed = 'manual_seed, of torch'\nConv2d = None\n",
    }
    assert lines(tmp_path, "RA204", files) == [("net.py", 5, ("train.py",))]
    made = engine("RA204").project(find_files(tmp_path, [tmp_path], ()))
    rule = next(rule for rule in RULESET.rules if rule.id == "RA204")
    matcher, module = find_matcher(rule.match.kind), made.module("net.py")
    assert matcher is not None
    assert module is not None
    made.programs.know_scripts({"train.py", "plot.py"}, {})
    assert [hit.entry_points for hit in matcher.find(rule, module, made)] == [("train.py",)]
    assert made.parsed == {"net.py", "train.py"}
