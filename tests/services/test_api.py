"""The public functions: paths as text, settings of the project, reports back, nothing printed."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import auditor


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\n")
    (folder / "train.py").write_text("import numpy as np\n\nprint(np.random.rand(3))\n")
    return folder


def test_scan_takes_text_and_prints_nothing(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = auditor.scan(str(project))
    assert [finding.rule_id for finding in report.findings] == ["RA102"]
    assert capfd.readouterr() == ("", "")


def test_variance_takes_sources_as_the_command_line_does(project: Path) -> None:
    (project / "train.py").write_text("import os\nprint('score', os.urandom(1)[0])\n")
    report = auditor.measure_variance(
        ["python", "train.py"], project, runs=2, variants=["control"], metrics=["score=score ([0-9]+)"]
    )
    assert report.variance is not None
    assert [(group.name, group.metrics[0].deviation) for group in report.variance.groups] == [("control", 0)]


def test_scan_heeds_the_projects_settings_and_those_given(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.repro-audit]\nignore = ["RA102"]\n')
    assert auditor.scan(project).findings == ()
    assert len(auditor.scan(project, settings=auditor.Settings()).findings) == 1


def test_a_tape_gives_back_what_the_program_was_given(project: Path, tmp_path: Path) -> None:
    (project / "draw.py").write_text(
        "import pathlib, random\npathlib.Path('drawn').write_text(repr(random.random()))\n"
    )
    assert auditor.record_tape(["python", "draw.py"], tmp_path / "tape", project).exit_code == 0
    drawn = (project / "drawn").read_text()
    outcome = auditor.replay(tmp_path / "tape", cwd=project)
    assert (outcome.exit_code, outcome.divergences, outcome.problems) == (0, (), ())
    assert (project / "drawn").read_text() == drawn
    with pytest.raises(auditor.UsageError, match="no tape"):
        auditor.replay(project, cwd=project)


def test_results_are_held_against_each_other(project: Path) -> None:
    for name, values in (("a", [1, 2, 3]), ("b", [1, 2, 4])):
        (project / f"{name}.json").write_text(repr(values))
    report = auditor.compare_criteria("a.json", "b.json", project)
    assert report.criteria is not None
    assert report.criteria.first is not None
    with pytest.raises(auditor.UsageError, match=r"c\.json"):
        auditor.compare_criteria("a.json", "c.json", project)


def test_the_guideline_is_walked_without_running_anything(project: Path) -> None:
    report = auditor.follow_guideline(project, script=project / "train.py")
    assert report.guideline is not None
    assert [point.number for point in report.guideline.points] == [1, 2, 3, 4, 5, 6]
    assert "met" not in {point.standing.value for point in report.guideline.points if point.number == 4}


def test_sensitivity_refuses_a_kind_of_noise_that_there_is_not(project: Path) -> None:
    with pytest.raises(auditor.UsageError, match="found `salt`"):
        auditor.measure_sensitivity(["python", "train.py"], project, kind="salt")


def test_errors_are_those_of_the_package(project: Path) -> None:
    with pytest.raises(auditor.UsageError):
        auditor.explain("RA999")
    with pytest.raises(auditor.UsageError):
        auditor.open_run("r1", project)
    with pytest.raises(auditor.UsageError):
        auditor.render(auditor.scan(project), "xml")


def test_everything_public_is_documented() -> None:
    for name in auditor.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(auditor, name)), name


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute `nonsense`"):
        auditor.nonsense  # noqa: B018
