"""Noise profiles of hardware: ours are read, and what is wrong in others is told with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from auditor.errors import ReproAuditError, UsageError
from auditor.model.hardware import HardwareNoise, HardwareNoiseKind, RelativeTo
from auditor.ruleset import hardware

GOOD = """
schema = 1
[profile]
name = "mine"
title = "Mine"
[[noise]]
at = ["linear", "My*Block"]
kind = "add"
sigma = 0.1
relative = "rms"
"""
LAST = 'kind = "add"\nsigma = 0.1\nrelative = "rms"'


@pytest.mark.parametrize("name", hardware.names())
def test_every_profile_of_ours_has_sources_and_says_what_it_is_an_example_of(name: str) -> None:
    found = hardware.find_profile(name)
    assert found.name == name
    assert found.about.startswith("An example")
    assert all(source.startswith("https://") for source in found.sources)
    assert found.sources
    assert found.noise


def test_a_profile_is_read_from_a_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    found = hardware.find_profile(str(tmp_path / "mine.toml"))
    expected = HardwareNoise(at=("linear", "My*Block"), kind=HardwareNoiseKind.ADD, amount=0.1, relative=RelativeTo.RMS)
    assert found.noise == (expected,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "schema: this program reads version 1"),
        ('title = "Mine"', "", "profile.title: missing"),
        ('"linear"', '"lineer"', r"noise\[1\].at: `lineer` is no group of layers \(did you mean `linear`\?\)"),
        (
            'kind = "add"',
            'kind = "blur"',
            r"noise\[1\].kind: expected one of `add`, `mul`, .*, found `blur`",
        ),
        ("sigma = 0.1", "", r"noise\[1\].sigma: missing"),
        ("sigma = 0.1", "sigma = -1", r"noise\[1\].sigma: expected a number above 0, found `-1`"),
        ("sigma = 0.1", "sigma = inf", r"noise\[1\].sigma: expected a number above 0"),
        ("sigma = 0.1", "sigma = true", r"noise\[1\].sigma: expected a number above 0, found `true`"),
        ('relative = "rms"', 'relative = "mean"', r"noise\[1\].relative: expected one of"),
        ('relative = "rms"', 'relativ = "rms"', r"noise\[1\].relativ: unknown key \(did you mean `relative`\?\)"),
        ('kind = "add"', 'kind = "mul"', r"noise\[1\].relative: unknown key"),
        (
            'kind = "add"\nsigma = 0.1\nrelative = "rms"',
            'kind = "bits"\nbits = 40',
            r"noise\[1\].bits: expected 1 to 32",
        ),
        ("[[noise]]", "[[noises]]", "noise: missing; expected at least one"),
    ],
)
def test_what_is_wrong_in_a_profile_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ReproAuditError, match=rf"mine\.toml: {said}"):
        hardware.find_profile(str(path))


def test_a_name_that_is_none_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no `int9` \(did you mean `int8`\?\); there are .*int8"):
        hardware.find_profile("int9")
    with pytest.raises(UsageError, match="there is no such file"):
        hardware.find_profile("nowhere/mine.toml")


def at(*words: str) -> HardwareNoise:
    return HardwareNoise(at=words, kind=HardwareNoiseKind.BITS, amount=8, relative=RelativeTo.ABSOLUTE)


@pytest.mark.parametrize(
    ("module", "group"),
    [
        (nn.Linear(1, 1), "linear"),
        (nn.Conv2d(1, 1, 1), "conv"),
        (nn.ConvTranspose1d(1, 1, 1), "conv"),
        (nn.MultiheadAttention(2, 1), "attention"),
        (nn.LayerNorm(1), "norm"),
        (nn.BatchNorm2d(1), "norm"),
        (nn.RMSNorm(1), "norm"),
        (nn.GELU(), "activation"),
        (nn.LSTM(1, 1), "recurrent"),
        (nn.Embedding(1, 1), "embedding"),
        (nn.AdaptiveAvgPool2d(1), "pooling"),
    ],
)
def test_classes_of_torch_are_in_one_group(module: torch.nn.Module, group: str) -> None:
    name = type(module).__name__
    assert [each for each in hardware.GROUPS if hardware.concerns(at(each), name, False)] == [group]


def test_every_activation_of_torch_is_in_its_group() -> None:
    others = {"MultiheadAttention", "Softmax2d"}
    names = set(nn.modules.activation.__all__) - others
    assert {name for name in names if not hardware.concerns(at("activation"), name, False)} == set()


def test_input_all_and_patterns_name_what_they_say() -> None:
    assert hardware.concerns(at("input"), "input", True)
    assert not hardware.concerns(at("input"), "Linear", False)
    assert not hardware.concerns(at("linear"), "input", True)
    assert hardware.concerns(at("all"), "Whatever", False)
    assert hardware.concerns(at("My*Block"), "MyOwnBlock", False)
    assert not hardware.concerns(at("My*Block"), "YourBlock", False)
