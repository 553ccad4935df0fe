"""Findings that are accepted: found again wherever their lines go, and told once they are no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.known import KnownFinding
from auditor.model.report import AuditReport
from auditor.model.rule import RuleId
from auditor.services.baseline import read_baseline
from auditor.services.check import CheckOptions, check
from auditor.services.renames import with_renames
from auditor.services.settings import Settings

TRAIN = "import random\nimport numpy as np\n\nrandom.shuffle([1])\nnp.random.rand(3)\n"
LIB = """\
import os
import torch

def names(folder):
    torch.manual_seed(0)
    for name in os.listdir(folder):
        print(name, torch.rand(3))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


@pytest.fixture
def accept(project: Path) -> Callable[..., Path]:
    """Write a baseline of what is found now; return where it is."""

    def write(*paths: Path, settings: Settings | None = None) -> Path:
        file = project / "baseline.json"
        check(paths or [project], settings or Settings(), CheckOptions(write_baseline=file))
        return file

    return write


def told(report: AuditReport) -> list[str]:
    return [finding.rule_id for finding in report.findings]


def gone(report: AuditReport) -> list[str]:
    return [entry.rule_id for earlier in report.earlier for entry in earlier.gone]


def test_what_is_accepted_is_not_told_and_counted(project: Path, accept: Callable[..., Path]) -> None:
    report = check([project], Settings(baseline=accept()))
    assert told(report) == []
    assert [(earlier.name, earlier.known, earlier.gone) for earlier in report.earlier] == [("baseline.json", 2, ())]
    assert report.rules == ()


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "# a comment\n\n" + text,
        lambda text: text.replace("np.random.rand(3)", "np.random.rand(3)  "),
        lambda text: text.replace("random.shuffle([1])", "if True:\n    random.shuffle([1])"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\n\ndef unused():\n    pass\n",
        lambda text: text.replace("np.random.rand(3)", "np.random.rand(3)  # repro-audit: allow RA304 because of x"),
    ],
)
def test_it_is_the_same_finding_after_edits_elsewhere(
    project: Path, accept: Callable[..., Path], edit: Callable[[str], str]
) -> None:
    file = accept()
    (project / "train.py").write_text(edit(TRAIN))
    report = check([project], Settings(baseline=file))
    assert (told(report), gone(report)) == ([], [])


def test_a_program_more_changes_nothing_for_rules_that_look_at_one_file(
    project: Path, accept: Callable[..., Path]
) -> None:
    (project / "lib.py").write_text(LIB)
    (project / "train.py").write_text("import lib\n\nlib.names('x')\n")
    file = accept()
    assert [(entry.rule_id, entry.programs) for entry in read_baseline(file)] == [("RA304", ())]
    (project / "evaluate.py").write_text("import lib\n\nlib.names('y')\n")
    assert told(check([project], Settings(baseline=file))) == []


def test_it_is_the_same_finding_in_a_file_of_another_name(project: Path, accept: Callable[..., Path]) -> None:
    (project / "lib.py").write_text(LIB)
    (project / "run.py").write_text("import lib, random\nlib.names('d')\nrandom.random()\n")
    file = accept()
    entries = read_baseline(file)
    file.write_text(file.read_text().replace('"key"', '"reason": "known", "key"'))
    (project / "src").mkdir()
    for old, new in (("train.py", "src/train.py"), ("run.py", "main.py"), ("lib.py", "names.py")):
        (project / old).rename(project / new)
    (project / "main.py").write_text("# moved\nimport names as lib, random\nlib.names('d')\nrandom.random()\n")
    report = check([project], Settings(baseline=file))
    assert (told(report), gone(report)) == ([], [])
    check([project], Settings(), CheckOptions(write_baseline=file))
    assert {entry.path for entry in read_baseline(file)} == {"main.py", "names.py", "src/train.py"}
    assert {entry.reason for entry in read_baseline(file)} == {"known"}
    assert len(read_baseline(file)) == len(entries)


def test_what_a_renamed_file_has_more_is_new(project: Path, accept: Callable[..., Path]) -> None:
    file = accept()
    (project / "train.py").rename(project / "main.py")
    with (project / "main.py").open("a") as stream:
        stream.write("import torch\ntorch.rand(3)\n")
    assert told(check([project], Settings(baseline=file))) == ["RA103"]


def test_a_copy_of_a_file_that_is_there_is_new(project: Path, accept: Callable[..., Path]) -> None:
    file = accept()
    (project / "copy.py").write_text(TRAIN)
    assert told(check([project], Settings(baseline=file))) == ["RA101", "RA102"]


def test_thousands_of_renamed_files_are_paired_by_name() -> None:
    def entries(folder: str) -> list[KnownFinding]:
        return [
            KnownFinding(
                key=f"{folder}{number}", rule_id=RuleId("RA102"), path=f"{folder}/m{number}.py", source="draw()"
            )
            for number in range(3000)
        ]

    found = with_renames(entries("old"), entries("new"), Path("/nowhere"))
    assert [entry.path for entry in found] == [f"new/m{number}.py" for number in range(3000)]


def test_a_second_program_with_the_same_fault_is_new(project: Path, accept: Callable[..., Path]) -> None:
    (project / "lib.py").write_text("import random\n\ndef draw():\n    return random.random()\n")
    (project / "train.py").write_text("from lib import draw\n\ndraw()\n")
    file = accept()
    (project / "evaluate.py").write_text("from lib import draw\n\ndraw()\n")
    report = check([project], Settings(baseline=file))
    assert [finding.entry_points for finding in report.findings] == [("evaluate.py",)]


def test_the_same_line_once_more_is_new(project: Path, accept: Callable[..., Path]) -> None:
    source = LIB + "\n\nnames('x')\n"
    (project / "train.py").write_text(source)
    file = accept()
    (project / "train.py").write_text(source + source.replace("names(", "more("))
    assert told(check([project], Settings(baseline=file))) == ["RA304"]


def test_what_is_no_more_is_named_and_dropped_on_writing_anew(project: Path, accept: Callable[..., Path]) -> None:
    file = accept()
    (project / "train.py").write_text(TRAIN.replace("np.random.rand(3)", "pass"))
    report = check([project], Settings(baseline=file))
    assert (told(report), gone(report)) == ([], ["RA102"])
    accept()
    assert [entry.rule_id for entry in read_baseline(file)] == ["RA101"]


def test_what_was_not_looked_for_is_not_gone(project: Path, accept: Callable[..., Path]) -> None:
    (project / "other.py").write_text(TRAIN)
    file = accept()
    settings = Settings(baseline=file)
    assert gone(check([project / "other.py"], settings)) == []
    assert gone(check([project], Settings(baseline=file, select=("RA101",)))) == []
    (project / "train.py").write_text("def broken(:\n")
    assert gone(check([project], settings)) == []
    (project / "train.py").unlink()
    assert gone(check([project], settings)) == ["RA101", "RA102"]


def test_writing_for_one_file_keeps_the_entries_of_the_others(project: Path, accept: Callable[..., Path]) -> None:
    (project / "other.py").write_text(TRAIN)
    file = accept()
    before = file.read_text()
    accept(project / "other.py")
    assert file.read_text() == before


def test_reasons_that_people_wrote_stay(project: Path, accept: Callable[..., Path]) -> None:
    file = accept()
    content = json.loads(file.read_text())
    content["findings"][0]["reason"] = "only a plot"
    file.write_text(json.dumps(content))
    accept()
    assert [entry.reason for entry in read_baseline(file)] == ["only a plot", ""]


def test_weak_findings_below_the_floor_are_neither_gone_nor_lost(project: Path, accept: Callable[..., Path]) -> None:
    from auditor.model.rule import Severity

    (project / "lib.py").write_text(LIB)
    file = accept()
    before = file.read_text()
    strict = Settings(baseline=file, min_severity=Severity.ERROR)
    assert gone(check([project], strict)) == []
    accept(settings=Settings(min_severity=Severity.ERROR))
    assert file.read_text() == before


def test_the_file_is_sorted_one_entry_a_line_and_the_same_each_time(project: Path, accept: Callable[..., Path]) -> None:
    (project / "a.py").write_text(TRAIN)
    text = accept().read_text()
    entries = [json.loads(line.rstrip(",")) for line in text.splitlines() if '"rule"' in line]
    assert [(entry["path"], entry["rule"]) for entry in entries] == [
        ("a.py", "RA101"),
        ("a.py", "RA102"),
        ("train.py", "RA101"),
        ("train.py", "RA102"),
    ]
    assert not any("line" in entry for entry in entries)
    assert accept().read_text() == text


def test_nothing_found_is_a_baseline_too(project: Path, accept: Callable[..., Path]) -> None:
    (project / "train.py").write_text("print(1)\n")
    assert read_baseline(accept()) == ()


GOOD = '{"rule": "RA101", "path": "a.py", "source": "x", "key": "0123456789abcdef"}'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a baseline: not JSON"),
        ("<<<<<<< HEAD\n{}\n", "marks of a merge conflict"),
        ("[]", 'format: expected "repro-audit-baseline"; this is another kind of file'),
        ('{"version": 1}', 'format: expected "repro-audit-baseline"'),
        ('{"format": "repro-audit-baseline", "version": 2}', "version: this program reads version 1, found 2"),
        ('{"format": "repro-audit-baseline", "version": 1}', "findings: expected an array, found nothing"),
        ("%[1]", r"findings\[0\]: expected an object, found a number"),
        ('%[{"rule": "RA101"}]', r"findings\[0\].key: expected a string, found nothing"),
        (f"%[{GOOD.replace('0123', 'xyz!')}]", r"findings\[0\].key: expected 16 hexadecimal digits"),
        (f'%[{GOOD[:-1]}, "programs": 3}}]', r"findings\[0\].programs: expected an array of strings"),
        (f'%[{GOOD[:-1]}, "lines": 3}}]', r"findings\[0\]: `lines` is no key of a baseline; there are: key, rule"),
        (f"%[{GOOD}, {GOOD}]", r"findings\[1\].key: `0123456789abcdef` stands there twice"),
    ],
)
def test_broken_and_foreign_files_are_told_with_file_and_key(project: Path, text: str, complaint: str) -> None:
    file = project / "b.json"
    if text.startswith("%"):
        text = f'{{"format": "repro-audit-baseline", "version": 1, "findings": {text[1:]}}}'
    file.write_text(text)
    for options in (CheckOptions(), CheckOptions(write_baseline=file)):
        with pytest.raises(UsageError, match=complaint) as error:
            check([project], Settings(baseline=file), options)
        assert str(error.value).startswith(f"{file}: ")
    assert file.read_text() == text


def test_a_missing_baseline_is_told_with_the_command_that_writes_it(project: Path) -> None:
    with pytest.raises(
        UsageError, match=r"no such baseline; `repro-audit scan --write-baseline .*none\.json` writes it"
    ):
        check([project], Settings(baseline=project / "none.json"))
