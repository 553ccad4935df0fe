"""The deterministic mode and its like: into which programs they are put, and where in them."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

Fix = Callable[..., object]
MODEL = """
    import torch


    def pool(nodes, index, values):
        return nodes.index_add_(0, index, values).backward()
"""
MODE = "torch.use_deterministic_algorithms(True)\n"
WORKSPACE = 'os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")\n'


def train(head: str, rest: str = 'pool(torch.zeros(3).to("cuda"), 0, 1)\n') -> str:
    return f"{dedent(head).lstrip(chr(10))}{rest}"


def project(program: str, torch: str = "2.12.0") -> dict[str, str]:
    return {"model.py": MODEL, "train.py": program, "requirements.txt": f"torch=={torch}\n"}


HEAD = """
    import torch

    from model import pool

"""


def test_the_mode_goes_below_the_imports_of_the_program_that_leads_there(fix: Fix) -> None:
    fixed = fix("RA207", project(train(HEAD)))
    assert fixed.texts == {"train.py": train(HEAD, f'{MODE}\npool(torch.zeros(3).to("cuda"), 0, 1)\n')}
    assert (fixed.left, fixed.patches[0].applicability.value) == (0, "unsafe")


def test_an_older_torch_gets_the_workspaces_of_cublas_too(fix: Fix) -> None:
    text = fix("RA207", project(train(HEAD), "2.6.0")).texts["train.py"]
    assert text.startswith("import os\n\nimport torch\n")
    assert WORKSPACE + MODE in text


def test_workspaces_that_the_program_sets_are_left_alone(fix: Fix) -> None:
    head = HEAD.replace(
        "import torch\n", 'import os\n\n    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":16:8"\n    import torch\n'
    )
    assert "setdefault" not in fix("RA207", project(train(head), "2.6.0")).texts["train.py"]


def test_seeds_and_switches_stand_together(fix: Fix) -> None:
    text = fix("RA207", project(train(HEAD, 'torch.manual_seed(0)\npool(torch.zeros(3).to("cuda"), 0, 1)\n'))).texts
    assert f"torch.manual_seed(0)\n{MODE}pool(" in text["train.py"]


TRAINING = 'optimizer = torch.optim.SGD([], 0.1)\npool(torch.zeros(3).to("cuda"), 0, 1)\n'


def test_all_programs_that_lead_there_are_changed_or_the_finding_would_stay(fix: Fix) -> None:
    fixed = fix("RA207", {**project(train(HEAD, TRAINING)), "show.py": train(HEAD)})
    assert set(fixed.texts) == {"train.py", "show.py"}
    assert fixed.left == 0


def test_of_many_programs_those_that_train_are_changed(fix: Fix) -> None:
    shows = {f"show_{number}.py": train(HEAD) for number in range(9)}
    fixed = fix("RA207", {**project(train(HEAD, TRAINING)), **shows})
    assert set(fixed.texts) == {"train.py"}


def test_a_program_that_others_import_switches_when_it_is_run_alone(fix: Fix) -> None:
    program = """
        import torch


        def pool(nodes, index, values):
            return nodes.index_add_(0, index, values).backward()


        if __name__ == "__main__":
            pool(torch.zeros(3).to("cuda"), 0, 1)
    """
    files = {"train.py": program, "tools.py": "import train\n", "requirements.txt": "torch==2.12.0\n"}
    assert f'if __name__ == "__main__":\n    {MODE}    pool(' in fix("RA207", files).texts["train.py"]


def test_many_programs_are_left_to_people(fix: Fix) -> None:
    files = {f"train_{number}.py": train(HEAD) for number in range(9)}
    fixed = fix("RA207", {"model.py": MODEL, **files})
    assert (fixed.texts, len(fixed.refused)) == ({}, 1)
    assert "share a function" in fixed.refused[0].reason


def test_a_library_without_programs_is_left_to_people(fix: Fix) -> None:
    fixed = fix(
        "RA207",
        {
            "package/__init__.py": "",
            "package/model.py": MODEL.replace("return", 'torch.device("cuda")\n        return'),
        },
    )
    assert fixed.texts == {}


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ('L.Trainer(accelerator="gpu")', 'L.Trainer(accelerator="gpu", deterministic=True)'),
        ("L.Trainer(**options)", "L.Trainer(**options)"),
    ],
)
def test_the_trainer_switches_it_on_where_there_is_one(fix: Fix, call: str, after: str) -> None:
    head = "import lightning as L\nimport torch\n\nfrom model import pool\n\noptions = {}\n"
    rest = f'trainer = {call}\npool(torch.zeros(3).to("cuda"), 0, 1)\n'
    text = fix("RA207", project(f"{head}{rest}")).texts["train.py"]
    assert after in text
    assert (MODE in text) == (call == after)


def test_variables_are_set_before_the_first_import(fix: Fix) -> None:
    source = """
        \"\"\"Train.\"\"\"
        import transformer_engine.pytorch as te

        layer = te.Linear(8, 8)
    """
    fixed = fix("RA233", {"train.py": source})
    text = fixed.texts["train.py"]
    assert text.index('os.environ.setdefault("NVTE_ALLOW_NONDETERMINISTIC_ALGO", "0")') < text.index(
        "transformer_engine"
    )
    assert (text.startswith('"""Train."""'), fixed.left) == (True, 0)


def test_cudnn_is_written_as_the_file_imports_it(fix: Fix) -> None:
    source = """
        import torch
        import torch.backends.cudnn as cudnn

        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU()).cuda()
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
    """
    assert (
        "torch.manual_seed(0)\ncudnn.deterministic = True\nnet" in fix("RA204", {"train.py": source}).texts["train.py"]
    )
