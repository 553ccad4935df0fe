"""Whose configuration a file is decides; a key alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.static.engine import Analysis

Told = Callable[..., list[str]]

HYDRA_PROGRAM = """
    import hydra

    @hydra.main(version_base=None, config_path="../configs", config_name="train")
    def main(cfg):
        pass
"""
READING_PROGRAM = """
    import argparse, torch, yaml

    def settings():
        return yaml.safe_load(open("settings.yaml"))
"""

OURS = {
    "hydra names the folder": (
        {"src/train.py": HYDRA_PROGRAM, "configs/train.yaml": "lr: 1\nseed: null\n"},
        ["RA181 configs/train.yaml:2"],
    ),
    "hydra configuration group of a trainer": (
        {"src/train.py": HYDRA_PROGRAM, "configs/trainer/gpu.yaml": "accelerator: gpu\ndevices: 1\nbenchmark: yes\n"},
        ["RA281 configs/trainer/gpu.yaml:3"],
    ),
    "a program names the file": (
        {"app/train.py": READING_PROGRAM, "app/settings.yaml": "name: x\nseed:\n"},
        ["RA181 app/settings.yaml:2"],
    ),
    "a program names the path": (
        {
            "src/train.py": READING_PROGRAM.replace("settings.yaml", "configs/settings.yaml"),
            "configs/settings.yaml": "name: x\nseed:\n",
        },
        ["RA181 configs/settings.yaml:2"],
    ),
    "the file stands above the program": (
        {"src/train.py": READING_PROGRAM, "settings.yaml": "name: x\nseed:\n"},
        ["RA181 settings.yaml:2"],
    ),
    "keys that only training has": (
        {"a.yaml": "train:\n  lr: 1\n  epochs: 3\n  batch_size: 8\nsystem:\n  seed: ~\n"},
        ["RA181 a.yaml:6"],
    ),
    "comment says that -1 is random": (
        {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nseed: -1 # -1 means a random seed\n"},
        ["RA181 a.yaml:4"],
    ),
    "comment above says it": (
        {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\n# set to random if -1\nseed: -1\n"},
        ["RA181 a.yaml:5"],
    ),
    "class path of a Lightning trainer": (
        {"a.yaml": "runner:\n  _target_: pytorch_lightning.Trainer\n  deterministic: false\n"},
        ["RA282 a.yaml:3"],
    ),
    "in one line": (
        {"a.yaml": "seed_everything: 1\ntrainer: {accelerator: gpu, devices: 1, benchmark: true}\n"},
        ["RA281 a.yaml:2"],
    ),
    "sampler of a sweep": (
        {"a.yaml": "hydra:\n  sweeper:\n    sampler:\n      _target_: optuna.samplers.TPESampler\n      seed: null\n"},
        ["RA181 a.yaml:5"],
    ),
    "mmengine as a plain module": (
        {"c.py": "_base_ = ['x.py']\nlog_level = 'INFO'\nrandomness = dict(seed=1, deterministic=False)\n"},
        ["RA282 c.py:3"],
    ),
    "beside a seed": (
        {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nsystem:\n  seed: 1\n  deterministic: false\n"},
        ["RA282 a.yaml:6"],
    ),
    "few arguments of a trainer": ({"a.yaml": "trainer:\n  max_epochs: 3\n  benchmark: on\n"}, ["RA281 a.yaml:3"]),
    "variable that may be missing": (
        {"a.yaml": "defaults: [b]\nseed: ${oc.env:SEED,null}\n"},
        ["RA181 a.yaml:2"],
    ),
    "two documents in one file": (
        {"a.yaml": "x: 1\n---\nlr: 1\nepochs: 3\nbatch_size: 8\nseed: null\n"},
        ["RA181 a.yaml:6"],
    ),
}

NOT_OURS = {
    "service of a continuous integration": {".github/workflows/ci.yml": "jobs:\n  a:\n    seed: null\n"},
    "docker compose": {"docker-compose.yml": "services:\n  a:\n    environment:\n      seed: null\n"},
    "kubernetes": {"k.yaml": "apiVersion: v1\nmodel: a\nlr: 1\nepochs: 1\nseed: null\n"},
    "no training": {"a.yaml": "name: x\nseed: null\nbenchmark: true\ndeterministic: false\n"},
    "another folder than hydra's": {"src/train.py": HYDRA_PROGRAM, "other/train.yaml": "x: 1\nseed: null\n"},
    "a file of that name elsewhere": {"a/train.py": READING_PROGRAM, "b/settings.yaml": "seed: null\n"},
    "a program that computes nothing": {
        "app.py": "import yaml\nyaml.safe_load(open('settings.yaml'))\n",
        "settings.yaml": "seed: null\n",
    },
    "a policy is not deterministic": {"a.yaml": "lr: 1\nepochs: 1\nbatch_size: 8\ndeterministic: false\n"},
    "a negative seed that nobody explains": {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nseed: -1\n"},
    "a seed": {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nseed: 0\n"},
    "left to another file": {"a.yaml": "defaults: [b]\nseed: ${other.seed}\n"},
    "module that does more than assign": {
        "c.py": "log_level = 'INFO'\ndist_params = 1\ncudnn_benchmark = True\nfor x in []:\n    pass\n"
    },
    "tests": {"tests/a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nseed: null\n"},
    "commented out": {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\n# seed: null\n"},
    "last of two keys counts": {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nseed: null\nseed: 1\n"},
    "a part takes the seed of the whole": {"a.yaml": "defaults: [b]\nseed: 1\ndata:\n  seed: null\n"},
    "seeds of a seed bank": {"a.yaml": "lr: 1\nepochs: 3\nbatch_size: 8\nseeds: null\nnum_seed: null\n"},
}


@pytest.mark.parametrize("name", OURS)
def test_setting_is_told(name: str, told: Told) -> None:
    files, expected = OURS[name]
    assert told(files) == expected


@pytest.mark.parametrize("name", NOT_OURS)
def test_setting_is_not_told(name: str, told: Told) -> None:
    assert told(NOT_OURS[name]) == []


def test_column_and_end_are_those_of_key_and_value(scan: Callable[..., Analysis]) -> None:
    analysis = scan({"a.yaml": "seed_everything: 1\ntrainer:\n  devices: 1\n  max_epochs: 2\n  benchmark: true\n"})
    (finding,) = analysis.findings
    place = finding.location
    assert (place.line, place.column, place.end_line, place.end_column) == (5, 3, 5, 18)
    assert finding.source_lines == ("  benchmark: true",)


def test_python_columns_count_characters(scan: Callable[..., Analysis]) -> None:
    text = "log_level = 'INFO'\nload_from = None\nenv_cfg = dict(name='größe', cudnn_benchmark=True)\n"
    (finding,) = scan({"c.py": text}).findings
    assert (finding.location.column, finding.location.end_column) == (30, 50)
