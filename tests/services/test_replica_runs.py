"""Replicas of small programs: edited between two calls, started by an absolute path, run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.experiments.variants import canonical, split_variant
from auditor.model.evidence import EvidenceKind
from auditor.model.report import AuditReport
from auditor.model.variance import VarianceReport
from auditor.report.prose.variance import summary
from auditor.runs.evidencefile import read_evidence
from auditor.runs.store import open_store
from auditor.services.criteria import compare_criteria
from auditor.services.replica_results import Sources
from auditor.services.settings import Settings
from auditor.services.variance import VarianceOptions, measure_variance, parse_metrics, parse_variants

PROGRAM = """
import pathlib, random, time
here = pathlib.Path(__file__).parent / "mine.txt"
own = str(random.SystemRandom().random())
here.write_text(own)
time.sleep(0.2)
assert here.read_text() == own, "somebody else wrote here"
print("score %.17f" % random.random())
"""
SCORE = Sources(metrics=parse_metrics(["score=score ([0-9.]+)"]))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text(PROGRAM)
    return folder


def measure(project: Path, script: str = "train.py", **values: object) -> VarianceReport:
    options = VarianceOptions(**{"runs": 2, "variants": parse_variants(["algo"]), "sources": SCORE, **values})  # type: ignore[arg-type]
    settings = Settings(store=project.parent / "store")
    report: AuditReport = measure_variance(("python", script), cwd=project, settings=settings, options=options)
    assert report.variance is not None
    return report.variance


def test_a_program_that_is_named_absolutely_runs_in_its_own_copy(project: Path) -> None:
    found = measure(project, str(project / "train.py"), runs=3, jobs=3, retries=0)
    assert found.warnings == ()
    assert not (project / "mine.txt").exists()


def test_adding_replicas_of_an_edited_program_is_told_and_is_no_evidence_of_today(project: Path) -> None:
    assert measure(project, isolate=True).warnings == ()
    store = open_store(project, project.parent / "store").root
    (evidence,) = read_evidence(store)[0]
    assert (evidence.kind, evidence.unstable, evidence.criteria) == (EvidenceKind.VARIANCE, (), ("score",))
    (project / "train.py").write_text(PROGRAM.replace("0.2", "0.1"))
    found = measure(project, resume=True, runs=3, isolate=True)
    assert summary(found).startswith("3 replicas of 1 variant: sd of score 0.")
    (told,) = found.warnings
    assert told.startswith("2 of 3 replicas were run before train.py changed")
    assert read_evidence(store)[0][-1].unstable == ("train.py",)


@pytest.mark.parametrize("sources", [Sources(predictions="p.txt"), Sources(labels=Path("nowhere.csv"))])
def test_files_that_cannot_be_read_are_refused_before_the_first_run(project: Path, sources: Sources) -> None:
    with pytest.raises(UsageError, match=r"p.txt: expected a .npy|nowhere.csv: no such file"):
        measure(project, sources=sources)
    assert not (project / "mine.txt").exists()


def test_a_source_whose_numbers_reach_no_result_is_told(project: Path) -> None:
    (project / "train.py").write_text("import random\nrandom.shuffle([1, 2, 3])\nprint('score', 0.5)\n")
    found = measure(project, variants=(split_variant(("order",)),))
    (told,) = found.warnings
    assert told.startswith("algo:order: all 2 replicas came to the same, although other numbers were drawn")


def test_one_replica_alone_was_measured_in_nothing(project: Path) -> None:
    (project / "train.py").write_text(PROGRAM + "if 'algo/2' in __file__: raise SystemExit(3)\n")
    found = measure(project, isolate=True, retries=0)
    assert any("one replica has no spread" in told for told in found.warnings)
    (evidence,) = read_evidence(open_store(project, project.parent / "store").root)[0]
    assert evidence.criteria == ()


def test_replicas_are_compared_by_any_name_that_is_known_for_them(project: Path) -> None:
    measure(project, isolate=True)
    settings = Settings(store=project.parent / "store")
    with pytest.raises(UsageError, match=r"no whole replica v1/algo/2-2 .* there are v1/algo/1, v1/algo/2$"):
        compare_criteria("v1/algo/1", "v1/algo/2-2", cwd=project, settings=settings)
    report = compare_criteria("v1/algo/1", "v1/algo/2-1", cwd=project, settings=settings).criteria
    assert report is not None
    assert report.candidate == "v1/algo/2-1"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("both", "algo+impl"),
        ("algo:order+init", "algo:init+order"),
        ("algo:none", "algo:none"),
        ("algo:foo", "algo:foo"),
        ("algo-init", "algo-init"),
    ],
)
def test_variants_have_one_name(typed: str, name: str) -> None:
    assert canonical(typed) == name
