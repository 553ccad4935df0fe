"""Statements that are put beside a call, arguments that go, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

Fix = Callable[..., object]


def body(source: str) -> str:
    return dedent(source).lstrip("\n")


def test_statistics_are_saved_beside_the_only_save_in_the_same_function(fix: Fix) -> None:
    source = """
        from stable_baselines3 import PPO
        from stable_baselines3.common.vec_env import VecNormalize


        def main(env):
            norm = VecNormalize(env)
            model = PPO("MlpPolicy", norm, seed=0)
            if env is not None:
                model.save("runs/agent.zip")  # keep
            return model
    """
    fixed = fix("RA613", {"train.py": source})
    kept = 'model.save("runs/agent.zip")  # keep\n'
    assert fixed.texts["train.py"] == body(source).replace(
        kept, kept + '        norm.save("runs/agent_normaliser.pkl")\n'
    )
    assert fixed.left == 0


@pytest.mark.parametrize(
    ("rule", "source", "reason"),
    [
        (
            "RA613",
            """
            from stable_baselines3 import PPO
            from stable_baselines3.common.vec_env import VecNormalize

            env = VecNormalize(None)
            model = PPO("MlpPolicy", env, seed=0)
            model.save("first")
            model.save("last")
            """,
            "in several",
        ),
        (
            "RA612",
            """
            from stable_baselines3 import SAC

            SAC.load("agent").learn(10)
            """,
            "no name of its own",
        ),
        (
            "RA612",
            """
            import sys
            from stable_baselines3 import SAC

            model = SAC.load(sys.argv[1])
            model.learn(10)
            """,
            "not written down",
        ),
        (
            "RA610",
            """
            import deepspeed


            def forward(block, x):
                return deepspeed.checkpointing.checkpoint(block, x)


            forward(print, 1)
            """,
            "any number of times",
        ),
        (
            "RA610",
            """
            from deepspeed.checkpointing import configure

            configure(None)
            """,
            "a name of its own",
        ),
        (
            "RA611",
            """
            import torch

            model = torch.nn.Linear(2, 2)
            mean = torch.optim.swa_utils.AveragedModel(model)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            torch.save({"optimizer": optimizer.state_dict()}, "a.pt")
            torch.save({"optimizer": optimizer.state_dict()}, "b.pt")
            last = torch.load("a.pt")
            optimizer.load_state_dict(last["optimizer"])
            """,
            "not written down as one dictionary",
        ),
        (
            "RA408",
            """
            from lightning.pytorch.callbacks import Timer

            timer = Timer("00:01:00:00")
            """,
            "given by its name",
        ),
    ],
)
def test_what_cannot_be_told_is_refused(fix: Fix, rule: str, source: str, reason: str) -> None:
    fixed = fix(rule, {"train.py": source})
    assert not fixed.texts
    assert [reason in each.reason for each in fixed.refused] == [True]


def test_a_search_stops_after_trials_that_a_person_writes_in(fix: Fix) -> None:
    source = """
        import optuna

        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), timeout=600)
    """
    fixed = fix("RA408", {"train.py": source})
    assert fixed.texts["train.py"] == body(source).replace("timeout=600", "n_trials=...")
    assert [patch.applicability.value for patch in fixed.patches] == ["display"]


def test_rows_are_mapped_one_after_the_other(fix: Fix) -> None:
    source = """
        import random

        from datasets import Dataset

        random.seed(0)


        def jitter(row):
            return {"x": row["x"] + random.random()}


        rows = Dataset.from_dict({"x": [1, 2]}).map(jitter, num_proc=4, batched=False)
    """
    fixed = fix("RA130", {"train.py": source})
    assert fixed.texts["train.py"] == body(source).replace("num_proc=4, ", "")
    assert fixed.left == 0
