"""The mutators that `benchmarks/scan_mutations.py` breaks and mends real projects with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "mutations.py"
SEEDED = """import numpy as np
import torch
from torch.utils.data import DataLoader


def set_seed(seed):
    np.random.seed(seed)
    torch.manual_seed(seed)


if __name__ == "__main__":
    set_seed(3)
    order = np.random.permutation(10)
    print(order)
"""


@pytest.fixture(scope="module")
def mutations() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutations", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module
    spec.loader.exec_module(module)
    return module


def made(mutations: ModuleType, text: str) -> dict[str, list[str]]:
    module = mutations.module_of("train.py", text.encode())
    found: dict[str, list[str]] = {}
    for mutator in (*mutations.MUTATORS, mutations.mended):
        for mutation in mutator(module, [module]):
            compile(mutation.files["train.py"], "train.py", "exec")
            found.setdefault(mutation.kind, []).append(mutation.files["train.py"].decode())
    return found


def test_seeded_program_is_broken_in_every_place(mutations: ModuleType) -> None:
    found = made(mutations, SEEDED)
    assert SEEDED.replace("np.random.seed(seed)", "pass") in found["seed left out"]
    assert SEEDED.replace("torch.manual_seed(seed)", "pass") in found["seed left out"]
    assert found["seeder not called"] == [SEEDED.replace("    set_seed(3)", "    pass")]
    assert found["seed None"] == [SEEDED.replace("np.random.seed(seed)", "np.random.seed(None)")]
    assert "import time as clock; torch.manual_seed(int(clock.time()))" in found["seed from the clock"][1]


@pytest.mark.parametrize(
    ("kind", "line", "mutated"),
    [
        ("random_state= left out", "split(x, random_state=3)", "split(x)"),
        ("random_state= left out", "split(random_state=3, size=4)", "split(size=4)"),
        ("listing not sorted", "x = sorted(os.listdir('.'))", "x = os.listdir('.')"),
        ("listing not sorted", "x = sorted(root.glob('*.py'))", "x = root.glob('*.py')"),
        ("set not sorted", "x = sorted(set(y))", "x = set(y)"),
        ("cudnn.benchmark True", "torch.backends.cudnn.benchmark = False", "torch.backends.cudnn.benchmark = True"),
        ("cudnn.deterministic left out", "torch.backends.cudnn.deterministic = True", "pass"),
        (
            "deterministic algorithms warn only",
            "torch.use_deterministic_algorithms(True)",
            "torch.use_deterministic_algorithms(True, warn_only=True)",
        ),
        ("worker_init_fn left out", "DataLoader(x, worker_init_fn=seeded)", "DataLoader(x)"),
    ],
)
def test_one_argument_or_switch_is_broken(mutations: ModuleType, kind: str, line: str, mutated: str) -> None:
    assert made(mutations, f"import os, torch\n{line}\n")[kind] == [f"import os, torch\n{mutated}\n"]


def test_what_changes_nothing_keeps_meaning(mutations: ModuleType) -> None:
    found = made(mutations, SEEDED)
    assert "np." not in found["import without as"][0]
    assert "renamed_set_seed(3)" in found["function renamed"][0]
    assert "def the_program():\n    set_seed(3)" in found["program in a function"][0]
    assert "if True: np.random.seed(seed)" in found["seed under if True"][0]
    assert found["seeder in another file"][0].startswith("import numpy as np\nimport torch\n")
    assert "from moved_seeder import set_seed" in found["seeder in another file"][0]


def test_seeds_at_the_top_stand_behind_the_future(mutations: ModuleType) -> None:
    text = '"""A program."""\nfrom __future__ import annotations\nimport os\n'
    (mutated,) = made(mutations, text)["seeds at the top"]
    assert mutated.splitlines()[2].startswith("import random, numpy, torch; random.seed(0)")


def test_redundant_seeds_cannot_be_judged(mutations: ModuleType) -> None:
    module = mutations.module_of("train.py", SEEDED.encode())
    found = [each for each in mutations.broken_seeds(module, [module]) if each.kind == "seed left out"]
    assert [each.unclear for each in found] == ["", ""]
    twice = mutations.module_of("train.py", (SEEDED + "np.random.seed(1)\n").encode())
    found = [each for each in mutations.broken_seeds(twice, [twice]) if each.kind == "seed left out"]
    assert [each.unclear for each in found] == ["seeded elsewhere too", "seeded elsewhere too", ""]
