"""`scan` as front ends call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.report import AuditReport
from auditor.model.rule import Confidence, Severity
from auditor.services.scan import scan
from auditor.services.settings import Settings

TRAIN = """\
import random
import numpy as np

random.shuffle([1])
np.random.rand(3)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "more.py").write_text(TRAIN)
    return tmp_path


def rules(report: AuditReport) -> set[str]:
    return {finding.rule_id for finding in report.findings}


def files(report: AuditReport) -> set[str]:
    return {finding.location.path for finding in report.findings}


def test_a_report_says_what_was_looked_at(program: Path) -> None:
    report = scan([program], Settings())
    assert report.project == program.name
    assert report.scan is not None
    assert report.scan.files == 2
    assert report.scan.entry_points == ("old/more.py", "train.py")
    assert report.scan.rules >= 40
    assert rules(report) == {"RA101", "RA102"}
    assert {rule.id for rule in report.rules} == {"RA101", "RA102"}
    assert report.tool.startswith("repro-audit ")


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbfimport random\n", b"x = 1\rimport random\r", b"\x0cimport random\n"])
@pytest.mark.parametrize("form", [b"import random", b"from random import random"])
def test_an_import_behind_a_byte_order_mark_or_a_carriage_return_counts(
    tmp_path: Path, raw: bytes, form: bytes
) -> None:
    draw = b"random.random()\n" if form.startswith(b"import") else b"random()\n"
    (tmp_path / "train.py").write_bytes(raw.replace(b"import random", form) + draw)
    assert rules(scan([tmp_path], Settings())) == {"RA101"}


def test_files_that_cannot_be_analysed_are_not_counted_as_looked_at(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "bytes.py").write_bytes(b"x = 1\0")
    (tmp_path / "broken.yaml").write_text("trainer:\n  a: [\nseed: null\n")
    report = scan([tmp_path, tmp_path / "broken.yaml"], Settings())
    assert report.scan is not None
    assert report.scan.files == 0
    assert [entry.subject for entry in report.skipped] == ["broken.py", "broken.yaml", "bytes.py"]
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in ("x = (", TRAIN)]
    (tmp_path / "half.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    again = scan([tmp_path], Settings())
    assert again.scan is not None
    assert again.scan.files == 1, "the cells that can be read are analysed"
    assert "half.ipynb" in {entry.subject for entry in again.skipped}


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (("RA101",), (), {"RA101"}),
        (("ra1",), (), {"RA101", "RA102"}),
        (("unseeded-numpy",), (), {"RA102"}),
        (("seeding",), (), {"RA101", "RA102"}),
        (("data-order",), (), set()),
        ((), ("RA101",), {"RA102"}),
        (("RA1",), ("unseeded-random",), {"RA102"}),
        ((), ("RA",), set()),
    ],
)
def test_rules_are_chosen_by_id_prefix_name_or_category(
    program: Path, select: tuple[str, ...], ignore: tuple[str, ...], expected: set[str]
) -> None:
    assert rules(scan([program], Settings(select=select, ignore=ignore))) == expected


@pytest.mark.parametrize("setting", ["select", "ignore"])
def test_an_unknown_rule_is_the_users_error_with_the_nearest_name(program: Path, setting: str) -> None:
    with pytest.raises(
        UsageError, match=f"{setting}: no rule is called `unseeded-nunpy`; did you mean `unseeded-numpy`"
    ):
        scan([program], Settings(**{setting: ("unseeded-nunpy",)}))  # type: ignore[arg-type]


def test_per_file_ignores_suppress_and_say_why(program: Path) -> None:
    report = scan([program], Settings(per_file_ignores={"old/": ("RA1",), "train.py": ("unseeded-random",)}))
    assert [(finding.rule_id, finding.location.path) for finding in report.findings] == [("RA102", "train.py")]
    assert {entry.reason for entry in report.suppressed} == {"ignored for this file in the settings"}
    assert len(report.suppressed) == 3


def test_excluded_files_are_not_scanned(program: Path) -> None:
    report = scan([program], Settings(exclude=("old",)))
    assert files(report) == {"train.py"}
    assert report.scan is not None
    assert report.scan.files == 1


def test_weak_findings_can_be_left_out_and_are_counted(program: Path) -> None:
    report = scan([program], Settings(min_severity=Severity.ERROR, min_confidence=Confidence.HIGH))
    assert {finding.severity for finding in report.findings} <= {Severity.ERROR}


def test_a_path_that_does_not_exist_is_the_users_error(program: Path) -> None:
    with pytest.raises(UsageError, match="nothing: no such file or folder"):
        scan([program / "nothing"], Settings())


def test_paths_are_relative_to_the_root_that_is_asked_for(program: Path) -> None:
    assert files(scan([program / "old"], Settings(), root=program)) == {"old/more.py"}


class Steps:
    """Progress that counts, and asks to stop after some."""

    def __init__(self, limit: int) -> None:
        self.done = 0
        self.totals: list[int | None] = []
        self._limit = limit

    def stage(self, name: str, total: int | None = None) -> None:
        self.totals.append(total)

    def update(self, done: int, note: str = "") -> None:
        self.done += 1

    def cancelled(self) -> bool:
        return self.done >= self._limit


def test_progress_counts_files(program: Path) -> None:
    steps = Steps(limit=100)
    scan([program], Settings(), steps)
    assert steps.totals == [None, 2]
    assert steps.done == 2


def test_a_cancelled_scan_ends_early(program: Path) -> None:
    steps = Steps(limit=1)
    report = scan([program], Settings(), steps)
    assert steps.done == 1
    assert len(files(report)) == 1


def test_scanning_imports_nothing_heavy_and_nothing_of_the_project(program: Path) -> None:
    (program / "trap.py").write_text("import random\nopen('touched', 'w').close()\nrandom.random()\n")
    code = (
        "import sys\nfrom pathlib import Path\nfrom auditor.services.scan import scan\n"
        "from auditor.services.settings import Settings\n"
        f"report = scan([Path({str(program)!r})], Settings())\nassert report.findings\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=program)
    loaded = set(run.stdout.split())
    assert not loaded & {"textual", "typer", "rich", "torch", "numpy", "libcst", "trap", "train", "multiprocessing"}
    assert not (program / "touched").exists()
    assert not list(program.rglob("__pycache__"))
