"""Kinds of fix about loaders, environments, variables and checkpoints: what they refuse, and what they add."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files
from auditor.static.patches import Sources, plan_patches

RULESET = load()


def patched(folder: Path, source: str, rule_id: str) -> tuple[str, list[str]]:
    """The program with every patch of one rule, and why the others are refused."""
    (folder / "train.py").write_text(dedent(source).lstrip("\n"))
    rule = RULESET.find_rule(rule_id)
    engine = Engine(RULESET, [rule])
    found = find_files(folder, [folder], ())
    findings = engine.analyse(found).findings
    assert findings
    project = engine.project(found)
    sources = Sources(project)
    patches, refused = plan_patches(findings, {rule.id: rule}, project, sources)
    texts = sources.texts(change for patch in patches for change in patch.changes)
    text = texts["train.py"].decode() if texts else (folder / "train.py").read_text()
    return text, [each.reason for each in refused]


DATASET = """
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset, Subset


    class Noisy(Dataset):
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def __getitem__(self, index):
            return self.rng.random()


    torch.manual_seed(0)
    net = torch.nn.Linear(1, 1)
    LOADER
"""


def test_loader_gets_function_and_no_generator_where_torch_is_seeded(tmp_path: Path) -> None:
    source = DATASET.replace("LOADER", "loader = DataLoader(Noisy(), num_workers=2)")
    text, refused = patched(tmp_path, source, "RA309")
    assert not refused
    assert "loader = DataLoader(Noisy(), num_workers=2, worker_init_fn=seed_worker)" in text
    assert "    dataset.rng = np.random.default_rng(torch.initial_seed())" in text


def test_two_loaders_of_one_data_set_share_the_function(tmp_path: Path) -> None:
    loaders = "a = DataLoader(Noisy(), num_workers=2)\n    b = DataLoader(Noisy(), num_workers=1)"
    text, _ = patched(tmp_path, DATASET.replace("LOADER", loaders), "RA309")
    assert text.count("def seed_worker(") == 1
    assert text.count("worker_init_fn=seed_worker") == 2


def test_function_that_a_loader_has_is_not_replaced(tmp_path: Path) -> None:
    source = DATASET.replace("LOADER", "loader = DataLoader(Noisy(), num_workers=2, worker_init_fn=print)")
    text, refused = patched(tmp_path, source, "RA309")
    assert "already" in refused[0]
    assert "def seed_worker(" not in text


def test_data_set_in_a_wrapper_is_left_to_people(tmp_path: Path) -> None:
    source = DATASET.replace("LOADER", "loader = DataLoader(Subset(Noisy(), [0]), num_workers=2)")
    _, refused = patched(tmp_path, source, "RA309")
    assert len(refused) == 1
    assert "wrapper" in refused[0]


@pytest.mark.parametrize(
    "making",
    ["envs = [gymnasium.make('A') for _ in range(3)]", "for _ in range(3):\n        env = gymnasium.make('A')"],
)
def test_several_environments_are_not_given_one_seed(making: str, tmp_path: Path) -> None:
    source = f"""
    import gymnasium

    env = None
    {making}
    env.reset()
    """
    text, refused = patched(tmp_path, source, "RA118")
    assert len(refused) == 1
    assert "seed=" not in text


def test_environment_of_an_unknown_release_of_gym_is_left_to_people(tmp_path: Path) -> None:
    source = "import gym\n\nenv = gym.make('A')\nstate = env.reset()\n"
    _, refused = patched(tmp_path, source, "RA118")
    assert "cannot be told" in refused[0]


def test_variable_for_the_interpreter_gets_the_command_to_start_with(tmp_path: Path) -> None:
    source = "import os\n\nos.environ['PYTHONHASHSEED'] = '0'\nprint(set(['a']))\n"
    _, refused = patched(tmp_path, source, "RA401")
    assert refused[0].endswith("start it as `PYTHONHASHSEED=0 python train.py`")


def test_thread_count_of_a_function_is_left_to_people(tmp_path: Path) -> None:
    source = """
        import os
        import numpy


        def main():
            os.environ["OMP_NUM_THREADS"] = "1"
            print(numpy.ones(3))


        main()
    """
    text, refused = patched(tmp_path, source, "RA402")
    assert len(refused) == 1
    assert text.index("import numpy") < text.index("OMP_NUM_THREADS")


CHECKPOINT = """
    import torch
    EXTRA


    def save(model, optimizer):
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "last.pt")


    def main():
        model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        state = torch.load("last.pt")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        DRAW
        save(model, optimizer)


    main()
"""


def test_states_of_all_generators_that_are_drawn_from_are_kept(tmp_path: Path) -> None:
    source = CHECKPOINT.replace("EXTRA", "import random").replace("DRAW", "print(random.random())")
    text, _ = patched(tmp_path, source, "RA601")
    for name in ("torch.get_rng_state()", "random.getstate()"):
        assert name in text
    after = text.index("optimizer.load_state_dict")
    assert after < text.index("torch.set_rng_state(") < text.index("random.random()")
    assert after < text.index("random.setstate(") < text.index("random.random()")


def test_checkpoint_of_a_program_that_draws_from_numpy_is_left_to_people(tmp_path: Path) -> None:
    source = CHECKPOINT.replace("EXTRA", "import numpy as np").replace("DRAW", "print(np.random.rand())")
    text, refused = patched(tmp_path, source, "RA601")
    assert "NumPy" in refused[0]
    assert "rng_state" not in text


def test_constant_in_a_worker_function_is_fresh_in_each_epoch_and_repeatable(tmp_path: Path) -> None:
    source = """
        import numpy as np
        from torch.utils.data import DataLoader


        def init(worker):
            np.random.seed(worker)


        loader = DataLoader([1, 2], num_workers=2, worker_init_fn=init)
    """
    text, _ = patched(tmp_path, source, "RA318")
    assert "np.random.seed(torch.initial_seed() % 2**32)" in text
    assert "generator=torch.Generator().manual_seed(0)" in text
