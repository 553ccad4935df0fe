"""The six points judged on made-up stores: missing, stale, contradicting evidence is never "met"."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import EvidenceKind, KeptCause
from auditor.model.finding import Finding, Suppressed
from auditor.model.guideline import GuidelineFact, GuidelinePoint, Standing
from auditor.model.lean import replace
from auditor.model.location import Location
from auditor.model.report import AuditReport, ScanSummary
from auditor.model.rule import Category, Confidence, RuleId, Severity
from auditor.model.verdict import Status
from auditor.services.guideline.compared import criteria_chosen, explained, ran_twice
from auditor.services.guideline.documented import documented
from auditor.services.guideline.facts import point
from auditor.services.guideline.known import Known
from auditor.services.guideline.pinned import pinned
from auditor.services.guideline.versioned import versioned

_SPEC = importlib.util.spec_from_file_location("guideline_literals", Path(__file__).with_name("conftest.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
literals: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(literals)
evidence, present, ENVIRONMENT, SOURCES = (
    literals.evidence,
    literals.present,
    literals.ENVIRONMENT,
    literals.SOURCES,
)

Project = Callable[..., Known]
TWICE, VERIFY, VARIANCE = EvidenceKind.TWICE, EvidenceKind.VERIFY, EvidenceKind.VARIANCE
CAUSE = KeptCause(
    title="aten::index_put gives another result for the same inputs",
    category=Category.OPERATORS,
    confidence=Confidence.HIGH,
    evidence="Called again 8 times: 8 different results.",
    remedy="index_select",
)
DIVERGENT = {"status": Status.DIVERGENT, "answer": "DIVERGENT at step 0", "cause": CAUSE}


def walk(known: Known) -> list[GuidelinePoint]:
    return [
        versioned(known),
        pinned(known),
        criteria_chosen(known),
        ran_twice(known),
        explained(known),
        documented(known, "again"),
    ]


def standings(known: Known) -> str:
    """`+-?` for the six points."""
    signs = {Standing.MET: "+", Standing.NOT_MET: "-", Standing.NOT_SHOWN: "?"}
    return "".join(signs[each.standing] for each in walk(known))


def text_of(found: GuidelinePoint) -> str:
    return "\n".join(fact.text for fact in found.facts)


def test_a_project_with_everything_meets_all_points(project: Project) -> None:
    assert standings(project(evidence(1), evidence(2, VARIANCE))) == "++++++"


def test_an_empty_store_meets_no_point_that_needs_runs_and_says_which_command_would(project: Project) -> None:
    found = walk(project())
    assert [each.standing for each in found[:5]] == [Standing.NOT_SHOWN] * 5
    assert all("repro-audit " in each.commands[0] for each in found[:5])


@pytest.mark.parametrize("found", [chosen for size in range(5) for chosen in permutations(Standing, size)])
def test_a_point_is_met_only_if_something_shows_it_and_nothing_speaks_against(found: tuple[Standing, ...]) -> None:
    made = point(1, "t", [GuidelineFact(standing=each, text="x") for each in found])
    against = {Standing.NOT_MET, Standing.NOT_SHOWN} & set(found)
    assert (made.standing is Standing.MET) == (Standing.MET in found and not against)
    assert made.standing is not Standing.TOLD


@pytest.mark.parametrize(
    ("today", "told"),
    [
        ({"sources": {**SOURCES, "model.py": "other"}}, "changed since: model.py"),
        ({"sources": {**SOURCES, "conf.yaml": "other"}}, "changed since: conf.yaml"),
        ({"sources": {k: v for k, v in SOURCES.items() if k != "model.py"}}, "changed since: model.py"),
        ({"sources": {**SOURCES, "random.py": "new"}}, "random.py (new)"),
        ({"data_digest": lambda path: ""}, "data changed since: data/a.csv"),
        ({"surroundings": lambda _: None}, "does not answer any more"),
        (
            {"surroundings": lambda _: replace(literals.SURROUNDINGS, packages={"numpy": "2.4.6", "torch": "2.14.0"})},
            "torch was 2.13.0, is 2.14.0",
        ),
        ({"surroundings": lambda _: replace(literals.SURROUNDINGS, machine={"cpu": "Other"})}, "cpu was Some CPU"),
        ({"surroundings": lambda _: replace(literals.SURROUNDINGS, python="3.12.1")}, "Python was 3.11.7"),
    ],
)
def test_stale_evidence_meets_nothing_and_is_told_as_stale(project: Project, today: Any, told: str) -> None:
    kept = evidence(1, data={"data/a.csv": "data-data/a.csv"})
    known = project(kept, today=present(**today))
    for number, found in enumerate(walk(known)[:5], 1):
        assert found.standing is not Standing.MET, number
    assert told in text_of(ran_twice(known))
    assert "Stale" in text_of(ran_twice(known))
    assert "answer of e1" in text_of(ran_twice(known))


@pytest.mark.parametrize(
    "today",
    [
        {"sources": {**SOURCES, "tests/test_model.py": "other"}},
        {"sources": {**SOURCES, "tests/test_new.py": "new"}},
        {"sources": {**SOURCES, "notes.json": "new"}},
        {"surroundings": lambda _: replace(literals.SURROUNDINGS, packages={"numpy": "2.4.6", "torch": "2.13.0"})},
    ],
)
def test_changes_of_what_the_program_never_loaded_leave_evidence_current(project: Project, today: Any) -> None:
    """Also for replicas, of which nobody knows what they loaded: it is the same program."""
    known = project(evidence(1, VARIANCE), evidence(2), today=present(**today))
    assert standings(known) == "++++++"


def test_source_that_changed_while_it_ran_is_no_evidence(project: Project) -> None:
    known = project(evidence(1, unstable=("train.py",)))
    assert ran_twice(known).standing is Standing.NOT_SHOWN
    assert "changed while it ran: train.py" in text_of(ran_twice(known))


def test_without_knowing_what_was_loaded_every_changed_file_counts(project: Project) -> None:
    today = present(sources={**SOURCES, "tests/test_model.py": "other"})
    assert ran_twice(project(evidence(1, loaded=None), today=today)).standing is Standing.NOT_SHOWN


def test_files_that_the_program_writes_are_no_source(project: Project) -> None:
    today = present(sources={**SOURCES, "results.json": "new"})
    assert (
        standings(
            project(
                evidence(1, loaded=None, written=("results.json",)),
                evidence(2, VARIANCE, written=("results.json",)),
                today=today,
            )
        )
        == "++++++"
    )


def test_inconclusive_runs_meet_neither_point(project: Project) -> None:
    known = project(evidence(1, status=Status.INCONCLUSIVE, answer="INCONCLUSIVE: a worker left no trace"))
    assert standings(known)[3:5] == "??"


def test_inconclusive_runs_do_not_hide_an_earlier_answer(project: Project) -> None:
    known = project(evidence(1, **DIVERGENT), evidence(2, status=Status.INCONCLUSIVE))
    assert standings(known)[3:5] == "+-"


def test_equal_runs_that_were_ended_early_show_only_so_much(project: Project) -> None:
    known = project(evidence(1, is_whole=False))
    assert standings(known)[3:5] == "??"
    assert "ended before the program did" in text_of(ran_twice(known))


def test_runs_that_were_ended_early_do_not_hide_earlier_whole_ones(project: Project) -> None:
    assert standings(project(evidence(1), evidence(2, is_whole=False)))[3:5] == "++"


def test_later_equal_runs_do_not_take_a_difference_back(project: Project) -> None:
    """A race that shows once in a hundred runs is in the source all the same."""
    known = project(evidence(1, **DIVERGENT), evidence(2))
    found = explained(known)
    assert found.standing is Standing.NOT_MET
    assert "later ones agreed" in text_of(found)


def test_other_arguments_are_no_excuse_for_a_difference(project: Project) -> None:
    known = project(evidence(1, **DIVERGENT), evidence(2, command=("python", "train.py", "--epochs", "1")))
    assert explained(known).standing is Standing.NOT_MET


def test_a_variable_that_settles_nothing_is_no_excuse_for_a_difference(project: Project) -> None:
    before = replace(ENVIRONMENT, variables={**ENVIRONMENT.variables, "LANG": "C"})
    assert explained(project(evidence(1, environment=before, **DIVERGENT), evidence(2))).standing is Standing.NOT_MET


def test_a_difference_under_other_settings_is_told_and_decides_nothing(project: Project) -> None:
    before = replace(ENVIRONMENT, threads=8, variables={})
    known = project(evidence(1, environment=before, **DIVERGENT), evidence(2))
    found = explained(known)
    assert found.standing is Standing.MET
    assert "Under other settings it differs: DIVERGENT at step 0" in text_of(found)


def test_a_difference_in_older_source_decides_nothing(project: Project) -> None:
    known = project(evidence(1, sources={**SOURCES, "train.py": "before"}, **DIVERGENT), evidence(2))
    assert explained(known).standing is Standing.MET


def test_a_difference_is_told_with_its_sort_and_remedy(project: Project) -> None:
    found = explained(project(evidence(1, **DIVERGENT)))
    assert found.standing is Standing.NOT_MET
    assert "Hardware non-determinism: aten::index_put" in text_of(found)
    assert "Remedy: index_select." in text_of(found)
    assert any("--verify" in command for command in found.commands)


def test_a_difference_within_an_allowed_margin_is_met_with_what_it_rests_on(project: Project) -> None:
    allowed = {**DIVERGENT, "status": Status.WITHIN_TOLERANCE, "margins": "Margins: smallest 5.1 decades"}
    known = project(evidence(1, **DIVERGENT), evidence(2, **allowed))
    assert standings(known)[3:6] == "+++"
    assert "by no more than was allowed" in text_of(explained(known))
    assert "Before, without a look at margins: DIVERGENT at step 0" in text_of(explained(known))
    assert "Margins: smallest 5.1 decades" in text_of(documented(known, "again"))


def test_how_far_gradients_are_apart_is_documented_with_the_runs(project: Project) -> None:
    known = project(evidence(1, **DIVERGENT), gradients="Gradients beside their spread over 5 replicas")
    assert "Gradients beside their spread over 5 replicas.\n" in text_of(documented(known, "again")) + "\n"
    assert "Gradients" not in text_of(documented(project(gradients="Gradients: none"), "again"))


def test_a_difference_that_was_measured_and_not_allowed_stays_against_a_later_one_that_was(project: Project) -> None:
    measured = {**DIVERGENT, "margins": "Margins: smallest 0.1 decades"}
    later = {**DIVERGENT, "status": Status.WITHIN_TOLERANCE, "margins": "Margins: smallest 5.1 decades"}
    assert explained(project(evidence(1, **measured), evidence(2, **later))).standing is Standing.NOT_MET


def test_an_allowed_difference_of_a_run_that_was_ended_early_shows_only_so_much(project: Project) -> None:
    allowed = {**DIVERGENT, "status": Status.WITHIN_TOLERANCE, "margins": "m", "is_whole": False}
    assert ran_twice(project(evidence(1, **allowed))).standing is Standing.NOT_SHOWN


def test_a_guess_at_the_cause_is_not_shown(project: Project) -> None:
    guess = replace(CAUSE, confidence=Confidence.LOW, category=Category.SEEDING)
    found = explained(project(evidence(1, **{**DIVERGENT, "cause": guess})))
    assert {fact.standing for fact in found.facts} >= {Standing.NOT_MET, Standing.NOT_SHOWN}
    assert "Probably software randomness (low confidence)" in text_of(found)


def test_a_proof_counts_once_its_patches_are_in(project: Project) -> None:
    proof = evidence(2, VERIFY, patched={"train.py": "patched"})
    before = project(evidence(1, **DIVERGENT), proof)
    assert explained(before).standing is Standing.NOT_MET
    assert "not in" in text_of(explained(before))
    after = project(evidence(1, **DIVERGENT), proof, today=present(sources={**SOURCES, "train.py": "patched"}))
    assert standings(after)[3:5] == "++"


def test_a_proof_of_the_first_steps_shows_only_so_much(project: Project) -> None:
    known = project(evidence(1, VERIFY, is_whole=False, steps=10))
    assert standings(known)[3:5] == "??"
    assert "first 10 steps" in text_of(ran_twice(known))


def test_a_proof_that_needs_variables_outside_the_program_does_not_speak_for_runs_without(project: Project) -> None:
    proof = evidence(1, VERIFY, variables=("PYTHONHASHSEED=0",))
    assert ran_twice(project(proof)).standing is Standing.NOT_SHOWN


def test_damaged_evidence_is_told_and_keeps_the_point_open(project: Project) -> None:
    found = ran_twice(project(evidence(2), unread=("e1.json: damaged",)))
    assert found.standing is Standing.NOT_SHOWN
    assert "e1.json: damaged" in text_of(found)


def test_replicas_without_a_metric_choose_no_criterion(project: Project) -> None:
    assert criteria_chosen(project(evidence(1), evidence(2, VARIANCE, criteria=()))).standing is Standing.NOT_SHOWN


@pytest.mark.parametrize(
    ("git", "expected", "told"),
    [
        ({"changed": ("train.py",)}, Standing.NOT_MET, "changed since the commit: train.py"),
        ({"untracked": ("new.py",)}, Standing.NOT_MET, "not under version control: new.py"),
        ({"untracked": ("out.txt",)}, Standing.MET, "none changed"),
        ({"commit": ""}, Standing.NOT_MET, "no commit yet"),
        ({"tracked": frozenset()}, Standing.NOT_MET, "tracks no file"),
        ({"tracked": frozenset({"train.py", "conf.yaml"})}, Standing.NOT_MET, "ignores or does not have: model.py"),
    ],
)
def test_code_counts_as_versioned_only_if_git_has_all_of_it(
    project: Project, git: Any, expected: Standing, told: str
) -> None:
    known = project(evidence(1, written=("out.txt",)))
    assert known.git is not None
    found = versioned(replace(known, git=replace(known.git, **git)))
    assert found.standing is expected
    assert told in text_of(found)


def test_without_a_repository_nothing_is_versioned_and_a_git_that_fails_shows_nothing(project: Project) -> None:
    assert versioned(project(evidence(1), git=None)).standing is Standing.NOT_MET
    assert versioned(project(evidence(1), git=None, git_problem="broken")).standing is Standing.NOT_SHOWN


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/a.csv", Standing.MET),
        ("big/b.bin", Standing.MET),
        ("data/loose.csv", Standing.NOT_MET),
        ("/data/imagenet.tar", Standing.NOT_SHOWN),
    ],
)
def test_data_that_runs_read_has_to_be_in_version_control(project: Project, path: str, expected: Standing) -> None:
    found = versioned(project(evidence(1, data={path: f"data-{path}"})))
    assert found.standing is expected
    assert path.rpartition("/")[2] in text_of(found)
    assert "/data/imagenet" not in text_of(found)


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ({"files": (), "versions": {}}, "No lock file or list"),
        ({"versions": {"numpy": frozenset({"2.4.6"})}}, "Without a fixed version, of the packages that ran: torch"),
        ({"versions": {"numpy": frozenset({"2.4.6"}), "torch": frozenset({"2.12.0"})}}, "torch 2.13.0 (fixed: 2.12.0)"),
        ({"python": ""}, "nothing fixes the interpreter"),
        ({"python": "3.1"}, "fixes 3.1"),
        ({"unread": ("pixi.lock (not read by us)",)}, "pixi.lock"),
    ],
)
def test_environment_is_pinned_only_if_all_that_ran_is_fixed(project: Project, pins: Any, told: str) -> None:
    known = project(evidence(1))
    found = pinned(replace(known, pins=replace(known.pins, **pins)))
    assert found.standing is not Standing.MET
    assert told in text_of(found)


@pytest.mark.parametrize(
    ("environment", "changes", "expected"),
    [
        ({"variables": {}}, {}, Standing.NOT_MET),
        ({"variables": {}}, {"threads_set_by": {"train.py": None}}, Standing.MET),
        ({"variables": {}}, {"threads_set_by": {"train.py": 2}}, Standing.MET),
        ({"variables": {}}, {"threads_set_by": {"train.py": 8}}, Standing.NOT_MET),
        ({"variables": {"OMP_NUM_THREADS": "4"}}, {}, Standing.NOT_MET),
        ({"variables": {}, "threads": None}, {}, Standing.NOT_SHOWN),
        ({"devices": ("cuda:0 H200, sm_90",)}, {}, Standing.NOT_SHOWN),
    ],
)
def test_threads_and_devices_belong_to_the_environment(
    project: Project, environment: Any, changes: Any, expected: Standing
) -> None:
    known = project(evidence(1, environment=replace(ENVIRONMENT, **environment)), **changes)
    assert pinned(known).standing is expected


def test_runs_with_different_environments_are_not_pinned(project: Project) -> None:
    assert pinned(project(evidence(1, differences=("variable X: 1 and 2",)))).standing is Standing.NOT_MET


def finding(severity: Severity) -> Finding:
    return Finding(
        rule_id=RuleId("RA301"),
        severity=severity,
        confidence=Confidence.HIGH,
        message="m",
        advice="a",
        location=Location(path="train.py", line=4, column=1, end_line=4, end_column=2),
        key="k",
    )


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        ({"findings": (finding(Severity.ERROR),)}, Standing.NOT_MET),
        ({"findings": (finding(Severity.NOTE),)}, Standing.MET),
        ({"suppressed": (Suppressed(finding=finding(Severity.ERROR), reason="sorted later"),)}, Standing.MET),
        ({"suppressed": (Suppressed(finding=finding(Severity.ERROR), reason=""),)}, Standing.NOT_MET),
        ({"scan": ScanSummary(files=0, entry_points=(), rules=165)}, Standing.NOT_SHOWN),
    ],
)
def test_findings_have_to_be_fixed_or_allowed_with_a_reason(project: Project, scan: Any, expected: Standing) -> None:
    known = project(evidence(1))
    report: AuditReport = replace(known.scan, **scan)
    assert documented(replace(known, scan=report), "again").standing is expected


@pytest.mark.parametrize(
    ("ci", "expected"),
    [
        ((), Standing.NOT_SHOWN),
        (((".gitlab-ci.yml", "repro-audit scan . -o report.html"),), Standing.NOT_SHOWN),
        (((".gitlab-ci.yml", "repro-audit scan ."),), Standing.NOT_SHOWN),
        (((".gitlab-ci.yml", "repro-audit run other.py --twice"),), Standing.NOT_SHOWN),
        (((".gitlab-ci.yml", "repro-audit scan ."), ("x.yml", "repro-audit report")), Standing.MET),
    ],
)
def test_ci_has_to_look_at_runs(project: Project, ci: Any, expected: Standing) -> None:
    found = documented(project(evidence(1), ci=ci), "the command")
    assert found.standing is expected
    assert ("the command" in found.commands) == (expected is Standing.NOT_SHOWN)


def test_settings_that_hide_findings_are_told(project: Project) -> None:
    assert "ignore RA205" in text_of(documented(project(evidence(1), left_out=("ignore RA205",)), "again"))


def test_a_difference_that_remains_needs_its_size(project: Project) -> None:
    assert documented(project(evidence(1, **DIVERGENT)), "again").standing is Standing.NOT_SHOWN
    assert documented(project(evidence(1, **DIVERGENT), evidence(2, VARIANCE)), "again").standing is Standing.MET
