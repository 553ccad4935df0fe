"""Metrics are found in output and files, and what is malformed is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs.measures import MetricSource, file_metrics, likely_metrics, printed_metric


def test_the_last_match_counts() -> None:
    source = MetricSource.parse("acc=acc: ([0-9.]+)")
    assert printed_metric(source, "acc: 0.5\nacc: 0.75\nacc: none\n") == 0.75
    assert printed_metric(source, "loss 3") is None


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("m.json", '{"test": {"accuracy": 0.9, "ok": true}, "loss": [3, 2]}', {"test.accuracy": 0.9, "loss": 2.0}),
        ("m.jsonl", '{"acc": 0.1}\n{"acc": 0.2}\n{"loss": 1}\n', {"acc": 0.2, "loss": 1.0}),
        ("m.csv", "epoch,acc\n0,0.1\n1,0.2\n", {"epoch": 1.0, "acc": 0.2}),
    ],
)
def test_files_give_their_last_numbers(tmp_path: Path, name: str, content: str, found: dict[str, float]) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert file_metrics(MetricSource.parse(name), path) == found


def test_one_key_of_a_file_gets_its_name(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text('{"test": {"accuracy": 0.9}}')
    assert file_metrics(MetricSource.parse("acc=m.json:test.accuracy"), path) == {"acc": 0.9}
    assert file_metrics(MetricSource.parse("acc=m.json:nothing"), path) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [("acc", "expected name=REGEX"), ("acc=abc", "put parentheses"), ("acc=([0-9", "not a regular expression")],
)
def test_malformed_sources_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MetricSource.parse(text)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text("{")
    with pytest.raises(UsageError, match=r"m\.json"):
        file_metrics(MetricSource.parse("m.json"), path)


def test_a_hint_finds_what_it_was_made_from() -> None:
    log = "epoch 1: loss 0.25  accuracy 0.9700\ndone\n"
    hints = likely_metrics(log)
    assert [printed_metric(MetricSource.parse(hint), log) for hint in hints] == [0.25, 0.97]
    assert likely_metrics("nothing here\n") == ()
