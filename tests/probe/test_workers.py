"""Children that the program makes: data loader workers, ranks."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.probe import wire

pytestmark = pytest.mark.usefixtures("light_imports")

LOADERS = """
import random, sys, threading
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.rand(3) + random.random() + np.random.rand()


def main(method, kinds, epochs):
    torch.manual_seed(0); random.seed(0); np.random.seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for persistent in kinds:
        loader = DataLoader(
            Noise(), batch_size=4, num_workers=2, multiprocessing_context=method, persistent_workers=persistent
        )
        for epoch in range(epochs):
            for batch in loader:
                optimizer.zero_grad()
                model(batch).sum().backward()
                optimizer.step()
        # Threads that feed the workers' queues free named semaphores as they end. One that the program's
        # end cuts short there leaves Python's resource tracker to warn of a leak, in one run of thousands.
        feeders = [thread for thread in threading.enumerate() if thread.name == "QueueFeederThread"]
        del loader
        for feeder in feeders:
            feeder.join()
    print(model.weight.tolist())


if __name__ == "__main__":
    fork = sys.argv[1] == "fork"
    main(sys.argv[1], (False, True) if fork else (True,), 2)
"""

RANKS = """
import os
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
torch.manual_seed(0)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(50):
    optimizer.zero_grad()
    model(torch.ones(2, 3) * (dist.get_rank() + step)).sum().backward()
    optimizer.step()
dist.destroy_process_group()
"""


@pytest.mark.parametrize(
    ("method", "workers", "steps"),
    [
        # Two epochs of two workers each, then two that live through both epochs.
        ("fork", ["0-0.1", "0-0.2", "0-0.3", "0-0.4", "0-0.5", "0-0.6"], 8),
        ("spawn", ["0-0.s1", "0-0.s2"], 4),
    ],
)
def test_every_worker_of_every_epoch_has_a_trace_of_its_own_name(
    audited: Any, method: str, workers: list[str], steps: int
) -> None:
    run, bare = audited.script(LOADERS, method), audited.script(LOADERS, method, bare=True)
    assert audited.printed(run) == audited.printed(bare)
    assert [process.name for process in run.processes] == ["0-0", *workers]
    assert all(process.complete for process in run.processes)
    assert not any(process.problems for process in run.processes)
    assert [process.steps for process in run.processes] == [steps, *[0] * len(workers)]
    for trace in list(audited.traces(run).processes.values())[1:]:
        libraries = {seed.library for seed in trace.seeds}
        assert {"torch", "random", "numpy.random"} <= libraries
        kinds = trace.events["kind"].tolist()
        assert {wire.OP, wire.STATE, wire.SEED} <= set(kinds)
        states = {trace.names[int(row["op"])] for row in trace.events[trace.events["kind"] == wire.STATE]}
        assert {"torch", "random", "numpy.random"} <= states


def test_each_rank_has_a_trace_and_all_stop_at_the_same_step(audited: Any) -> None:
    audited.path = ""  # replicas of a model need TorchDynamo
    audited.write("ranks.py", RANKS)
    run = audited.run(
        *("python", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "ranks.py"),
        probe={"stop_after_steps": 5},
        timeout_s=240,
    )
    assert run.status.ending.value == "stopped"
    ranks = [process for process in run.processes if process.rank is not None]
    assert [(process.name, process.rank, process.steps) for process in ranks] == [("0-0.x1", 0, 5), ("1-0.x2", 1, 5)]
    assert all(process.complete for process in ranks)
    assert [process.name for process in run.processes if process.rank is None] == ["0-0"]
