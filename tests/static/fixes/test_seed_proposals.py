"""Kinds of fix about seeds: what the patched program reads, and when there is no patch."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from auditor.model.patch import Applicability
from auditor.ruleset import load
from auditor.static.engine import Engine, find_files
from auditor.static.patches import PlannedPatch, Refused, Sources, plan_patches

RULESET = load()


class Plan:
    """The patches of a small project for some rules, and what is left when all of them are applied."""

    def __init__(self, folder: Path, files: dict[str, str], *rules: str) -> None:
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).lstrip("\n"))
        chosen = [rule for rule in RULESET.rules if rule.id.startswith(rules or ("RA1", "RA301", "RA302", "RA303"))]
        engine = Engine(RULESET, chosen)
        found = find_files(folder, [folder], ())
        findings = engine.analyse(found).findings
        project = engine.project(found)
        sources = Sources(project)
        self.patches: tuple[PlannedPatch, ...]
        self.refused: tuple[Refused, ...]
        self.patches, self.refused = plan_patches(findings, {rule.id: rule for rule in chosen}, project, sources)
        texts = sources.texts(change for patch in self.patches for change in patch.changes)
        self.texts = {path: new.decode() for path, new in texts.items()}
        for path, new in texts.items():
            (folder / path).write_bytes(new)
        left = Engine(RULESET, chosen).analyse(find_files(folder, [folder], ()))
        assert not left.skipped
        self.left = [finding.rule_id for finding in left.findings]

    def added(self, path: str = "train.py") -> list[str]:
        """The lines of a patched file that name a seed, without their indentation."""
        return [line.strip() for line in self.texts[path].splitlines() if "seed" in line]


def plan(folder: Path, source: str, *rules: str) -> Plan:
    return Plan(folder, {"train.py": source}, *rules)


OPTION = """
    import argparse
    import torch


    def main():
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=7)
        args = parser.parse_args()
        print(args)
        print(torch.rand(2))


    if __name__ == "__main__":
        main()
"""


def test_seed_option_is_used_as_soon_as_it_is_known(tmp_path: Path) -> None:
    lines = plan(tmp_path, OPTION).texts["train.py"].splitlines()
    assert lines[lines.index("    args = parser.parse_args()") + 1] == "    torch.manual_seed(args.seed)"


def test_option_that_is_none_by_default_is_no_seed(tmp_path: Path) -> None:
    source = OPTION.replace("type=int, default=7", "type=int")
    assert "torch.manual_seed(0)" in plan(tmp_path, source).added()


@pytest.mark.parametrize(
    ("setup", "seed"),
    [
        ("SEED = 3", "SEED"),
        ('config = {"lr": 0.1, "seed": 4}', 'config["seed"]'),
        ("class Config:\n    seed = 5\nconfig = Config()", "config.seed"),
        ("width = 2", "0"),
        ('seed = "a"', "0"),
        ("seed = -1", "0"),
    ],
)
def test_seed_that_the_script_has_is_reused(setup: str, seed: str, tmp_path: Path) -> None:
    found = plan(tmp_path, f"import torch\n{setup}\nnet = torch.nn.Linear(2, 2)\n")
    assert f"torch.manual_seed({seed})" in found.added()
    assert found.left == []


def test_seed_stands_before_the_loop_and_never_in_it(tmp_path: Path) -> None:
    found = plan(tmp_path, "import torch\nfor epoch in range(3):\n    print(torch.rand(1))\n")
    assert found.texts["train.py"] == (
        "import torch\n\ntorch.manual_seed(0)\nfor epoch in range(3):\n    print(torch.rand(1))\n"
    )


def test_function_that_is_called_in_between_is_not_entered(tmp_path: Path) -> None:
    source = """
        import torch


        def check():
            print(torch.rand(1))


        check()
        print(torch.rand(1))
    """
    assert "\n\n\ntorch.manual_seed(0)\ncheck()\n" in plan(tmp_path, source).texts["train.py"]


def test_draws_of_an_imported_module_are_seeded_above_its_import(tmp_path: Path) -> None:
    files = {
        "data.py": "import numpy as np\n\nNOISE = np.random.rand(3)\n",
        "train.py": "import numpy as np\nfrom data import NOISE\n\nprint(NOISE)\n",
    }
    found = Plan(tmp_path, files)
    assert found.texts["train.py"].startswith("import numpy as np\n\nnp.random.seed(0)\nfrom data import NOISE\n")
    assert found.left == []


def test_seed_of_another_library_is_reused_with_its_rank(tmp_path: Path) -> None:
    source = """
        import random
        import torch


        def main(seed: int, rank: int):
            torch.manual_seed(seed + rank)
            print(random.random(), torch.rand(1))


        if __name__ == "__main__":
            main(3, 0)
    """
    assert "random.seed(seed + rank)" in plan(tmp_path, source).added()


def test_seed_under_a_condition_is_not_what_others_stand_beside(tmp_path: Path) -> None:
    source = """
        import random
        import torch

        if torch.cuda.is_available():
            torch.manual_seed(3)
        print(random.random())
    """
    lines = plan(tmp_path, source, "RA101").texts["train.py"].splitlines()
    assert "random.seed(0)" in lines


def test_helper_of_the_project_that_nothing_calls_is_called(tmp_path: Path) -> None:
    files = {
        "tools/__init__.py": "",
        "tools/seed.py": """
            import random
            import numpy as np
            import torch


            def set_all(seed):
                random.seed(seed)
                np.random.seed(seed)
                torch.manual_seed(seed)
        """,
        "train.py": """
            import numpy as np
            import torch
            from tools.seed import set_all as fix

            print(np.random.rand(), torch.rand(1))
        """,
    }
    found = Plan(tmp_path, files)
    assert "fix(0)" in found.texts["train.py"].splitlines()
    assert len(found.patches) == 1
    assert found.patches[0].rule_ids == ("RA102", "RA103")


def test_incomplete_helper_that_nothing_calls_is_completed_and_called(tmp_path: Path) -> None:
    source = """
        import random
        import numpy as np


        def set_seed(seed=1):
            random.seed(seed)


        def main():
            print(np.random.rand())


        main()
    """
    added = plan(tmp_path, source).added()
    assert added == ["def set_seed(seed=1):", "random.seed(seed)", "np.random.seed(seed)", "set_seed()"]


def test_function_that_seeds_workers_is_no_helper(tmp_path: Path) -> None:
    source = """
        import numpy as np


        def seed_worker(worker_id):
            np.random.seed(worker_id)


        print(np.random.rand())
    """
    assert "np.random.seed(0)" in plan(tmp_path, source).added()


def test_framework_that_the_program_imports_seeds_it(tmp_path: Path) -> None:
    source = "import torch\nimport pytorch_lightning as pl\n\nprint(torch.rand(1), pl)\n"
    assert "pl.seed_everything(0, workers=True)" in plan(tmp_path, source).added()


def test_spawned_processes_seed_themselves(tmp_path: Path) -> None:
    source = """
        import torch
        import torch.multiprocessing as mp


        def work(rank, seed):
            print(torch.rand(1))


        if __name__ == "__main__":
            mp.spawn(work, args=(3,), nprocs=2)
    """
    assert "torch.manual_seed(seed + rank)" in plan(tmp_path, source).added()


def test_seed_of_the_first_process_does_not_reach_spawned_ones(tmp_path: Path) -> None:
    source = """
        import torch
        import torch.multiprocessing as mp


        def work(rank, seed):
            torch.cuda.manual_seed(seed)
            print(torch.rand(1))


        if __name__ == "__main__":
            torch.manual_seed(3)
            torch.cuda.manual_seed(3)
            mp.spawn(work, args=(3,), nprocs=2)
    """
    planned = plan(tmp_path, source).added()
    assert "torch.manual_seed(seed)" in planned


def test_equal_seeds_of_every_rank_are_not_called_safe(tmp_path: Path) -> None:
    source = """
        import torch
        import torch.distributed as dist

        dist.init_process_group("gloo")
        print(torch.rand(1))
    """
    (patch,) = plan(tmp_path, source).patches
    assert patch.applicability is Applicability.UNSAFE
    assert "rank" in patch.effect


# -- seeds that come too late, under conditions, or from entropy -------------------------------------------------------


def test_late_seed_moves_up_with_its_comment_and_its_number(tmp_path: Path) -> None:
    source = """
        import torch

        net = torch.nn.Linear(2, 2)
        SEED = 3
        # repeatable
        torch.manual_seed(SEED)
        print(net(torch.rand(2)))
    """
    text = plan(tmp_path, source).texts["train.py"]
    assert text == (
        "import torch\n\nSEED = 3\n# repeatable\ntorch.manual_seed(SEED)\nnet = torch.nn.Linear(2, 2)\n"
        "print(net(torch.rand(2)))\n"
    )


def test_function_that_seeds_and_then_trains_is_not_moved(tmp_path: Path) -> None:
    source = """
        import torch

        net = torch.nn.Linear(2, 2)


        def run():
            torch.manual_seed(3)
            print(net(torch.rand(2)))


        run()
    """
    found = plan(tmp_path, source)
    assert found.texts["train.py"].count("run()") == 2
    assert found.added() == ["torch.manual_seed(0)", "torch.manual_seed(3)"]
    assert found.left == []


def test_helper_that_is_called_for_another_library_is_extended_and_not_called_again(tmp_path: Path) -> None:
    source = """
        import numpy as np
        import torch


        def setup(seed):
            torch.manual_seed(seed)


        def main():
            setup(3)
            print(np.random.rand())


        main()
    """
    assert plan(tmp_path, source).added() == [
        "def setup(seed):",
        "np.random.seed(seed)",
        "torch.manual_seed(seed)",
    ]


def test_late_seed_that_is_computed_in_between_stays_and_another_comes_first(tmp_path: Path) -> None:
    source = """
        import sys
        import torch

        net = torch.nn.Linear(2, 2)
        number = len(sys.argv)
        torch.manual_seed(number)
        print(net(torch.rand(2)))
    """
    found = plan(tmp_path, source)
    assert found.added() == ["torch.manual_seed(0)", "torch.manual_seed(number)"]
    assert found.left == []


@pytest.mark.parametrize(
    ("condition", "default"),
    [("args.seed is not None", 0), ("args.seed", 1), ("not args.fast and args.seed != None", 0)],
)
def test_condition_on_the_seed_gets_a_default_that_fulfils_it(condition: str, default: int, tmp_path: Path) -> None:
    source = f"""
        import argparse
        import torch

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=None)
        parser.add_argument("--fast", action="store_true")
        args = parser.parse_args()
        if {condition}:
            torch.manual_seed(args.seed)
        print(torch.rand(1))
    """
    found = plan(tmp_path, source)
    assert f'parser.add_argument("--seed", type=int, default={default})' in found.texts["train.py"]


@pytest.mark.parametrize(
    ("made", "changed"),
    [
        ("Config(seed=args.seed)", 'add_argument("--seed", type=int, default=0)'),
        ("Config(3, args.seed)", 'add_argument("--seed", type=int, default=0)'),
        ("Config(3)", "seed: int | None = 0"),
    ],
)
def test_a_field_gets_its_default_only_where_nothing_is_given_for_it(made: str, changed: str, tmp_path: Path) -> None:
    source = f"""
        import argparse
        import torch
        from dataclasses import dataclass


        @dataclass
        class Config:
            epochs: int = 2
            seed: int | None = None


        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int)
        args = parser.parse_args()
        config = {made}
        if config.seed is not None:
            torch.manual_seed(config.seed)
        print(torch.rand(1))
    """
    found = plan(tmp_path, source)
    assert changed in found.texts["train.py"]
    assert found.left == []


def test_a_field_that_several_calls_give_is_left_alone(tmp_path: Path) -> None:
    source = """
        import sys
        import torch
        from dataclasses import dataclass


        @dataclass
        class Config:
            seed: int | None = None


        if len(sys.argv) > 2:
            config = Config(seed=None)
        else:
            config = Config(seed=None if len(sys.argv) > 1 else 3)
        if config.seed is not None:
            torch.manual_seed(config.seed)
        print(torch.rand(1))
    """
    found = plan(tmp_path, source)
    assert "seed: int | None = 0" not in found.texts.get("train.py", "")


def test_condition_with_other_statements_keeps_them(tmp_path: Path) -> None:
    source = """
        import torch


        def main(strict=False):
            if strict:
                torch.manual_seed(1)
                torch.backends.cudnn.benchmark = False
            print(torch.rand(1))


        main()
    """
    found = plan(tmp_path, source)
    assert (
        "    torch.manual_seed(1)\n    if strict:\n        torch.backends.cudnn.benchmark = False\n"
        in found.texts["train.py"]
    )
    assert found.left == []


def test_condition_that_asks_whether_the_seed_is_there_is_not_left(tmp_path: Path) -> None:
    source = """
        import torch


        def main(config=None):
            if config is not None:
                torch.manual_seed(config.seed)
            print(torch.rand(1))


        main()
    """
    found = plan(tmp_path, source, "RA107")
    assert "torch.manual_seed(config.seed)\n    if" not in found.texts.get("train.py", "")


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("int(time.time())", "torch.manual_seed(0)"),
        ("START + int(time.time())", "torch.manual_seed(START)"),
        ("int(time.time()) % 2**32", "torch.manual_seed(0)"),
        ("uuid.uuid4().int % 2**31", "torch.manual_seed(0)"),
        ('hash("a") % 2**32', 'torch.manual_seed(zlib.crc32(b"a") % 2**32)'),
    ],
)
def test_value_that_differs_from_run_to_run_is_replaced(expression: str, written: str, tmp_path: Path) -> None:
    source = (
        f"import time\nimport uuid\nimport torch\nSTART = 5\ntorch.manual_seed({expression})\nprint(torch.rand(1))\n"
    )
    found = plan(tmp_path, source)
    assert written in found.texts["train.py"].splitlines()
    assert found.left == []


def test_process_id_is_replaced_but_not_called_safe(tmp_path: Path) -> None:
    (patch,) = plan(tmp_path, "import os\nimport torch\ntorch.manual_seed(os.getpid())\nprint(torch.rand(1))\n").patches
    assert patch.applicability is Applicability.UNSAFE


def test_entropy_is_replaced_where_it_is_written_and_not_where_it_is_used(tmp_path: Path) -> None:
    files = {
        "seeding.py": "import torch\n\n\ndef fix(seed):\n    torch.manual_seed(seed)\n",
        "train.py": """
            import time
            import torch
            from seeding import fix

            number = time.time_ns()
            fix(number % 1000)
            print(torch.rand(1))
        """,
    }
    found = Plan(tmp_path, files)
    assert list(found.texts) == ["train.py"]
    assert "number = 0" in found.texts["train.py"]


# -- seeds of calls ---------------------------------------------------------------------------------------------------


def test_generator_is_seeded_in_place(tmp_path: Path) -> None:
    found = plan(tmp_path, "import numpy as np\nimport random\na = np.random.default_rng()\nb = random.Random()\n")
    assert found.texts["train.py"].endswith("a = np.random.default_rng(0)\nb = random.Random(0)\n")


def test_generator_made_again_and_again_gets_no_constant(tmp_path: Path) -> None:
    source = """
        import numpy as np
        import random

        random.seed(3)


        def noise():
            return np.random.default_rng().random()


        print([noise() for _ in range(random.randrange(9))])
    """
    found = plan(tmp_path, source, "RA110")
    assert "np.random.default_rng(random.getrandbits(32))" in found.texts["train.py"]


def test_function_that_is_handed_on_gets_no_constant(tmp_path: Path) -> None:
    source = """
        import numpy as np
        from torch.utils.data import DataLoader


        def join(items):
            return np.random.default_rng().permutation(items)


        loader = DataLoader([1, 2], collate_fn=join)
    """
    found = plan(tmp_path, source, "RA110")
    assert found.patches == ()
    assert "join" in found.refused[0].reason


def test_estimator_in_a_loop_is_seeded_by_the_program(tmp_path: Path) -> None:
    source = """
        from sklearn.ensemble import RandomForestClassifier

        for depth in (1, 2):
            print(RandomForestClassifier(max_depth=depth).fit([[0], [1]], [0, 1]))
    """
    found = plan(tmp_path, source)
    assert "np.random.seed(0)" in found.added()
    assert "random_state" not in found.texts["train.py"]
    assert found.left == []


def test_loaders_get_generators_of_their_own(tmp_path: Path) -> None:
    source = """
        from torch.utils.data import DataLoader

        first = DataLoader([1, 2], shuffle=True)
        second = DataLoader([1, 2], shuffle=True)
        print(list(first), list(second))
    """
    found = plan(tmp_path, source)
    assert found.texts["train.py"].count("generator=torch.Generator().manual_seed(0)") == 2
    assert found.left == []


def test_loader_in_a_program_that_draws_otherwise_is_seeded_with_it_once(tmp_path: Path) -> None:
    source = """
        import torch
        from torch.utils.data import DataLoader

        net = torch.nn.Linear(1, 1)
        for batch in DataLoader([1.0, 2.0], shuffle=True):
            print(net(batch))
    """
    found = plan(tmp_path, source)
    assert len(found.patches) == 1
    assert "generator=" not in found.texts["train.py"]


def test_patched_programs_are_left_alone(tmp_path: Path) -> None:
    found = plan(tmp_path, OPTION)
    again = plan(tmp_path, found.texts["train.py"])
    assert again.patches == ()
    assert again.refused == ()


def test_nothing_is_put_outside_of_the_cells_of_marimo(tmp_path: Path) -> None:
    cells = "@app.cell\ndef _():\n    import torch\n    print(torch.rand(3))\n    return\n"
    found = plan(tmp_path, f"import marimo\napp = marimo.App()\n{cells}")
    assert found.patches == ()
    assert "in the cell" in found.refused[0].reason


SEED_OF_OWN = {
    "option": (
        """
        import argparse
        import numpy as np

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int)
        args = parser.parse_args()
        print(np.random.default_rng(args.seed).random())
        """,
        'parser.add_argument("--seed", type=int, default=0)',
        "np.random.default_rng(args.seed)",
    ),
    "click": (
        """
        import click
        import numpy as np

        @click.command()
        @click.option("--seed", type=int, default=None)
        def main(seed):
            print(np.random.default_rng(seed).random())

        main()
        """,
        '@click.option("--seed", type=int, default=0)',
        "np.random.default_rng(seed)",
    ),
    "dictionary": (
        """
        import numpy as np

        CONFIG = {"rate": 0.1, "seed": None}
        print(np.random.default_rng(CONFIG["seed"]).random())
        """,
        'CONFIG = {"rate": 0.1, "seed": 0}',
        'np.random.default_rng(CONFIG["seed"])',
    ),
    "constructor": (
        """
        import numpy as np

        class Walk:
            def __init__(self, seed=None):
                self.seed = seed
                self.rng = np.random.RandomState(self.seed)

        print(Walk().rng.normal())
        """,
        "def __init__(self, seed=0):",
        "np.random.RandomState(self.seed)",
    ),
    "handed on": (
        """
        import argparse
        from sklearn.model_selection import train_test_split

        def split(rows, seed=None):
            return train_test_split(rows, random_state=seed)

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=None)
        args = parser.parse_args()
        print(split([1, 2, 3], args.seed))
        """,
        'parser.add_argument("--seed", type=int, default=0)',
        "random_state=seed",
    ),
    "None handed on": (
        """
        import numpy as np

        def draw(number, seed):
            return np.random.default_rng(seed).normal(size=number)

        print(draw(3, None))
        """,
        "print(draw(3, 0))",
        "np.random.default_rng(seed)",
    ),
}


@pytest.mark.parametrize("way", SEED_OF_OWN)
def test_who_gives_a_seed_is_still_heard(tmp_path: Path, way: str) -> None:
    """The default is changed, and not the call that takes what is given."""
    source, default, call = SEED_OF_OWN[way]
    found = plan(tmp_path, source, "RA110", "RA115")
    assert [patch.applicability for patch in found.patches] == [Applicability.SAFE]
    assert default in found.texts["train.py"]
    assert call in found.texts["train.py"]
    assert found.left == []


def test_a_seed_without_a_default_to_change_is_left_to_a_person(tmp_path: Path) -> None:
    source = """
        import os
        import random

        print(random.Random(os.environ.get("SEED")).random())
        """
    (patch,) = plan(tmp_path, source, "RA110").patches
    assert (patch.applicability, patch.title) == (
        Applicability.DISPLAY,
        'pass `0` in place of `os.environ.get("SEED")`',
    )
    assert patch.effect == 'a seed that is given in `os.environ.get("SEED")` is no longer heard'
