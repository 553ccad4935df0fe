"""Real programs, run twice under the real probe: one that must stay silent, and one that races."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from auditor.model.report import AuditReport
from auditor.model.rule import Confidence
from auditor.model.verdict import Status
from auditor.services.settings import Settings
from auditor.services.twice import TwiceOptions, run_twice

pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("light_imports")

CLEAN = """
    import random
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Numbers(Dataset):
        def __len__(self):
            return 24

        def __getitem__(self, index):
            return torch.full((4,), float(index)) + torch.from_numpy(np.random.randn(4)).float() + torch.randn(4)

    def main():
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
        optimizer = torch.optim.Adam(model.parameters())
        for batch in DataLoader(Numbers(), batch_size=4, shuffle=True, num_workers=2):
            loss = model(batch).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print("loss", loss.item())

    main()
"""

# Lookups by an index race in their backward pass on the CPU: float32, more than 32,768 values, several threads.
RACE = """
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(8)
    table = torch.nn.Parameter(torch.randn(64, 64))
    optimizer = torch.optim.SGD([table], lr=0.1)
    index, target = torch.randint(0, 64, (4096,)), torch.randn(4096, 64)
    for _ in range(3):
        loss = ((table[index] - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def audit(tmp_path: Path, text: str) -> AuditReport:
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text(textwrap.dedent(text))
    (project / "pyproject.toml").write_text("")
    return run_twice(
        ["python", "train.py"],
        cwd=project,
        settings=Settings(store=tmp_path / "store"),
        options=TwiceOptions(quiet_program=True, timeout_s=240),
    )


def test_a_seeded_training_with_workers_is_reproducible(tmp_path: Path) -> None:
    report = audit(tmp_path, CLEAN)
    assert report.verdict is not None
    assert report.verdict.status is Status.REPRODUCIBLE, report.verdict.reasons
    assert report.verdict.comparison is not None
    assert report.verdict.comparison.steps == 6
    assert report.verdict.comparison.weights is not None
    assert report.verdict.comparison.weights.compared == 4


def test_a_racing_backward_is_named_with_its_line_its_size_and_its_replay(tmp_path: Path) -> None:
    report = audit(tmp_path, RACE)
    assert report.verdict is not None
    assert report.verdict.comparison is not None
    first = report.verdict.comparison.first
    assert first is not None
    assert first.reference is not None
    assert first.reference.identity.op.startswith("aten::index_put")
    assert first.reference.site is not None
    assert first.reference.site.line == 10
    assert first.inputs_agree is True
    assert first.closeup is not None
    assert first.closeup.magnitude is not None
    assert first.closeup.magnitude.differing > 0
    assert first.closeup.replay is not None
    assert first.closeup.replay.distinct > 1
    best = report.verdict.causes[0]
    assert (best.kind, best.confidence) == ("nondeterministic-op", Confidence.HIGH)
    assert set(best.findings) <= {finding.key for finding in report.findings}
