"""What is said of replicas whose experiment somebody stopped."""

from __future__ import annotations

import pytest

from auditor.model.variance import ReplicaSetUp, VarianceReport
from auditor.report.prose.page import Page
from auditor.report.prose.replicas import add_replicas


@pytest.mark.parametrize("interrupted", [True, False])
def test_who_stops_an_experiment_is_told_how_to_go_on(interrupted: bool) -> None:
    set_up = ReplicaSetUp(
        experiment="v7",
        command=("python", "train.py"),
        variants=("algo",),
        planned=4,
        threads=1,
        fixed_seeds=(),
        varied=False,
        interrupted=interrupted,
    )
    variance = VarianceReport(
        source="train.py", results=1, ddof=0, artifact=False, pairs=(), groups=(), warnings=(), method="Measured."
    )
    page = Page()
    add_replicas(page, variance, set_up)
    told = " ".join(page.text(color=False, ascii=False).split())
    assert ("; you stopped it" in told) is interrupted
    assert ("the same command with --resume goes on with v7." in told) is interrupted
