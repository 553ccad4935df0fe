"""Replicas are found by what they are called, whichever of their attempts was whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.runs.replicas import Conditions, ExperimentFolder, Kept, find_replica, new_experiment, whole_replicas


@pytest.fixture
def experiment(tmp_path: Path) -> ExperimentFolder:
    return new_experiment(tmp_path, Conditions(command=("python",), cwd="", python="", threads=1, vary="none"), "0")


def keep(experiment: ExperimentFolder, variant: str, number: int, *, again: bool = False) -> Path:
    folder = experiment.replica(variant, number, keep=again)
    kept = Kept(variant=variant, number=number, folder=folder, duration_s=1, seeds=(), files={}, written=(), notes=())
    experiment.keep(kept)
    return folder


def test_a_second_attempt_is_found_under_the_replicas_name(tmp_path: Path, experiment: ExperimentFolder) -> None:
    failed = experiment.replica("algo", 3)
    whole = keep(experiment, "algo", 3, again=True)
    found = find_replica(tmp_path, experiment.id, "algo", 3)
    assert found is not None
    assert (found.folder, failed.is_dir()) == (whole, True)
    assert find_replica(tmp_path, experiment.id, "algo", 1) is None
    assert find_replica(tmp_path, "v9", "algo", 3) is None


def test_an_attempt_is_found_by_its_own_name_if_it_is_whole(tmp_path: Path, experiment: ExperimentFolder) -> None:
    experiment.replica("algo", 3)
    whole = keep(experiment, "algo", 3, again=True)
    found = find_replica(tmp_path, experiment.id, "algo", 3, 2)
    assert found is not None
    assert found.folder == whole
    assert find_replica(tmp_path, experiment.id, "algo", 3, 1) is None


def test_digests_of_sources_are_kept_once_and_found_again(experiment: ExperimentFolder) -> None:
    name = experiment.keep_sources({"b.py": "2", "a.py": "1"})
    assert experiment.keep_sources({"a.py": "1", "b.py": "2"}) == name
    assert experiment.sources(name) == {"a.py": "1", "b.py": "2"}
    assert experiment.sources("nothing") is None


def test_replicas_of_single_sources_are_found_and_listed_by_their_names(
    tmp_path: Path, experiment: ExperimentFolder
) -> None:
    keep(experiment, "algo:init+order", 1)
    keep(experiment, "control", 2)
    found = find_replica(tmp_path, experiment.id, "algo:init+order", 1)
    assert found is not None
    assert found.variant == "algo:init+order"
    listed = [(name, kept.variant, kept.number) for name, kept in whole_replicas(tmp_path)]
    assert listed == [(experiment.id, "algo:init+order", 1), (experiment.id, "control", 2)]
