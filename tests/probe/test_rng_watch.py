"""Seeds and states are seen; generators work exactly as without us."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from auditor.probe import wire

SEEDS = """
import random
import time
random.seed(3)
random.seed(a="text")
own = random.Random(9)
random.Random()
random.setstate(random.getstate())
import numpy as np
from numpy.random import default_rng, RandomState
np.random.seed(4)
np.random.seed(seed=np.int64(5))
np.random.set_state(np.random.get_state())
default_rng()
default_rng(7)
default_rng(default_rng(8))
RandomState(6)
RandomState()
RandomState([1, 2])
state = RandomState(1); state.seed(11)
np.random.Generator(np.random.PCG64())
np.random.Generator(np.random.PCG64(12))
import torch
torch.manual_seed(5)
torch.seed()
g = torch.Generator()
g.manual_seed(11)
g.seed()
g.set_state(g.get_state())
torch.set_rng_state(torch.get_rng_state())
torch.random.manual_seed(-1)
torch.cuda.manual_seed_all(13)
"""

EXPECTED = [
    (4, "random", "random.seed", "3"),
    (5, "random", "random.seed", "'text'"),
    (6, "random.Random", "random.Random", "9"),
    (7, "random.Random", "random.Random", "entropy"),
    (8, "random", "random.setstate", "state"),
    (11, "numpy.random", "numpy.random.seed", "4"),
    (12, "numpy.random", "numpy.random.seed", "5"),
    (13, "numpy.random", "numpy.random.set_state", "state"),
    (14, "numpy.random.Generator", "numpy.random.default_rng", "entropy"),
    (15, "numpy.random.Generator", "numpy.random.default_rng", "7"),
    (16, "numpy.random.Generator", "numpy.random.default_rng", "8"),
    (17, "numpy.random.RandomState", "numpy.random.RandomState", "6"),
    (18, "numpy.random", "numpy.random.SeedSequence", "entropy"),
    (19, "numpy.random.RandomState", "numpy.random.RandomState", "[1, 2]"),
    (20, "numpy.random.RandomState", "numpy.random.RandomState", "1"),
    (20, "numpy.random.RandomState", "numpy.random.RandomState.seed", "11"),
    (21, "numpy.random", "numpy.random.SeedSequence", "entropy"),
    (24, "torch", "torch.manual_seed", "5"),
    (25, "torch", "torch.seed", "entropy"),
    (27, "torch.Generator", "torch.Generator.manual_seed", "11"),
    (28, "torch.Generator", "torch.Generator.seed", "entropy"),
    (29, "torch.Generator", "torch.Generator.set_state", "state"),
    (30, "torch", "torch.set_rng_state", "state"),
    (31, "torch", "torch.manual_seed", "-1"),
    (32, "torch.cuda", "torch.cuda.manual_seed_all", "13"),
]

FAITHFUL = """
import copy
import inspect
import pickle
import random
import numpy as np
import torch
from numpy.random import RandomState, default_rng
from random import seed

def show(*values):
    print(*values)

seed(1)
random.gauss(0, 1)
show(random.random(), random.gauss(0, 1), random.sample(range(100), 5))
own = random.Random(5)
clone = pickle.loads(pickle.dumps(own))
show(own.random(), clone.random(), copy.deepcopy(own).random(), type(own) is random.Random)
class Mine(random.Random):
    def seed(self, a=None, version=2):
        super().seed(a, version)
        self.seeded = a
show(Mine(4).random(), Mine(4).seeded, random.SystemRandom().random() < 1)
for function in (random.seed, random.Random.seed, random.setstate, torch.manual_seed, torch.set_rng_state):
    show(function.__name__, function.__module__, inspect.signature(function), bool(function.__doc__))
show(pickle.loads(pickle.dumps(torch.manual_seed)) is torch.manual_seed)
show(pickle.loads(pickle.dumps(default_rng)) is default_rng, default_rng is np.random.default_rng)

np.random.seed(1)
show(np.random.rand(), np.random.randn(), np.random.permutation(5))
for rng in (default_rng(3), RandomState(3), np.random.Generator(np.random.PCG64(3))):
    again = pickle.loads(pickle.dumps(rng))
    show(rng.normal(), again.normal(), type(rng).__name__, type(again) is type(rng))
show(isinstance(np.random.mtrand._rand, np.random.RandomState), type(RandomState(1)) is np.random.RandomState)
show(default_rng(default_rng(4)).random(), RandomState([1, 2]).rand(), RandomState(np.uint32(7)).rand())
for bad in (-1, 2**40, "x", 1.5):
    for make in (np.random.seed, RandomState, default_rng):
        try:
            make(bad)
            show("accepted", bad)
        except Exception as error:
            show(type(error).__name__, error)

show(torch.manual_seed(2) is torch.default_generator, torch.rand(2).tolist(), torch.initial_seed())
g = torch.Generator()
show(g.manual_seed(3) is g, torch.rand(2, generator=g).tolist(), type(g) is torch.Generator, g.initial_seed())
state = torch.get_rng_state()
first = torch.rand(1).item()
torch.set_rng_state(state)
show(first == torch.rand(1).item())
h = torch.Generator()
show(torch.rand(1, generator=h.set_state(g.get_state())).item() == torch.rand(1, generator=g).item())
for call in (lambda: torch.manual_seed("x"), lambda: g.manual_seed(), lambda: g.set_state(3)):
    try:
        call()
    except Exception as error:
        show(type(error).__name__, str(error).splitlines()[0])
loader = torch.utils.data.DataLoader(list(range(12)), batch_size=4, shuffle=True)
show([batch.tolist() for batch in loader], torch.rand(1).item(), random.random(), np.random.rand())
"""

STATES = """
import random
import numpy as np
import torch
random.seed(1); np.random.seed(1); torch.manual_seed(1)
own = np.random.default_rng(1)
w = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(6):
    w.grad = torch.ones(3)
    if step == 1: random.random()
    if step == 2: np.random.rand()
    if step == 3: torch.rand(1)
    if step == 4: own.random()
    optimizer.step()
"""


def seeds_of(trace: Any) -> list[tuple[int, str, str, str]]:
    return [
        (seed.site.line, seed.library, seed.call, "state" if seed.value.startswith("state ") else seed.value)
        for seed in sorted(trace.seeds, key=lambda seed: (seed.site.line, seed.call))
        if seed.site is not None and seed.site.path == "program.py"
    ]


def test_every_seeding_call_is_an_event_with_its_value_and_line(audited: Any) -> None:
    run = audited.script(SEEDS)
    trace = audited.trace(run)
    assert seeds_of(trace) == EXPECTED
    assert trace.problems == ()
    assert int((trace.events["kind"] == wire.SEED).sum()) == len(trace.seeds)


def test_generators_work_as_without_the_probe(audited: Any) -> None:
    run, bare = audited.script(FAITHFUL), audited.script(FAITHFUL, bare=True)
    assert audited.printed(run) == audited.printed(bare)
    assert len(audited.printed(bare)) > 35
    assert audited.trace(run).problems == ()


def test_a_state_is_written_when_it_has_moved_and_only_then(audited: Any) -> None:
    trace = audited.trace(audited.script(STATES))
    states = trace.events[trace.events["kind"] == wire.STATE]
    moved = [(trace.names[int(row["op"])], int(row["step"])) for row in states if row["step"] > 1]
    assert moved == [("random", 2), ("numpy.random", 3), ("torch", 4), ("numpy.random.Generator#0", 5)]
    libraries = {trace.names[int(row["op"])] for row in states if row["step"] <= 1}
    assert libraries == {"random", "numpy.random", "torch", "numpy.random.Generator#0"}


def test_equal_states_have_equal_digests_in_two_runs_and_other_seeds_have_others(audited: Any) -> None:
    def digests(text: str) -> list[int]:
        trace = audited.trace(audited.script(text))
        states = trace.events[(trace.events["kind"] == wire.STATE) & (trace.events["step"] > 0)]
        return [int(row["state"]) for row in states]

    first = digests(STATES)
    assert len(first) >= 7
    assert digests(STATES) == first
    assert not set(digests(STATES.replace("seed(1)", "seed(2)").replace("rng(1)", "rng(2)"))) & set(first)


def test_a_generator_that_the_program_dropped_is_let_go(audited: Any) -> None:
    run = audited.script("""
        import gc, random, weakref
        import torch
        own = random.Random(3)
        ref = weakref.ref(own)
        del own
        w = torch.zeros(1, requires_grad=True)
        o = torch.optim.SGD([w], lr=0.1)
        w.grad = torch.ones(1)
        o.step()
        print(ref() is None)
        """)
    assert audited.printed(run) == ["True"]


def test_a_generator_per_item_fills_no_disk(audited: Any) -> None:
    trace = audited.trace(
        audited.script("import numpy as np\nfor i in range(3000):\n    np.random.default_rng(i).random()\n")
    )
    assert len(trace.seeds) == 1000
    assert [problem.count for problem in trace.problems] == [2000]


@pytest.mark.parametrize("blocked", [("numpy",), ("numpy", "xxhash")])
def test_without_numpy_or_xxhash_the_rest_is_seen(audited: Any, blocked: tuple[str, ...]) -> None:
    """The training environment may have torch alone."""
    for name in blocked:
        audited.write(f"blocked/{name}/__init__.py", f"raise ModuleNotFoundError('no {name} here')")
    run = audited.script(
        """
        import random, torch
        random.seed(1); torch.manual_seed(2)
        print(torch.rand(1).item())
        """,
        environment={"PYTHONPATH": str(audited.project / "blocked")},
        probe={"xxhash_path": ""} if "xxhash" in blocked else {},
    )
    trace = audited.trace(run)
    assert trace.complete
    assert [seed.library for seed in trace.seeds] == ["random", "torch"]
    assert (trace.events["kind"] == wire.OP).any()
    assert trace.header["digest"] == (wire.CRC32_ADLER32 if "xxhash" in blocked else wire.XXH3_64)


OTHER_PYTHON = os.environ.get("REPRO_AUDIT_TEST_PYTHON", "")


@pytest.mark.skipif(not OTHER_PYTHON, reason="REPRO_AUDIT_TEST_PYTHON names no second interpreter with torch")
def test_another_interpreter_with_its_own_torch_is_followed(audited: Any) -> None:
    run = audited.script(SEEDS, python=Path(OTHER_PYTHON))
    trace = audited.trace(run)
    assert trace.header["executable"] == OTHER_PYTHON
    assert seeds_of(trace) == EXPECTED
    assert trace.problems == ()
