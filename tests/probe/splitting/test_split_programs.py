"""Of a program that draws for everything, the sources that are varied change from replica to replica, and only these.

One process imports torch and forks a child for each replica; each child splits its generators and runs the program.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("numpy")

ROOT = Path(__file__).parents[3]
SOURCES = ("init", "order", "augment", "dropout", "other")

PROGRAM = """
import random
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler

class Items(Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        extra = [random.random() for _ in range(random.randint(0, 9))]  # as many as chance says
        return index, sum(extra) + np.random.rand() + torch.rand(()).item()

class Stream(IterableDataset):
    def __iter__(self):
        order = list(range(9))
        random.shuffle(order)
        for index in order:
            yield index, random.random()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(3, 4) * 0.3)
        self.head = nn.Linear(4, 4)
        self.masks = []

    def forward(self, x):
        y = F.dropout(torch.ones_like(x), 0.5) + torch.rand_like(x)
        self.masks.append(y.tolist())
        return self.head(x) * y

def run(workers):
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(0)
    seen = {name: [] for name in ("init", "order", "augment", "dropout", "other")}
    net = Net()
    loose = nn.Parameter(torch.randn(3))
    net.head.weight.data.normal_(0, 0.02)
    seen["init"] += [net.table.tolist(), net.head.weight.tolist(), net.head.bias.tolist(), loose.tolist()]
    for epoch in range(2):
        for indices, extra in DataLoader(Items(), batch_size=4, shuffle=True, num_workers=workers):
            seen["order"].append(indices.tolist())
            seen["augment"].append(extra.tolist())
            net(torch.ones(2, 4))
            x = torch.ones(2, 4, requires_grad=True)
            checkpoint(net, x, use_reentrant=False).sum().backward()
            assert net.masks[-1] == net.masks[-2], "a recomputed layer draws what it drew before"
            seen["other"].append([torch.randn(2).tolist(), np.random.rand(), random.random()])
    for index, extra in DataLoader(Stream(), batch_size=None, num_workers=workers):
        seen["order"].append(index)
        seen["augment"].append(extra)
    items = list(range(9))
    random.shuffle(items)
    seen["order"] += [items, np.random.permutation(9).tolist(), list(RandomSampler(range(9)))]
    seen["dropout"] += net.masks
    taken = torch.get_rng_state(), random.getstate(), np.random.get_state()
    first = torch.rand(2).tolist(), random.random(), np.random.rand()
    torch.set_rng_state(taken[0]), random.setstate(taken[1]), np.random.set_state(taken[2])
    assert first == (torch.rand(2).tolist(), random.random(), np.random.rand()), "a state that is put back"
    torch.manual_seed(0)
    assert Net().table.tolist() == net.table.tolist(), "the same seed gives the same weights"
    own = torch.Generator().manual_seed(0)
    seen["own"] = torch.randperm(9, generator=own).tolist(), torch.rand(1, generator=own).item()
    return seen
"""

DRIVER = """
import json, os, sys
import numpy, random, torch, torch._dynamo  # once, for all children
from auditor.probe.importhook import ImportHook
from auditor.probe.splitting import Splitter

program = {}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), program)
for number, (vary, seed, private, workers) in enumerate(json.loads(sys.argv[2])):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        settings = {"folder": sys.argv[3], "vary": vary, "base": "base", "seed": seed, "private": private}
        where = lambda frame: ("program.py", 0, "?")
        splitter = Splitter(settings, lambda: "%d-%d" % (number, os.getpid()), where)
        splitter.install(ImportHook(lambda name, function, *arguments: function(*arguments)))
        os.register_at_fork(before=splitter.before_fork, after_in_parent=splitter.after_fork_in_parent,
                            after_in_child=splitter.after_fork_in_child)
        print(json.dumps(program["run"](workers)), flush=True)
        splitter.finish()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def run(folder: Path, *replicas: tuple[list[str], str, bool, int]) -> list[dict[str, Any]]:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-c", DRIVER, str(program), json.dumps(replicas), str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def changed(first: dict[str, Any], second: dict[str, Any]) -> set[str]:
    return {name for name in first if first[name] != second[name]}


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("draws")


@pytest.fixture(scope="module")
def replicas(ledgers: Path) -> list[dict[str, Any]]:
    alone = [([source], seed, False, 0) for source in SOURCES for seed in "xy"]
    own = ["order"], "x", True, 0
    return run(ledgers, ([], "x", False, 0), ([], "y", False, 0), *alone, own)


def test_replicas_in_which_nothing_is_varied_are_one(replicas: list[dict[str, Any]]) -> None:
    assert replicas[0] == replicas[1]


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_a_source_that_is_varied_changes_alone(replicas: list[dict[str, Any]], number: int) -> None:
    fixed, first, second = replicas[0], replicas[2 + 2 * number], replicas[3 + 2 * number]
    assert changed(first, second) == {SOURCES[number]}
    assert changed(fixed, first) == {SOURCES[number]}


def test_everything_that_a_source_drew_changes(replicas: list[dict[str, Any]]) -> None:
    for number, source in enumerate(SOURCES):
        first, second = replicas[2 + 2 * number][source], replicas[3 + 2 * number][source]
        same = [index for index, values in enumerate(zip(first, second, strict=True)) if values[0] == values[1]]
        assert not [index for index in same if not isinstance(first[index], int)], source


def test_in_worker_processes_too_a_source_changes_alone(tmp_path: Path) -> None:
    chosen: tuple[list[str], ...] = ([], ["augment"], ["order"])
    fixed, augment, order = run(tmp_path, *((vary, "x", False, 1) for vary in chosen))
    assert changed(fixed, augment) == {"augment"}
    assert changed(fixed, order) == {"order"}
    workers = [path.name for path in tmp_path.glob("0-*.draws")]
    assert len(workers) > 1, "each worker tells what it drew"


def test_generators_of_the_program_take_part_on_request(replicas: list[dict[str, Any]]) -> None:
    varied = replicas[-1]
    (own_order, own_other), (order, other) = varied["own"], replicas[0]["own"]
    assert own_order != order
    assert own_other == other, "the generator moves on as it would have"


def test_what_was_drawn_is_counted_by_source(replicas: list[dict[str, Any]], ledgers: Path) -> None:
    lines = [json.loads(line) for path in ledgers.glob("0-*.draws") for line in path.read_text().splitlines()]
    ends = [draw for line in lines if "end" in line for draw in line["end"]]
    assert not [line for line in lines if "problem" in line]
    calls = {(draw["source"], draw["call"]) for draw in ends}
    assert {"init", "order", "augment", "dropout", "other", "workers"} == {source for source, _ in calls}
    assert ("augment", "numpy.random.rand") in calls
    assert ("dropout", "torch.dropout") in calls
    held = {draw["call"] for draw in ends if draw["held"].startswith("from a generator")}
    assert held == {"torch.randperm", "torch.rand"}
    linear = [draw for draw in ends if draw["call"] == "torch.Tensor.uniform_"]
    assert sum(draw["draws"] for draw in linear) == 4, "weight and bias of two models"
