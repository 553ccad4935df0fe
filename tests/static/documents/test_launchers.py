"""Launch scripts: what is passed as a seed, and to what variables are set."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.static.engine import Analysis

Told = Callable[..., list[str]]

LINES = {
    "python train.py --seed $RANDOM": ["RA182"],
    'python train.py --seed "$RANDOM"': ["RA182"],
    "python train.py --seed '$RANDOM'": [],
    "python train.py --seed=$((RANDOM % 1000))": ["RA182"],
    "python train.py --data-seed `date +%N`": ["RA182"],
    "python train.py trainer.seed=$(shuf -i 1-1000 -n 1)": ["RA182"],
    "python train.py --seed $(od -An -N4 -tu4 /dev/urandom)": ["RA182"],
    "export SEED=${SEED:-$RANDOM}": ["RA182"],
    "PYTHONHASHSEED=$RANDOM python train.py": ["RA182"],
    "python train.py --seed $SLURM_ARRAY_TASK_ID": [],
    "python train.py --seed 1 --run-id $RANDOM": [],
    "python train.py --seed-file $(date +%F).txt": [],
    "MASTER_PORT=$((RANDOM + 10000)) python train.py --seed 3": [],
    "python train.py --seed $1 # or --seed $RANDOM": [],
    "RUN=$(date +%s); python train.py --name $RUN --seed 1": [],
    "N=$RANDOM; python train.py --seed ${N}": ["RA182"],
    "N=$RANDOM; N=4; python train.py --seed $N": [],
    "docker run -e CUBLAS_WORKSPACE_CONFIG=:4096:2 image": ["RA452"],
    "export CUBLAS_WORKSPACE_CONFIG=': 4096:8'": ["RA452"],
    "export OMP_NUM_THREADS=`getconf _NPROCESSORS_ONLN`": ["RA451"],
    "export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-8}": [],
    'echo "PYTHONHASHSEED=random"': [],
    'echo "start; now" && python train.py --seed $RANDOM': ["RA182"],
    'python train.py "seed=${SEED}" "job=${SLURM_JOB_ID}"': [],
    'python train.py "seed=${SLURM_JOB_ID}" "job=1"': ["RA182"],
    "docker run -e 'SEED=1' -e 'RUN=x' image $RANDOM": [],
    """bash -c 'SEED=$RANDOM; python train.py'""": ["RA182"],
    "echo start; echo --seed $RANDOM; python train.py --seed 1": [],
    "echo 'it; --seed $RANDOM' > log.txt": [],
    "cat list.txt | sort -uR | head": ["RA351"],
    "ls | sort -rn | head": [],
    "gshuf -n 5 lines.txt": ["RA351"],
    "mv shuf.txt data/shuf": [],
    "python shuf.py": [],
    "pip install 'torch>=2' && pip install tqdm": ["RA463"],
    "pip install -e . && pip install -r requirements.txt": [],
    "uv pip install --index-url https://x/whl torch==2.4.0": [],
    "pip install --no-binary flash-attn --only-binary torch flash-attn==2.5.6": [],
    "PORT=$(comm -23 <(seq 2000 9000 | sort) <(ss -tan | sort -u) | shuf | head -n 1)": [],
    "torchrun --master_port $(shuf ports.txt | head -1) train.py": [],
    "TRAIN=$(shuf -n 100 train.txt)": ["RA351"],
    "sudo apt-get install -y numpy": [],
}


@pytest.mark.parametrize("line", LINES)
def test_line_of_a_script(line: str, told: Told) -> None:
    assert told({"run.sh": f"#!/bin/bash\n{line}\n"}) == [f"{rule} run.sh:2" for rule in LINES[line]]


def test_variable_that_takes_the_entropy_is_told_as_related(scan: Callable[..., Analysis]) -> None:
    analysis = scan({"run.sh": "stamp=$(date +%s)\npython train.py --seed $stamp\n"})
    (finding,) = analysis.findings
    assert finding.location.line == 2
    assert [(each.location.line, each.message) for each in finding.related] == [(1, "the time is taken here")]


def test_environment_file_expands_nothing(told: Told) -> None:
    assert told({".env": "SEED=$RANDOM\nPYTHONHASHSEED=random\n"}) == ["RA453 .env:2"]


def test_makefile_is_read_as_make_reads_it(told: Told) -> None:
    text = """
SEED ?= $(shell date +%s)
train:
	PYTHONHASHSEED= python train.py --seed=$$RANDOM
	python train.py --seed $$$$ --name $(SEED)
	python train.py --seed $(FIXED)
"""
    assert told({"Makefile": text}) == [
        "RA182 Makefile:1", "RA182 Makefile:3", "RA453 Makefile:3", "RA182 Makefile:4",
    ]  # fmt: skip


def test_argument_of_an_image_is_followed_to_its_base(told: Told) -> None:
    text = "ARG IMAGE=nvidia/cuda\nFROM $IMAGE\nRUN pip install tqdm\n"
    assert told({"docker/Dockerfile.gpu": text}) == ["RA462 docker/Dockerfile.gpu:2"]


@pytest.mark.parametrize(
    ("path", "text", "silent"),
    [
        ("run.sh", "export CUBLAS_WORKSPACE_CONFIG=:4096:8\npython src/train.py --lr 1\n", True),
        ("run.sh", "CUBLAS_WORKSPACE_CONFIG=:4096:8 torchrun -m src.train\n", True),
        ("run.sh", "export CUBLAS_WORKSPACE_CONFIG=:4096:8\npython other.py\n", False),
        ("run.sh", "export CUBLAS_WORKSPACE_CONFIG=\npython src/train.py\n", False),
        ("run.sh", "# CUBLAS_WORKSPACE_CONFIG=:4096:8 python src/train.py\n", False),
        (".env", "CUBLAS_WORKSPACE_CONFIG=:4096:8\n", True),
        ("Dockerfile", "FROM scratch\nENV CUBLAS_WORKSPACE_CONFIG=:4096:8\n", True),
    ],
)
def test_variable_set_by_a_program_s_launcher_answers_the_rule(
    told: Told, path: str, text: str, *, silent: bool
) -> None:
    program = "import torch\ntorch.use_deterministic_algorithms(True)\nprint(torch.ones(2).cuda())\n"
    found = told({"src/train.py": program, "requirements.txt": "torch==2.6.0\n", path: text})
    assert ("RA235 src/train.py:2" not in found) is silent


IMAGES = {
    "FROM python:3.12\nRUN python - <<'PY'\nimport torch\nfrom torch import nn\nPY\n": [],
    "FROM python:3.12\nCOPY <<a.py <<b.py /\nfrom torch import nn\na.py\nfrom torch import nn\nb.py\nFROM python\n": [
        7
    ],
    "FROM python:3.12\nRUN python -c 'import torch; \\\nfrom torch import nn'\n": [],
    "FROM python:3.12\nRUN pip install x \\\n# why\n  y && echo $((1<<X))\nFROM python\n": [5],
}


@pytest.mark.parametrize("text", IMAGES)
def test_only_instructions_name_a_base(text: str, told: Told) -> None:
    assert told({"Dockerfile": text}) == [f"RA462 Dockerfile:{line}" for line in IMAGES[text]]
