"""What is compared with the outputs without noise, where several modules are evaluated one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from auditor.probe.walking import trees
from auditor.probe.walking.evaluation import Evaluation
from auditor.probe.walking.metric import Reference


def test_each_module_counts_by_itself_and_the_figure_is_that_of_the_worst() -> None:
    large, small = torch.randn(50, 2) * 1000, torch.randn(50, 1) * 0.001
    reference = Reference(torch, [large, small], modules=[nn.Linear(1, 2), nn.Linear(2, 1)])
    assert (reference.name, reference.score([large, small])) == ("fidelity", 1.0)
    assert reference.score([large, torch.zeros(50, 1)]) < 0.1
    assert reference.score([large * 0, small]) < 0.1


def test_one_number_a_sample_is_no_prediction_that_could_stay_as_it_is() -> None:
    two, one = torch.randn(8, 2), torch.randn(8, 1)
    assert Reference(torch, [two]).name == "agreement"
    assert Reference(torch, [two, one]).name == "fidelity"


def test_batches_of_one_module_count_together() -> None:
    outputs = [torch.eye(4), torch.eye(4)[:1]]
    shared = nn.Linear(4, 4)
    reference = Reference(torch, outputs, modules=[shared, shared])
    assert reference.score([torch.eye(4), torch.eye(4)[1:2]]) == 0.8


@pytest.mark.parametrize("result", [None, "good", {"loss": 1.0, "accuracy": [1]}])
def test_an_evaluation_that_gives_no_number_is_told_what_it_gave(result: object) -> None:
    evaluation = Evaluation(torch, [nn.Linear(2, 2)], [], lambda model: result, "auto")
    with pytest.raises(TypeError, match="expected a number or a dictionary of numbers, the function returned"):
        evaluation.once()


@dataclass(frozen=True)
class _Output:
    hidden: torch.Tensor
    words: tuple[str, ...]


def test_noise_enters_a_dataclass_and_the_original_stays_as_it_is() -> None:
    given = _Output(hidden=torch.ones(3), words=("a",))
    changed = trees.mapped((given, 2), lambda tensor: tensor + 1)
    assert changed[0].hidden.tolist() == [2, 2, 2]
    assert (given.hidden.tolist(), changed[0].words, trees.is_plain(given)) == ([1, 1, 1], ("a",), True)
    without = _Output(hidden=None, words=())  # type: ignore[arg-type]
    assert trees.mapped(without, lambda tensor: tensor) is without
