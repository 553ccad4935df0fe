"""What speaks against evidence that looks whole: other data, other names in a folder, other runs, altered programs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import EvidenceKind
from auditor.model.finding import Finding
from auditor.model.guideline import Standing
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.rule import Confidence, RuleId, Severity
from auditor.model.verdict import Status
from auditor.services.guideline.compared import criteria_chosen, explained, ran_twice
from auditor.services.guideline.documented import documented
from auditor.services.guideline.known import Known
from auditor.services.guideline.versioned import versioned

_SPEC = importlib.util.spec_from_file_location("guideline_literals", Path(__file__).with_name("conftest.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
literals: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(literals)
evidence, present, ENVIRONMENT, SOURCES = literals.evidence, literals.present, literals.ENVIRONMENT, literals.SOURCES

Project = Callable[..., Known]
VERIFY, VARIANCE = EvidenceKind.VERIFY, EvidenceKind.VARIANCE


def stale(known: Known, identity: str = "e1") -> str:
    return "; ".join(next(each for each in known.held if each.name == identity).stale)


def test_a_new_name_in_a_folder_that_the_program_lists_makes_its_runs_stale(project: Project) -> None:
    kept = evidence(1, listings={"images": "names-images"})
    assert stale(project(kept)) == ""
    today = present(listing_digest=lambda folder, left_out: "other")
    assert stale(project(kept, today=today)) == "data changed since: images/ (names in it)"


def test_names_that_the_runs_write_into_a_folder_are_left_out(project: Project) -> None:
    left: list[frozenset[str]] = []

    def listing(folder: str, left_out: frozenset[str]) -> str:
        left.append(left_out)
        return "names-runs"

    kept = evidence(1, listings={"runs": "names-runs"}, written=("runs/exp2/last.pt", "runs/log", "other/x"))
    assert stale(project(kept, today=present(listing_digest=listing))) == ""
    assert left[0] == {"exp2", "log"}


@pytest.mark.parametrize(("changed_at", "expected"), [(0.0, ""), (4e9, "data changed since: big.bin")])
def test_data_without_a_digest_has_to_be_untouched_since(project: Project, changed_at: float, expected: str) -> None:
    today = present(data_changed_at=lambda path: changed_at)
    assert stale(project(evidence(1, data={"big.bin": ""}), today=today)) == expected


@pytest.mark.parametrize("kind", [VARIANCE, VERIFY])
def test_data_that_only_the_traced_runs_tell_of_counts_for_other_evidence(project: Project, kind: EvidenceKind) -> None:
    """Replicas ran, the data was edited, two runs were made: the replicas are about other data."""
    between = literals.datetime.fromisoformat("2026-01-01T12:00:00+00:00").timestamp()
    today = present(data_changed_at=lambda path: between)
    known = project(evidence(1, kind), evidence(2, data={"a.csv": "data-a.csv"}), today=today)
    assert stale(known) == "data changed since: a.csv"
    assert stale(known, "e2") == ""
    own = project(evidence(1, kind, data={"a.csv": "data-a.csv"}), evidence(2, data={"a.csv": "data-a.csv"}))
    assert stale(own) == ""


def test_what_one_command_loads_tells_nothing_about_another_one(project: Project) -> None:
    """With `--model cnn` the program loads what `--model mlp` never sees."""
    today = present(sources={**SOURCES, "tests/test_model.py": "other"})
    other = evidence(1, VARIANCE, command=("python", "train.py", "--model", "cnn"))
    assert "tests/test_model.py" in stale(project(other, evidence(2), today=today))


def test_evidence_from_the_future_is_not_current(project: Project) -> None:
    assert "a clock" in stale(project(evidence(1, kept_at="2030-01-01T00:00:00+00:00")))


def test_another_gpu_is_another_machine(project: Project) -> None:
    machine = {**literals.SURROUNDINGS.machine, "gpus": "NVIDIA A100"}
    today = present(surroundings=lambda _: replace(literals.SURROUNDINGS, machine=machine))
    assert stale(project(evidence(1), today=today)) == "gpus was none, is NVIDIA A100"


def test_runs_that_never_trained_are_no_training(project: Project) -> None:
    known = project(evidence(1, trained=False, steps=0))
    assert ran_twice(known).standing is Standing.NOT_SHOWN
    assert "nothing trained" in ran_twice(known).facts[0].text
    assert explained(known).standing is Standing.NOT_SHOWN
    assert ran_twice(project(evidence(1), evidence(2, trained=False))).standing is Standing.MET


def test_runs_without_compilation_do_not_speak_for_the_compiled_program(project: Project) -> None:
    known = project(evidence(1, altered="torch.compile was switched off"))
    assert ran_twice(known).standing is Standing.NOT_SHOWN
    assert explained(known).standing is Standing.NOT_SHOWN
    both = project(evidence(1), evidence(2, altered="torch.compile was switched off"))
    assert explained(both).standing is Standing.MET


def test_replicas_that_differ_though_nothing_was_varied_contradict_two_equal_runs(project: Project) -> None:
    apart = "5 replicas of `impl` came to 3 different results"
    known = project(evidence(1), evidence(2, VARIANCE, apart=apart))
    assert explained(known).standing is Standing.NOT_SHOWN
    assert apart in explained(known).facts[0].text
    assert criteria_chosen(known).standing is Standing.MET


def test_a_proof_that_saw_this_source_differ_contradicts_two_equal_runs(project: Project) -> None:
    saw = {"apart": "3 runs without patches differed", "environment": ENVIRONMENT}
    unmended = evidence(2, VERIFY, status=Status.DIVERGENT, **saw)
    assert explained(project(evidence(1), unmended)).standing is Standing.NOT_MET
    assert explained(project(unmended)).standing is Standing.NOT_MET
    pending = evidence(2, VERIFY, patched={"train.py": "patched"}, **saw)
    assert explained(project(evidence(1), pending)).standing is Standing.NOT_MET
    applied = present(sources={**SOURCES, "train.py": "patched"})
    assert explained(project(pending, today=applied)).standing is Standing.MET


def test_a_variable_that_settles_a_difference_settles_it_for_runs_that_had_it(project: Project) -> None:
    saw = {"apart": "3 runs without patches differed", "environment": ENVIRONMENT, "variables": ("PYTHONHASHSEED=0",)}
    assert explained(project(evidence(1), evidence(2, VERIFY, **saw))).standing is Standing.NOT_MET
    with_it = replace(ENVIRONMENT, variables={**ENVIRONMENT.variables, "PYTHONHASHSEED": "0"})
    known = project(evidence(1, environment=with_it), evidence(2, VERIFY, **saw))
    assert explained(known).standing is Standing.MET


def test_damaged_evidence_may_be_about_a_difference(project: Project) -> None:
    found = explained(project(evidence(2), unread=("e1.json: damaged",)))
    assert found.standing is Standing.NOT_SHOWN
    assert "delete the file" in found.facts[0].text


@pytest.mark.parametrize(
    ("git", "expected"),
    [
        ({"links": {"data": ""}}, Standing.NOT_MET),
        ({"links": {"data": "store"}}, Standing.NOT_MET),
        ({"links": {"data": "store"}, "tracked": frozenset({*SOURCES, "store/a.csv"})}, Standing.MET),
        ({"unwatched": ("data/a.csv",)}, Standing.NOT_MET),
        ({"changed": ("data",)}, Standing.NOT_MET),
        ({"links": {"model.py": ""}}, Standing.NOT_MET),
    ],
)
def test_a_link_counts_for_what_it_leads_to_and_hidden_changes_count(
    project: Project, git: Any, expected: Standing
) -> None:
    known = project(evidence(1, data={"data/a.csv": "data-data/a.csv"}))
    assert known.git is not None
    assert versioned(known).standing is Standing.MET
    assert versioned(replace(known, git=replace(known.git, **git))).standing is expected


def test_files_that_no_trace_tells_of_keep_the_data_open(project: Project) -> None:
    known = project(evidence(1, unseen=("more than 20000 files",)))
    assert versioned(known).standing is Standing.NOT_SHOWN


def test_findings_that_settings_hide_are_not_documented(project: Project) -> None:
    known = project(evidence(1))
    hidden = Finding(
        rule_id=RuleId("RA301"),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="m",
        advice="a",
        location=Location(path="train.py", line=4, column=1, end_line=4, end_column=2),
        key="k",
    )
    assert documented(known, "again").standing is Standing.MET
    assert documented(replace(known, hidden=(hidden,)), "again").standing is Standing.NOT_MET
