"""Single findings that a person accepts: written with their reason, and taken back without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.services.acceptance import accept, take_back, take_out
from auditor.services.baseline import read_baseline
from auditor.services.check import CheckOptions, check
from auditor.services.settings import Settings

TRAIN = "import random\nimport numpy as np\n\nrandom.shuffle([1])\nnp.random.rand(3)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


@pytest.fixture
def report(project: Path) -> AuditReport:
    found = check([project], Settings())
    assert len(found.findings) == 2
    return found


@pytest.fixture
def file(project: Path) -> Path:
    return project / "baseline.json"


def test_accepted_finding_is_told_no_more_and_the_other_is(project: Path, report: AuditReport, file: Path) -> None:
    first, second = report.findings
    change = accept(report, [first.key], file, "  the order\tdoes not matter ")
    assert change.made_file
    (entry,) = read_baseline(file)
    assert (entry.key, entry.reason) == (first.key, "the order does not matter")
    assert [each.key for each in check([project], Settings(baseline=file)).findings] == [second.key]


def test_single_acceptances_write_the_file_that_a_scan_would_write(
    project: Path, report: AuditReport, file: Path
) -> None:
    for finding in reversed(report.findings):
        accept(report, [finding.key], file)
    whole = project / "whole.json"
    check([project], Settings(), CheckOptions(write_baseline=whole))
    assert file.read_bytes() == whole.read_bytes()


def test_what_is_accepted_already_stays_as_it_is(report: AuditReport, file: Path) -> None:
    first, second = report.findings
    accept(report, [first.key], file, "measured")
    change = accept(report, [first.key, second.key], file, "another reason")
    assert [entry.key for entry in change.added] == [second.key]
    assert {entry.key: entry.reason for entry in read_baseline(file)} == {
        first.key: "measured",
        second.key: "another reason",
    }


def test_a_change_of_nothing_does_not_touch_the_file(report: AuditReport, file: Path) -> None:
    first, second = report.findings
    accept(report, [first.key], file)
    file.write_text(file.read_text() + "\n")  # not as we would write it
    before = file.read_bytes()
    assert accept(report, [first.key], file).added == ()
    assert take_out([second.key], file).removed == ()
    assert file.read_bytes() == before


def test_taking_back_an_acceptance_restores_the_bytes(report: AuditReport, file: Path) -> None:
    first, second = report.findings
    accept(report, [first.key], file, "measured")
    before = file.read_bytes()
    change = accept(report, [second.key], file, "for now")
    assert [entry.key for entry in take_back(change).removed] == [second.key]
    assert file.read_bytes() == before


def test_taking_back_the_first_acceptance_removes_the_file_that_it_made(report: AuditReport, file: Path) -> None:
    take_back(accept(report, [report.findings[0].key], file))
    assert not file.exists()


def test_file_that_was_made_stays_where_something_else_came_into_it(report: AuditReport, file: Path) -> None:
    first, second = report.findings
    change = accept(report, [first.key], file)
    accept(report, [second.key], file)
    take_back(change)
    assert [entry.key for entry in read_baseline(file)] == [second.key]


def test_empty_file_that_was_there_before_stays(report: AuditReport, file: Path, project: Path) -> None:
    (project / "empty").mkdir()
    (project / "empty" / "nothing.py").touch()
    check([project / "empty"], Settings(), CheckOptions(write_baseline=file))
    before = file.read_bytes()
    take_back(accept(report, [report.findings[0].key], file))
    assert file.read_bytes() == before


def test_what_was_taken_out_comes_back_with_its_reason(report: AuditReport, file: Path) -> None:
    keys = [finding.key for finding in report.findings]
    accept(report, keys, file, "measured")
    before = file.read_bytes()
    change = take_out(keys, file)
    assert read_baseline(file) == ()
    assert len(take_back(change).added) == 2
    assert file.read_bytes() == before


def test_another_kind_of_file_is_left_alone(report: AuditReport, file: Path) -> None:
    file.write_text('{"weights": []}')
    with pytest.raises(UsageError, match="another kind of file"):
        accept(report, [report.findings[0].key], file)
    assert file.read_text() == '{"weights": []}'
