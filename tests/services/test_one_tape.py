"""What `run --twice` learns from runs on one tape, and that a tape does not change what a trace sees."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest

from auditor.dynamic.evidence import ONE_TAPE, Intervention
from auditor.dynamic.judge import _one_tape
from auditor.model.run import RunRecord
from auditor.probe.taping.wire import SUFFIX
from auditor.runs.tapefile import read_process
from auditor.services.compare import Pair
from auditor.services.experiment import Experiments, unseeded

pytestmark = pytest.mark.usefixtures("light_imports")

BYTES = """
    import os
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Linear(16, 1)
    optimizer = torch.optim.SGD(model.parameters(), 1e-6)
    for _ in range(2):
        loss = model(torch.tensor(list(os.urandom(16)), dtype=torch.float32)).pow(2).sum()
        loss.backward()
        optimizer.step()
    print(loss.item(), list(os.urandom(4)))
    """


def test_runs_on_one_tape_agree_where_entropy_was_all_that_differed(audited: Any) -> None:
    """Values that come from the system's entropy unseen by every cause: only the tape can tell."""
    audited.write("program.py", BYTES)
    pair = Pair.of((audited.run("python", "program.py"), audited.run("python", "program.py")))
    assert pair.outcome.comparison.first is not None
    runs: list[RunRecord] = []

    def run(stage: str, stop_after: int, probe: Mapping[str, object], environment: Mapping[str, str]) -> RunRecord:
        runs.append(
            audited.run(
                "python", "program.py", probe={"stop_after_steps": stop_after, **probe}, environment=dict(environment)
            )
        )
        return runs[-1]

    experiments = Experiments(run, pair)
    tried = experiments.on_one_tape()
    assert tried is not None
    assert (tried.kind, tried.agreed, tried.note) == (ONE_TAPE, True, "")
    assert [(asked.call, asked.site.line, asked.times) for asked in tried.asked] == [("os.urandom", 10, 1)]
    assert len(runs) == 3
    assert {process.steps for record in runs for process in record.processes} == {1}


def test_runs_that_differ_on_one_tape_leave_implementation_noise() -> None:
    tried = Intervention(kind=ONE_TAPE, agreed=False, note="aten::index_put at train.py:21 (step 0, backward)")
    assert "first at aten::index_put at train.py:21 (step 0, backward): what is left is implementation noise" in (
        _one_tape(tried)
    )


def test_a_replay_under_the_tracer_computes_what_a_replay_without_it_does(audited: Any, taped: Any) -> None:
    audited.write("program.py", BYTES)
    (taped.project / "program.py").write_text((audited.project / "program.py").read_text())
    recorded = taped.record()
    settings = {"mode": "replay", "folder": str(taped.project / "tape"), "strict": True}
    run = audited.run("python", "program.py", probe={"tape": settings}, environment={"PYTHONHASHSEED": "0"})
    assert audited.printed(run) == recorded.splitlines()
    assert run.processes[0].events > 0


CHILD = """
    import subprocess
    import sys
    import torch

    torch.manual_seed(0)
    draw = "import random, sys; {before}sys.stdout.write(str(random.random()))"
    scale = float(subprocess.run([sys.executable, "-c", draw], capture_output=True, text=True, check=True).stdout)
    print((torch.ones(3) * scale).sum().item())
    """


@pytest.mark.parametrize("before", ["", "random.seed(3); "])
def test_a_tape_knows_which_processes_drew_from_what_nothing_seeds(taped: Any, before: str) -> None:
    (taped.project / "program.py").write_text(textwrap.dedent(CHILD.format(before=before)))
    taped.record()
    tapes = [read_process(path) for path in sorted((taped.project / "tape").glob(f"*{SUFFIX}"))]
    assert {tape.name: tape.moved for tape in tapes} == {"0-0": (), "0-0.x1": ("random",)}
    assert [(each.process, each.library) for each in unseeded(tapes)] == ([] if before else [("0-0.x1", "random")])
