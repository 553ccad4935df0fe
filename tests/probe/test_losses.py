"""Losses and source files: what backward was called on, and what the process had loaded."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("light_imports")

TRAIN = """
import torch
import part
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = model(torch.ones(3, 4)).pow(2).mean()
    loss.backward()
    print(loss.item().hex())
    torch.autograd.backward(tensors=[(model.weight.sum() * 0).to(torch.bfloat16) + 1.5])
    model(torch.ones(2, 4)).backward(torch.ones(2, 2))
    optimizer.step()
assert torch.autograd.backward.__name__ == "backward"
print(torch.get_rng_state().sum().item(), model.weight.sum().item().hex())
"""


@pytest.mark.parametrize("mode", ["trace", "timing"])
def test_losses_are_the_values_that_the_program_sees(audited: Any, mode: str) -> None:
    audited.write("part.py", "")
    run = audited.script(TRAIN, probe={"losses": True, "mode": mode})
    bare = audited.script(TRAIN, bare=True)
    assert audited.printed(run) == audited.printed(bare)
    printed = [float.fromhex(line) for line in audited.printed(run)[:3]]
    found = [(loss.step, loss.value) for loss in audited.trace(run).losses]
    assert found == [pair for step in range(3) for pair in ((step, printed[step]), (step, 1.5))]
    assert audited.trace(run).sources == ("part.py", "program.py")


def test_losses_are_written_only_where_they_are_asked_for(audited: Any) -> None:
    audited.write("part.py", "")
    assert audited.trace(audited.script(TRAIN)).losses == ()
