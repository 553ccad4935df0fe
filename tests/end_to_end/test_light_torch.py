"""The stand-in for what torch has for compilers: a training computes the same without it, and cannot compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auditor.services.compare import Pair

pytest.importorskip("torch")

TRAINING = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
torch.use_deterministic_algorithms(True)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.LazyLinear(2))
data = torch.utils.data.TensorDataset(torch.randn(24, 1, 6, 6), torch.arange(24) % 2)
model(data[:2][0])
optimizer = torch.optim.AdamW(model.parameters())
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
for images, labels in torch.utils.data.DataLoader(data, 8, shuffle=True):
    loss = nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
print(f"loss {loss.item():.9f}")
if sys.argv[1:] == ["and compile"]:
    torch.compile(model, backend="eager")(images)
"""


def test_training_leaves_the_same_trace_and_a_program_that_compiles_fails(
    audited: Any, stand_ins: Callable[..., str]
) -> None:
    light = {"PYTHONPATH": stand_ins("light_torch")}
    runs = audited.script(TRAINING), audited.script(TRAINING, "and compile", environment=light)
    outcome = Pair.of(runs).outcome
    assert outcome.comparison.first is None
    assert outcome.comparison.compared_events > 100
    original, (loss, *error) = audited.printed(runs[0]), audited.printed(runs[1])
    assert original == [loss]
    assert "No module named 'torch._inductor." in error[-1]
