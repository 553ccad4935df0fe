"""What libraries of networks call things, as data of ours and of a team."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.errors import RuleError
from auditor.ruleset import load
from auditor.ruleset.networks import Networks
from auditor.static.engine import Engine, find_files

OURS = load().networks


@pytest.mark.parametrize(
    ("callee", "initial"),
    [
        ("torch.nn.Linear", True), ("torch.nn.functional.linear", False), ("torchvision.models.resnet18", True),
        ("tensorflow.compat.v1.layers.dense", True), ("torch.randn", False), ("transformers.BertModel", True),
        ("transformers.DataCollatorWithPadding", False), ("my.torch.nn.Linear", False), ("", False),
    ],
)  # fmt: skip
def test_layers_and_models_make_initial_weights(callee: str, initial: bool) -> None:
    assert OURS.initialises(callee) is initial


def test_nothing_makes_weights_where_nobody_says_so() -> None:
    assert not Networks().initialises("torch.nn.Linear")
    assert not Networks().initialises("")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tensor]", "networks.toml: tensor: unknown key (did you mean `tensors`?)"),
        ("[weights]\ninitial = []", "networks.toml: weights.initial: unknown key"),
        ('[modules]\nhooking = ["Module.hook"]', "modules.hooking: expected the name of a method"),
        ('[weights]\ninitialising = ["torch nn"]', "weights.initialising: expected how a dotted name begins"),
        ('[tensors]\nsame_gradient_functions = ["torch."]', "same_gradient_functions: expected the dotted name of"),
        ('[weights]\nwithout_head = "bert"', "weights.without_head: expected an array of strings"),
    ],
)
def test_mistakes_name_file_and_key(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "networks.toml").write_text(f"schema = 1\n{text}\n")
    with pytest.raises(RuleError, match=re.escape(complaint)):
        load([tmp_path])


def test_a_team_adds_to_ours_and_repeats_what_it_likes(tmp_path: Path) -> None:
    said = '[modules]\nhooking = ["register_forward_hook", "watch"]\n[weights]\ninitialising = ["ours.layers."]\n'
    (tmp_path / "networks.toml").write_text(f"schema = 1\n{said}")
    known = load([tmp_path]).networks
    assert known.hooking == (*OURS.hooking, "watch")
    assert known.initialises("ours.layers.Dense")
    assert known.own_methods == OURS.own_methods


LIBRARY = """schema = 1

[library]
id = "ours"
title = "our layers"
module = "ours"
scope = "process"
advice = "ours.seed(0)"

[[seed]]
calls = ["ours.seed"]
argument = "value"
position = 0

[draw]
names = ["ours.layers.Dense"]
"""
RULE = """schema = 1
id = "TEAM101"
name = "unseeded-ours"
title = "Our layers draw, and nothing seeds them"
category = "seeding"
severity = "error"
confidence = "high"
explanation = "x"

[match]
kind = "seeding"
status = "unseeded"
libraries = ["ours"]

[fix]
summary = "seed"

[[example]]
bad = "import ours\\nours.layers.Dense()"
finds = [2]

[[example]]
good = "import ours\\nours.seed(1)\\nours.layers.Dense()"
"""
PROGRAM = """
import ours
import torch

net = ours.layers.Dense()
net.load_state_dict(torch.load("w.pt"))
print(net(1))
"""


@pytest.mark.parametrize("says", [True, False])
def test_stored_weights_replace_what_a_team_says_makes_initial_ones(says: bool, tmp_path: Path) -> None:
    team, root = tmp_path / "team", tmp_path / "project"
    for folder in (team / "libraries", root):
        folder.mkdir(parents=True)
    (team / "libraries" / "ours.toml").write_text(LIBRARY)
    (team / "TEAM101.toml").write_text(RULE)
    if says:
        (team / "networks.toml").write_text('schema = 1\n[weights]\ninitialising = ["ours.layers."]\n')
    (root / "run.py").write_text(PROGRAM)
    ruleset = load([team])
    rules = [rule for rule in ruleset.rules if rule.id == "TEAM101"]
    found = Engine(ruleset, rules).analyse(find_files(root, [root], ()))
    assert [each.location.line for each in found.findings] == ([] if says else [5])
