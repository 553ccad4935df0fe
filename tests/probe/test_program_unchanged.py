"""The probe changes nothing: programs compute, draw and print the same bits with it as without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.probe import wire
from auditor.ruleset import load
from auditor.ruleset.operators import facts_wanted
from auditor.runs import hotpath
from auditor.runs.launch import launch, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store
from auditor.runs.tracefile import ProcessTrace, RunTraces, open_run
from auditor.services.noise_options import probe_settings

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


Run = tuple[list[str], RunTraces]


@pytest.fixture(scope="module")
def bare() -> list[str]:
    """What the programs print without the probe."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """What they print with it, and their traces; twice: hot path in Python, then in C where it could be built."""
    store = Store(tmp_path_factory.mktemp("runs"))
    return probed_run(store, {"compiled_path": ""}), probed_run(store)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same where what layers put out is kept, and gradients, and weights at the end."""
    folder = tmp_path_factory.mktemp("collect")
    gradients = {"folder": str(folder), "elements": 16, "budget_bytes": 1 << 28, "whole": True}
    collect = {"folder": str(folder), "keep": True, "evaluate": "", "nudge": None, "gradients": gradients}
    kept = {"activations": {"budget_bytes": 1 << 28, "elements": 16}, "collect": collect}
    return probed_run(Store(tmp_path_factory.mktemp("runs")), kept)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same where operators are timed and those of the list are looked at."""
    settings = {"profile": {"facts": facts_wanted(load().operators), "time": True}}
    return probed_run(Store(tmp_path_factory.mktemp("runs")), settings)


@pytest.fixture(scope="module")
def ready_for_noise(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What they print where their models are to be evaluated under noise at the end, by nobody."""
    store = Store(tmp_path_factory.mktemp("runs"))
    noise = probe_settings(address=str(store.root / "nobody"))
    return probed_run(store, {"mode": "noise", "noise": noise})[0]


def probed_run(store: Store, probe: Mapping[str, object] | None = None) -> Run:
    folder = store.new()
    run = launch(
        LaunchPlan(
            argv=("python", str(PROGRAM)),
            cwd=PROGRAM.parent,
            project=PROGRAM.parent,
            run_dir=folder.path,
            run_id=folder.id,
            probe=probe or {},
            environment={"PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
            quiet=True,
        )
    )
    return list(log_tail(run, 200)), open_run(folder.path)


@pytest.mark.parametrize("name", PIECES)
def test_program_is_the_same_with_the_probe(name: str, bare: list[str], probed: tuple[Run, Run]) -> None:
    expected, found = ([line for line in lines if line.startswith(name + " ")] for lines in (bare, probed[0][0]))
    assert len(expected) == 1
    assert found == expected


@pytest.mark.parametrize("name", PIECES)
def test_program_is_the_same_with_the_hot_path_in_c(name: str, bare: list[str], probed: tuple[Run, Run]) -> None:
    expected, found = ([line for line in lines if line.startswith(name + " ")] for lines in (bare, probed[1][0]))
    assert found == expected


@pytest.mark.skipif(not hotpath.path(Path(sys.executable)), reason="no C compiler or no Python.h")
def test_both_hot_paths_leave_the_same_rows(probed: tuple[Run, Run]) -> None:
    """Byte for byte, but for the state of generators that nobody seeded. Where a process has several threads, how they
    take turns decides which tensors come first in the file."""
    assert [language(traces) for _, traces in probed] == ["Python", "C"]
    in_python, in_c = (traces.processes for _, traces in probed)
    for name in in_python:
        ours, theirs = (traces.processes[name].events.copy() for _, traces in probed)
        for rows in (ours, theirs):
            rows["state"][(rows["kind"] == wire.STATE) | (rows["kind"] == wire.SEED)] = 0
            if len(np.unique(rows["thread"])) > 1:
                rows["first_tensor"] = 0
        ours, theirs = (rows[np.argsort(rows["thread"], kind="stable")] for rows in (ours, theirs))
        assert ours.tobytes() == theirs.tobytes(), name
        if len(np.unique(ours["thread"])) == 1:
            assert in_python[name].tensors.tobytes() == in_c[name].tensors.tobytes(), name


def language(traces: RunTraces) -> str:
    """What the hot path of a run was written in."""
    lines = (traces.path / "trace" / "0-0.names.jsonl").read_text().splitlines()
    return next(str(json.loads(line)["language"]) for line in lines if '"hot_path"' in line)


@pytest.mark.parametrize("name", PIECES)
def test_program_is_the_same_while_operators_are_profiled(name: str, bare: list[str], profiled: Run) -> None:
    expected, found = ([line for line in lines if line.startswith(name + " ")] for lines in (bare, profiled[0]))
    assert len(expected) == 1
    assert found == expected


def test_a_profile_leaves_the_trace_as_it_is(profiled: Run, probed: tuple[Run, Run]) -> None:
    """Thread by thread, as runs are compared; and every operator that was traced was counted and timed."""
    plain = probed[0][1].processes
    for name, profile in profiled[1].processes.items():
        assert not [problem for problem in profile.problems if problem.where.startswith("profile")]
        same = ("kind", "phase", "flags", "step", "thread", "tensors", "input_count", "outputs")
        ours, theirs = (
            rows[np.argsort(rows["thread"], kind="stable")] for rows in (profile.events, plain[name].events)
        )
        assert [field for field in same if not np.array_equal(ours[field], theirs[field])] == [], name
        counted = sum(int(record["calls"]) for record in profile.profile)
        assert counted >= int((profile.events["kind"] == wire.OP).sum())


@pytest.mark.parametrize("name", PIECES)
def test_program_is_the_same_while_activations_and_gradients_are_kept(name: str, bare: list[str], keeping: Run) -> None:
    expected, found = ([line for line in lines if line.startswith(name + " ")] for lines in (bare, keeping[0]))
    assert len(expected) == 1
    assert found == expected


@pytest.mark.parametrize("name", PIECES)
def test_program_is_the_same_until_noise_is_asked_for(name: str, bare: list[str], ready_for_noise: list[str]) -> None:
    expected, found = ([line for line in lines if line.startswith(name + " ")] for lines in (bare, ready_for_noise))
    assert len(expected) == 1
    assert found == expected


def test_the_probe_has_no_trouble_with_any_of_them(probed: tuple[Run, Run], keeping: Run) -> None:
    traces = [*probed[0][1].processes.values(), *keeping[1].processes.values()]
    assert [(trace.name, problem.where, problem.what) for trace in traces for problem in trace.problems] == []
    assert [trace.name for trace in traces if not trace.complete] == []


def test_two_runs_of_deterministic_programs_leave_the_same_trace(probed: tuple[Run, Run]) -> None:
    """Whatever differs here would be a false alarm: uninitialised padding, addresses, timing.

    Thread by thread, as runs are compared: how threads interleave is up to the scheduler.
    """
    first, second = (traces.processes for _, traces in probed)
    assert list(first) == list(second)
    for name in first:
        ours, theirs = by_thread(first[name]), by_thread(second[name])
        assert list(ours) == list(theirs)
        for thread, events in ours.items():
            for one, other in zip(events, theirs[thread], strict=True):
                assert one == other


def by_thread(trace: ProcessTrace) -> dict[int, list[tuple[object, ...]]]:
    found: dict[int, list[tuple[object, ...]]] = {}
    for thread, event in comparable(trace):
        found.setdefault(thread, []).append(event)
    return dict(sorted(found.items()))


def comparable(trace: ProcessTrace) -> Iterator[tuple[int, tuple[object, ...]]]:
    for index, row in enumerate(trace.events):
        if row["kind"] in (wire.STATE, wire.SEED):
            continue
        event = trace.event(index)
        compared = [(tensor.digest, tensor.dtype, tensor.shape, tensor.role) for tensor in event.tensors]
        place = (event.identity, event.site, event.kind, int(row["flags"]))
        contents = (event.inputs, event.arguments, event.outputs, event.state, compared)
        yield event.identity.thread, (place, *contents)


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
