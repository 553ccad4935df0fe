"""Values in files of settings and launchers: what is written, and that everything around it stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Fix = Callable[..., object]
HYDRA = "defaults:\n  - _self_\n"


@pytest.mark.parametrize(
    ("rule", "name", "before", "after"),
    [
        ("RA181", "conf/a.yaml", f"{HYDRA}seed: null  # any\n", f"{HYDRA}seed: 42  # any\n"),
        ("RA181", "conf/a.yaml", f"{HYDRA}seed:\nlr: 1\n", f"{HYDRA}seed: 42\nlr: 1\n"),
        ("RA181", "conf/a.yaml", f"{HYDRA}seed:   # none\n", f"{HYDRA}seed: 42   # none\n"),
        ("RA181", "conf/a.yaml", f"{HYDRA}seed: ~\n", f"{HYDRA}seed: 42\n"),
        ("RA181", "conf/a.yaml", f"{HYDRA}\"seed\":  null\n", f"{HYDRA}\"seed\":  42\n"),
        ("RA181", "conf/a.yaml", f"{HYDRA}seed: 'random'\n", f"{HYDRA}seed: 42\n"),
        ("RA281", "configs/config.yaml",
         "seed_everything: 1\ntrainer: {accelerator: gpu, devices: 1, benchmark: yes}\n",
         "seed_everything: 1\ntrainer: {accelerator: gpu, devices: 1, benchmark: no}\n"),
        ("RA281", "run.sh", "python train.py ++trainer.benchmark=True lr=1\n",
         "python train.py ++trainer.benchmark=False lr=1\n"),
        ("RA282", "configs/config.yaml",
         "seed_everything: 1\r\ntrainer:\r\n  accelerator: gpu\r\n  deterministic: false\r\n",
         "seed_everything: 1\r\ntrainer:\r\n  accelerator: gpu\r\n  deterministic: true\r\n"),
        ("RA282", "configs/config.yaml", "seed_everything: 1\ntrainer:\n  accelerator: gpu\n  deterministic: 'warn'\n",
         "seed_everything: 1\ntrainer:\n  accelerator: gpu\n  deterministic: true\n"),
        ("RA182", "run.sh", "python train.py --seed=${RANDOM} &\n", "python train.py --seed=42 &\n"),
        ("RA182", "run.sh", "SEED=\"$RANDOM\"; python train.py\n", "SEED=\"42\"; python train.py\n"),
        ("RA452", "run.sh", "export CUBLAS_WORKSPACE_CONFIG='4096:8'\n", "export CUBLAS_WORKSPACE_CONFIG=':4096:8'\n"),
        ("RA453", "run.sh", "PYTHONHASHSEED= python train.py\n", "PYTHONHASHSEED=0 python train.py\n"),
        ("RA455", "run.sh", "export XLA_FLAGS=\"--a=1 --xla_gpu_deterministic_ops=false\"\n",
         "export XLA_FLAGS=\"--a=1 --xla_gpu_deterministic_ops=true\"\n"),
        ("RA455", "run.sh", "export TF_DETERMINISTIC_OPS=0\n", "export TF_DETERMINISTIC_OPS=1\n"),
        ("RA351", "run.sh", "shuf a.txt | head\n", "shuf --random-source=<(yes 42) a.txt | head\n"),
        ("RA351", "run.sh", "#!/usr/bin/env bash\ncat a | sort -uR > b\n",
         "#!/usr/bin/env bash\ncat a | sort -uR --random-source=<(yes 42) > b\n"),
    ],
)  # fmt: skip
def test_value_is_replaced_and_nothing_else(fix: Fix, rule: str, name: str, before: str, after: str) -> None:
    fixed = fix(rule, {name: before})
    assert (fixed.texts.get(name), fixed.left, fixed.refused) == (after, 0, ())


@pytest.mark.parametrize(
    ("rule", "name", "text", "words"),
    [
        ("RA182", "run.sh", "for run in 1 2 3; do\n  python train.py --seed $RANDOM\ndone\n", "several times"),
        ("RA182", "run.sh", "while read -r line; do python train.py --seed $RANDOM; done\n", "several times"),
        (
            "RA182",
            "job.slurm",
            "#!/bin/bash\n#SBATCH --array=1-5\nsrun python train.py --seed $SLURM_JOB_ID\n",
            "several",
        ),
        ("RA351", "run.sh", "#!/bin/sh\nshuf a.txt > b.txt\n", "bash"),
        ("RA351", "Makefile", "b.txt: a.txt\n\tshuf a.txt > b.txt\n", "bash"),
    ],
)
def test_what_one_value_would_break_is_left_to_people(fix: Fix, rule: str, name: str, text: str, words: str) -> None:
    fixed = fix(rule, {name: text})
    assert fixed.texts == {}
    assert [words in refused.reason for refused in fixed.refused] == [True]


def test_seeds_after_a_loop_are_set(fix: Fix) -> None:
    text = "for run in 1 2 3; do\n  echo $run\ndone\npython train.py --seed $RANDOM\n"
    assert fix("RA182", {"run.sh": text}).texts["run.sh"] == text.replace("$RANDOM", "42")


def test_notebooks_are_changed_in_their_cells(fix: Fix) -> None:
    cell = '{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": [%s]}'
    lines = '"import os\\n", "names = os.listdir(\\"a\\")\\n", "first = names[0]"'
    book = f'{{"cells": [{cell % lines}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}\n'
    fixed = fix("RA304", {"a.ipynb": book})
    assert fixed.texts["a.ipynb"] == book.replace('os.listdir(\\"a\\")', 'sorted(os.listdir(\\"a\\"))')
