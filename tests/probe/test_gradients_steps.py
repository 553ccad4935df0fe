"""Which steps gradients are kept of: every one while there is room, then ever fewer, up to the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.probe.activations.keeping import places
from auditor.probe.gradients.keeping import OVERHEAD, Keeper
from auditor.probe.gradients.reading import Reader
from auditor.runs.gradients import read_gradients

pytest.importorskip("numpy")


def keeper(folder: Path, budget: int) -> Keeper:
    return Keeper({"folder": str(folder), "elements": 4, "budget_bytes": budget, "whole": True}, lambda: "0-0")


def test_steps_are_kept_one_by_one_then_ever_fewer_up_to_the_last(tmp_path: Path) -> None:
    budget = 100 * (2 * OVERHEAD + 16)
    kept = keeper(tmp_path / "gradients", budget)
    steps = []
    for step in range(100_000):
        if kept.keeps(step):
            steps.append(step)
            kept.step(step, 0, [(("Net", "w", "float32", (4,)), "d", b"\0" * 16, "float32")], [], [])
    kept.finish(100_000)
    assert steps[:50] == list(range(50))
    assert len(steps) < 90
    assert steps[-1] > 50_000
    found = read_gradients(tmp_path)
    assert found is not None
    assert not found.cuts
    assert sorted(found.parameters["Net", "w"]) == steps


def test_two_optimizers_of_one_step_are_both_kept_and_what_does_not_fit_is_told(tmp_path: Path) -> None:
    kept = keeper(tmp_path / "gradients", 5 * (2 * OVERHEAD + 16))
    parts = [(("Net", "w", "float32", (4,)), "d", b"\0" * 16, "float32")]
    for step in range(4):
        for optimizer in range(2):
            if kept.keeps(step):
                kept.step(step, optimizer, parts, [], [])
    kept.finish(4)
    found = read_gradients(tmp_path)
    assert found is not None
    assert [len(each) for each in found.parameters["Net", "w"].values()] == [2, 2, 1]
    assert found.cuts == {"0-0": 2}


def test_what_is_kept_does_not_depend_on_what_digests_are_of() -> None:
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    gradients = [
        torch.randn(40, 50, generator=generator),
        torch.randn(40, 50, generator=generator).t(),
        torch.randn(3, generator=generator, dtype=torch.float64),
        torch.randn(700, generator=generator).to(torch.bfloat16),
        torch.randn(90, generator=generator, dtype=torch.complex64).conj(),
        torch.tensor(2.0),
        torch.zeros(0),
    ]
    readers = [Reader(torch, 100, whole) for whole in (True, False)]
    for gradient in gradients:
        whole, part = (reader.read(gradient, None) for reader in readers)
        assert whole[1:] == part[1:], gradient.shape
    changed = gradients[0].clone()
    outside = next(place for place in range(2000) if place not in places(2000, 100))
    changed.view(-1)[outside] += 1
    same = [reader.read(changed, None)[0] == reader.read(gradients[0], None)[0] for reader in readers]
    assert same == [False, True]
