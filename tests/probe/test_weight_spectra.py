"""Singular values of trained weights."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from auditor.probe.walking import spectra as module


def spectra(*models: nn.Module) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = module.spectra(torch, list(models))
    return found


def linear(matrix: torch.Tensor) -> nn.Linear:
    layer = nn.Linear(matrix.shape[1], matrix.shape[0])
    layer.weight = nn.Parameter(matrix)
    return layer


def test_a_diagonal_shows_its_entries() -> None:
    (found,) = spectra(linear(torch.diag(torch.tensor([3.0, 4.0]))))
    assert (found["name"], found["shape"], found["values"]) == ("weight", [2, 2], [4.0, 3.0])
    assert (found["spectral"], found["frobenius"]) == (4.0, 5.0)
    entropy = -(3 / 7 * math.log(3 / 7) + 4 / 7 * math.log(4 / 7))
    assert found["effective_rank"] == pytest.approx(math.exp(entropy))


@pytest.mark.parametrize(("matrix", "rank"), [(torch.eye(5), 5.0), (torch.ones(4, 6), 1.0), (torch.zeros(3, 3), 0.0)])
def test_the_effective_rank_of_plain_matrices_is_their_rank(matrix: torch.Tensor, rank: float) -> None:
    assert spectra(linear(matrix))[0]["effective_rank"] == pytest.approx(rank, abs=1e-5)


def test_convolutions_count_as_output_channels_by_all_else_and_vectors_do_not() -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))
    (found,) = spectra(model)
    weight = model[0].weight.detach().reshape(3, -1).double()
    assert found["name"] == "0.weight"
    assert found["values"] == pytest.approx(torch.linalg.svdvals(weight).tolist())


def test_shared_weights_are_told_once_and_several_models_by_class() -> None:
    shared = nn.Linear(3, 3)
    names = [each["name"] for each in spectra(nn.Sequential(shared, shared), nn.Bilinear(2, 2, 2))]
    assert names == ["Sequential.0.weight", "Bilinear.weight"]


def test_what_has_no_singular_values_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    (lost,) = spectra(linear(torch.tensor([[math.nan, 1.0]])))
    assert (lost["spectral"], lost["frobenius"], lost["values"]) == (None, None, [])
    monkeypatch.setattr(module, "MOST_ROWS", 1)
    (large,) = spectra(linear(torch.eye(2)))
    assert (large["spectral"], large["frobenius"]) == (None, pytest.approx(math.sqrt(2)))
