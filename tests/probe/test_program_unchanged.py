"""The probe changes nothing: programs compute, draw and print the same bits with it as without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.runs.launch import launch, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store
from auditor.runs.tracefile import open_run

PROGRAM = Path(__file__).parent / "everyday_programs.py"
PIECES = [
    line.removeprefix("def ").partition("(")[0]
    for before, line in zip(PROGRAM.read_text().splitlines(), PROGRAM.read_text().splitlines()[1:], strict=False)
    if before == "@piece"
]

# Whether Dynamo compiles what it compiles without us, and whether the compiled code is the one that runs: with eight
# threads its embedding gradient races, where the eager one never does.
COMPILED = """
import hashlib, torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(8)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.linear, self.norm = nn.Embedding(50, 16), nn.Linear(16, 4), nn.BatchNorm1d(4)
    def forward(self, x):
        y = self.embed(x).mean(1)
        print(end="")  # a graph break
        return self.norm(self.linear(y))

net = Net()
net.linear.register_forward_hook(lambda module, args, output: output * 2)
compiled = torch.compile(net)
x, y = torch.randint(0, 50, (4096, 16)), torch.randint(0, 4, (4096,))
outputs = []
gradients = set()
for _ in range(8):
    net.zero_grad()
    output = compiled(x)
    outputs.append(hashlib.sha256(output.detach().numpy().tobytes()).hexdigest())
    nn.functional.cross_entropy(output, y).backward()
    gradients.add(net.embed.weight.grad.numpy().tobytes())
from torch._dynamo.utils import counters
print(outputs)
print({key: dict(counters[key]) for key in ("frames", "stats", "graph_break", "unimplemented")})
print("races" if len(gradients) > 1 else "one gradient")
"""


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Per piece what it prints without and with the probe; "problems" has what the probe complained of."""
    store = Store(tmp_path_factory.mktemp("runs"))
    folder = store.new()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    bare = subprocess.run(
        [sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    plan = LaunchPlan(
        argv=("python", str(PROGRAM)),
        cwd=PROGRAM.parent,
        project=PROGRAM.parent,
        run_dir=folder.path,
        run_id=folder.id,
        probe={},
        environment={"PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
        quiet=True,
    )
    run = launch(plan)
    probed = list(log_tail(run, 200))
    traces = open_run(folder.path).processes.values()
    found = {a.split()[0]: (a, b) for a, b in zip(bare, probed, strict=True)}
    problems = [f"{problem.where}: {problem.what}" for trace in traces for problem in trace.problems]
    found["problems"] = ("", "\n".join(problems))
    found["incomplete"] = ("", "".join(trace.name for trace in traces if not trace.complete))
    return found


@pytest.mark.parametrize("name", [*PIECES, "problems", "incomplete"])
def test_program_is_the_same_with_the_probe(name: str, lines: dict[str, tuple[str, str]]) -> None:
    bare, probed = lines[name]
    assert probed == bare


def test_compiled_code_stays_compiled(audited: Any) -> None:
    bare, probed = (audited.printed(audited.script(COMPILED, bare=bare)) for bare in (True, False))
    assert probed == bare
    assert bare[-1] == "races"


def test_eager_switches_the_compiler_off_and_says_so(audited: Any) -> None:
    run = audited.script(COMPILED, probe={"compile": "eager"})
    assert audited.printed(run)[-1] == "one gradient"
    trace = audited.trace(run)
    assert "aten::embedding" in trace.names.values()
    assert "torch._dynamo.config.disable" in (Path(run.folder) / "trace" / f"{trace.name}.names.jsonl").read_text()
