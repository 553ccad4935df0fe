"""What else may lie in a spread is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.experiments.variants import BOTH, CONTROL
from auditor.runs.collected import Collected
from auditor.runs.replicas import Conditions, ExperimentFolder, Kept
from auditor.services.replica_remarks import changed_sources, machines, switched_back, versions, without_gradients
from auditor.services.replica_results import Result


def on(machine: str, sources: str = "", written: tuple[str, ...] = ()) -> Kept:
    return Kept(
        variant="algo",
        number=1,
        folder=Path(),
        duration_s=1.0,
        seeds=(),
        files={},
        written=written,
        notes=(),
        machine=machine,
        sources=sources,
    )


def test_replicas_without_the_gradients_that_were_asked_for_are_told(tmp_path: Path) -> None:
    (tmp_path / "gradients").mkdir()
    (tmp_path / "gradients" / "0-0.jsonl").touch()
    having = replace(on("m"), folder=tmp_path)
    lacking = replace(on("m"), folder=tmp_path / "elsewhere")
    assert without_gradients([having, having]) == []
    assert without_gradients([having, lacking])[0].startswith("1 of 2 replicas have no gradients: they ran without")
    assert without_gradients([lacking])[0].startswith("No gradients were kept: no optimizer of torch took a step")


def ended(**values: object) -> Result:
    """A replica whose training process ended in such a state."""
    collected = Collected(
        process="0-0",
        steps=1,
        digest=None,
        tensors=(),
        path=Path(),
        evaluation=None,
        nudged=None,
        problems=(),
        **values,  # type: ignore[arg-type]
    )
    return Result(
        name="algo/1",
        metrics={},
        predictions=None,
        labels=None,
        digest=None,
        vector=None,
        seeds=(),
        collected=collected,
    )


def test_machines_of_several_kinds_are_told_and_of_one_kind_are_not() -> None:
    assert machines([on("A100"), on("A100"), on("")]) == []
    (told,) = machines([on("H100"), on("A100"), on("A100")])
    assert "A100 (2); H100 (1)" in told


def test_several_versions_of_torch_are_told() -> None:
    one, other = (
        ended(versions={"torch": "2.12", "Python": "3.12"}),
        ended(versions={"torch": "2.13", "Python": "3.12"}),
    )
    assert versions([one, one, ended()]) == []
    (told,) = versions([one, other, other])
    assert told.startswith("Replicas ran under torch 2.12 (1) and 2.13 (2)")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"deterministic": False}, "deterministic mode is off or only warns"),
        ({"deterministic": True, "benchmark": True}, "cuDNN's benchmark is on"),
        ({"threads": 8}, "8 in place of 2"),
    ],
)
def test_what_the_program_sets_itself_is_told_where_it_should_be_off(state: dict[str, object], words: str) -> None:
    (told,) = switched_back({BOTH: [ended(**state)], CONTROL: [ended(**state)] * 2}, threads=2)
    assert told.startswith("control: the program sets")
    assert words in told


def test_switches_that_held_are_not_told() -> None:
    held = ended(deterministic=True, benchmark=False, threads=2)
    assert list(switched_back({CONTROL: [held, ended()]}, threads=2)) == []


@pytest.fixture
def experiment(tmp_path: Path) -> ExperimentFolder:
    return ExperimentFolder(
        tmp_path, Conditions(command=("python", "train.py"), cwd="", python="", threads=1, vary="none"), hash_seed="0"
    )


def test_replicas_of_a_program_that_was_edited_since_are_told(experiment: ExperimentFolder) -> None:
    before = experiment.keep_sources({"train.py": "a", "old.json": "1"})
    now = {"train.py": "b", "old.json": "2"}
    after = experiment.keep_sources(now)
    replicas = [on("", before, ("old.json",)), on("", after), on("", "")]
    paths, (told,) = changed_sources(experiment, replicas, now, frozenset())
    assert paths == ("train.py",)  # what the program itself writes is no source
    assert told.startswith("1 of 3 replicas were run before train.py changed: if the program uses that, two programs")
    assert changed_sources(experiment, replicas[1:], now, frozenset()) == ((), [])


def test_replicas_that_are_all_of_an_earlier_program_are_told(experiment: ExperimentFolder) -> None:
    before = experiment.keep_sources({"train.py": "a"})
    paths, (told,) = changed_sources(experiment, [on("", before)], {"train.py": "b", "new.py": "c"}, frozenset())
    assert paths == ("train.py", "new.py")
    assert told.startswith(
        "The replicas were run before train.py, new.py changed: if the program uses that, this is not"
    )
