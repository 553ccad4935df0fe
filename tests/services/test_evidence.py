"""What a service keeps of its reports: the source as it was before, and whether it still was so after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.lean import replace
from auditor.model.overhead import Interval, OverheadReport, Timing
from auditor.model.report import AuditReport
from auditor.model.variance import GroupSpread
from auditor.runs.evidencefile import keep_evidence, read_evidence
from auditor.runs.store import open_store
from auditor.services.evidence import leaves_evidence
from auditor.services.report_gist import apart_replicas
from auditor.services.settings import Settings
from auditor.services.sourcedigest import (
    content_digest,
    file_digest,
    listing_digest,
    source_digests,
    whole_digest,
    written_in,
)

_TIMING = Timing(
    label="as is",
    runs=1,
    steps=1,
    median_step_s=1.0,
    interval_s=Interval(low=1, high=1, level=0.95),
    wall_s=1.0,
    peak_memory_bytes=1,
    peak_device_memory_bytes=None,
)
REPORT = AuditReport(
    tool="t", project="p", overhead=OverheadReport(baseline=_TIMING, variants=(), ratios=(), method="m", notes=())
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text("x = 1\n")
    return folder


def kept(project: Path, meanwhile: Callable[[], object] = lambda: None) -> tuple[AuditReport, tuple[Evidence, ...]]:
    """Run a service that does `meanwhile` and reports; return its report and what is kept."""

    @leaves_evidence(EvidenceKind.OVERHEAD)
    def service(command: Sequence[str], *, cwd: Path, settings: Settings) -> AuditReport:
        meanwhile()
        return REPORT

    store = project.parent / "store"
    report = service(["python", "train.py"], cwd=project, settings=Settings(store=store))
    return report, read_evidence(open_store(project, store).root)[0]


def test_a_report_is_kept_with_the_source_and_the_surroundings(project: Path) -> None:
    report, (evidence,) = kept(project)
    assert report is REPORT
    assert evidence.command == ("python", "train.py")
    assert evidence.sources == {"pyproject.toml": content_digest(b""), "train.py": content_digest(b"x = 1\n")}
    assert evidence.unstable == ()
    assert evidence.answer == "1 run timed"
    assert evidence.surroundings is not None
    assert evidence.surroundings.packages["numpy"]


def test_source_that_is_edited_meanwhile_is_kept_as_it_was_and_told(project: Path) -> None:
    _, (evidence,) = kept(project, lambda: (project / "train.py").write_text("x = 2\n"))
    assert evidence.sources["train.py"] == content_digest(b"x = 1\n")
    assert evidence.unstable == ("train.py",)


def test_a_module_that_appears_meanwhile_is_told(project: Path) -> None:
    _, (evidence,) = kept(project, lambda: (project / "random.py").write_text(""))
    assert evidence.unstable == ("random.py",)


def test_evidence_goes_where_the_programs_own_project_looks_for_it(project: Path) -> None:
    """Also where the user stands in another one: a package in a repository of many."""
    inner = project / "packages" / "a"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("")
    (inner / "train.py").write_text("")

    @leaves_evidence(EvidenceKind.OVERHEAD)
    def service(command: Sequence[str], *, cwd: Path, settings: Settings) -> AuditReport:
        return REPORT

    store = project.parent / "store"
    service(["python", "packages/a/train.py"], cwd=project, settings=Settings(store=store))
    assert read_evidence(open_store(project, store).root)[0] == ()
    (evidence,), _ = read_evidence(open_store(inner, store).root)
    assert (evidence.project, evidence.cwd) == (str(inner), str(project))


def test_a_service_that_raises_leaves_nothing(project: Path) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept(project, fail)
    assert read_evidence(open_store(project, project.parent / "store").root) == ((), ())


def test_evidence_that_cannot_be_written_is_a_note_and_no_error(project: Path) -> None:
    (project.parent / "store").write_text("in the way")
    report, evidence = kept(project)
    assert evidence == ()
    assert report.overhead is REPORT.overhead
    assert "not kept as evidence" in report.notes[-1]


def test_an_interpreter_that_does_not_answer_leaves_surroundings_unknown(project: Path) -> None:
    @leaves_evidence(EvidenceKind.OVERHEAD)
    def service(command: Sequence[str], **named: Any) -> AuditReport:
        return REPORT

    store = project.parent / "store"
    service(["x"], cwd=project, settings=Settings(store=store), python=Path("/nope/python"))
    (evidence,), _ = read_evidence(open_store(project, store).root)
    assert evidence.surroundings is None
    assert evidence.interpreter == "/nope/python"


def test_source_is_programs_and_configurations_that_git_would_take(project: Path) -> None:
    for name in ("conf.yaml", ".env", "notes.md", ".github/ci.yml", "ignored.py", "repro-audit.toml", "data.csv"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("a: 1\n")
    (project / ".gitignore").write_text("ignored.py\n")
    assert sorted(source_digests(project)) == [".env", "conf.yaml", "pyproject.toml", "train.py"]


@pytest.mark.parametrize("place", ["project/kept/s", "project/s", "s", "elsewhere/s"])
def test_a_store_hides_itself_and_never_the_project(project: Path, place: str) -> None:
    store = project.parent / place
    (store / "r1").mkdir(parents=True)
    (store / "r1" / "run.json").write_text("{}")
    assert sorted(source_digests(project, store)) == ["pyproject.toml", "train.py"]


def test_one_changed_byte_or_name_changes_the_whole_digest(project: Path) -> None:
    before = source_digests(project)
    assert whole_digest(before) == whole_digest(dict(reversed(before.items())))
    assert whole_digest({**before, "train.py": content_digest(b"x = 2\n")}) != whole_digest(before)
    assert whole_digest({"a": "bc"}) != whole_digest({"ab": "c"})


def test_a_file_has_the_digest_of_its_content(project: Path) -> None:
    assert file_digest(project / "train.py") == content_digest(b"x = 1\n")
    assert file_digest(project / "missing") == "unreadable"


def test_what_is_not_traced_keeps_digests_of_the_data_that_traced_runs_of_the_same_command_read(project: Path) -> None:
    (project / "images").mkdir()
    (project / "images" / "a.bin").write_bytes(b"1")
    store = open_store(project, project.parent / "store").root
    _, (plain,) = kept(project)
    traced: dict[str, Any] = {"kind": EvidenceKind.TWICE, "loaded": ("train.py",), "listings": {"images": "then"}}
    keep_evidence(store, replace(plain, data={"images/a.bin": "then"}, **traced))
    _, found = kept(project)
    assert found[-1].data == {"images/a.bin": content_digest(b"1")}
    assert found[-1].listings == {"images": content_digest(b"a.bin")}


@pytest.mark.parametrize(("name", "told"), [("impl", True), ("control", True), ("algo", False), ("algo+impl", False)])
def test_replicas_that_differ_with_nothing_varied_are_kept_as_such(name: str, told: bool) -> None:
    group = GroupSpread(
        name=name,
        replicas=5,
        distinct=3,
        overall=None,
        classes=(),
        widest_class=None,
        amplification=None,
        churn=None,
        churn_interval=None,
        replicas_to_halve=0,
    )
    found = apart_replicas((group,))
    assert found == (f"5 replicas of `{name}` came to 3 different results" if told else "")


def test_names_in_a_folder_have_one_digest_without_what_runs_write_there(project: Path) -> None:
    folder = project / "runs"
    folder.mkdir()
    before = listing_digest(folder)
    (folder / "exp1").mkdir()
    assert listing_digest(folder) != before
    assert listing_digest(folder, written_in("runs", ["runs/exp1/last.pt", "other/x", "/runs/x"])) == before
    assert listing_digest(project / "nowhere") == ""
    assert written_in(".", ["a/b", "/c"]) == {"a"}
