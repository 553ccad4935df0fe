"""What is said where a library is seeded, and loader workers draw from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.ruleset import load
from auditor.static.engine import Engine, find_files

RULESET = load()
PROGRAM = """import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

np.random.seed(1)
{seed}

class Sounds(Dataset):
    def __getitem__(self, index):
        return index + np.random.randint(0, 9)

    def __len__(self):
        return 99


for batch in DataLoader(Sounds(), batch_size=4, num_workers={workers}):
    print(batch)
"""


@pytest.mark.parametrize(
    ("seed", "workers", "lines"), [("", 2, [10]), ("torch.manual_seed(1)", 2, []), ("", 0, []), ("pass", 2, [10])]
)
def test_loader_workers_blame_the_library_that_they_take_their_seeds_from(
    seed: str, workers: int, lines: list[int], tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(PROGRAM.format(seed=seed, workers=workers))
    engine = Engine(RULESET, [rule for rule in RULESET.rules if rule.id == "RA102"])
    findings = engine.analyse(find_files(tmp_path, [tmp_path], ())).findings
    assert [finding.location.line for finding in findings] == lines
    for finding in findings:
        assert finding.message.endswith("loader workers seed it from torch's global generator, which nothing seeds.")
        assert finding.advice == "call `torch.manual_seed(0)` at the start of train.py, before anything is drawn"
