"""What a scan says about each sample project."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.services.scan import scan
from auditor.services.settings import Settings


def test_scan_finds_exactly_what_is_expected(sample, project: Path) -> None:
    report = scan([project], Settings())
    found = [(finding.rule_id, finding.location.path, finding.location.line) for finding in report.findings]
    assert sorted(found) == sorted((finding.rule, finding.path, finding.line) for finding in sample.finding)
    assert not report.skipped


def test_scan_takes_every_sample_for_one_program(sample, project: Path) -> None:
    script = next(argument for argument in sample.command if argument.endswith(".py"))
    summary = scan([project], Settings()).scan
    assert summary is not None
    assert summary.entry_points == (script,)


def test_scanning_all_samples_at_once_finds_the_same(samples) -> None:
    """Programs that stand side by side, with modules of the same name, do not lend each other their seeds."""
    folder = samples[0].folder.parent
    report = scan([folder], Settings(), root=folder)
    found = {(finding.rule_id, finding.location.path, finding.location.line) for finding in report.findings}
    expected = {(each.rule, f"{sample.name}/{each.path}", each.line) for sample in samples for each in sample.finding}
    assert found == expected


def test_every_sample_is_described(samples) -> None:
    text = (samples[0].folder.parent / "README.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    rows = [
        name for name in described if name not in {"story", "command", "isolate", "timeout_s", "closeup", "verdict"}
    ]
    assert sorted(rows) == [sample.name for sample in samples]


def test_expectations_are_whole(sample) -> None:
    if sample.is_clean:
        assert sample.verdict == "reproducible"
        assert (sample.finding, sample.first, sample.cause) == ([], None, None)
    else:
        assert sample.verdict == "divergent"
        assert sample.first is not None
        assert sample.cause is not None
