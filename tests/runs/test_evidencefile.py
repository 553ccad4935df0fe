"""Kept evidence comes back as it went in; damaged files are told, numbers are never given twice."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.model.environment import Environment
from auditor.model.evidence import Evidence, EvidenceKind, KeptCause, Surroundings
from auditor.model.lean import replace
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Status
from auditor.runs.evidencefile import FOLDER, keep_evidence, read_evidence

PLAIN = Evidence(
    id="",
    kind=EvidenceKind.OVERHEAD,
    command=("python", "train.py"),
    cwd="/p",
    project="/p",
    interpreter="/usr/bin/python",
    kept_at="2026-01-31T10:00:00+00:00",
    sources={"train.py": "d"},
    unstable=(),
    surroundings=None,
    answer="1.4x",
)
FULL = replace(
    PLAIN,
    kind=EvidenceKind.TWICE,
    surroundings=Surroundings(python="3.11.7", packages={"torch": "2"}, machine={"cpu": "c"}),
    status=Status.DIVERGENT,
    runs=("r1", "r2"),
    steps=20,
    is_whole=True,
    compared=7,
    environment=Environment(
        python="3.11.7",
        torch="2",
        platform="Linux",
        cpu="c",
        threads=2,
        devices=("cuda:0",),
        flags={"a": "b"},
        variables={"OMP_NUM_THREADS": "2"},
        packages={"torch": "2"},
    ),
    differences=("x: 1 and 2",),
    cause=KeptCause(title="t", category=Category.OPERATORS, confidence=Confidence.HIGH, evidence="e", remedy="r"),
    margins="Margins: smallest 5 decades",
    criteria=("accuracy",),
    loaded=("train.py",),
    written=("out.txt",),
    data={"data.csv": "d"},
    listings={"images": "d"},
    unseen=("more than 20000 files",),
    trained=True,
    altered="a",
    apart="b",
    artifacts={"out.txt": "d"},
    patched={"train.py": "e"},
    variables=("PYTHONHASHSEED=0",),
)


@pytest.mark.parametrize("evidence", [PLAIN, FULL])
def test_evidence_comes_back_as_it_was(tmp_path: Path, evidence: Evidence) -> None:
    kept = keep_evidence(tmp_path, evidence)
    assert kept == replace(evidence, id="e1")
    assert read_evidence(tmp_path) == ((kept,), ())


def test_empty_store_holds_no_evidence(tmp_path: Path) -> None:
    assert read_evidence(tmp_path / "nowhere") == ((), ())


def test_evidence_is_read_oldest_first_beyond_ten(tmp_path: Path) -> None:
    for _ in range(11):
        keep_evidence(tmp_path, PLAIN)
    assert [each.id for each in read_evidence(tmp_path)[0]] == [f"e{number}" for number in range(1, 12)]


def test_what_is_kept_at_once_gets_numbers_of_its_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: keep_evidence(tmp_path, PLAIN).id, range(24)))
    assert len(set(kept)) == 24
    assert len(list((tmp_path / FOLDER).iterdir())) == 24


def test_a_file_system_without_hard_links_keeps_evidence_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    assert [keep_evidence(tmp_path, PLAIN).id for _ in range(2)] == ["e1", "e2"]
    assert [each.id for each in read_evidence(tmp_path)[0]] == ["e1", "e2"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 2}, "version 2; this program reads version 1"),
        ({"format": "other"}, "its format is not"),
        ({"kind": "nonsense"}, "damaged"),
        ({"status": "fine"}, "damaged"),
        ({"sources": None}, "damaged"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path, change: dict[str, object], told: str) -> None:
    keep_evidence(tmp_path, PLAIN)
    keep_evidence(tmp_path, PLAIN)
    path = tmp_path / FOLDER / "e1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    found, unread = read_evidence(tmp_path)
    assert [each.id for each in found] == ["e2"]
    assert len(unread) == 1
    assert unread[0].startswith("e1.json: ")
    assert told in unread[0]


def test_a_torn_file_is_told(tmp_path: Path) -> None:
    keep_evidence(tmp_path, PLAIN)
    (tmp_path / FOLDER / "e1.json").write_text('{"format": "repro-')
    assert "cannot be read" in read_evidence(tmp_path)[1][0]


def test_evidence_of_before_the_optional_fields_is_read(tmp_path: Path) -> None:
    kept = keep_evidence(tmp_path, PLAIN)
    path = tmp_path / FOLDER / "e1.json"
    content = json.loads(path.read_text())
    for name in ("listings", "unseen", "trained", "altered", "apart"):
        del content[name]
    path.write_text(json.dumps(content))
    assert read_evidence(tmp_path) == ((kept,), ())


@pytest.mark.parametrize("name", sorted(set(FULL.__dataclass_fields__)))
def test_a_field_of_another_kind_is_told_or_harmless(tmp_path: Path, name: str) -> None:
    """Whatever stands there, what is read is what evidence is made of: nothing later has to doubt it."""
    keep_evidence(tmp_path, FULL)
    path = tmp_path / FOLDER / "e1.json"
    content = json.loads(path.read_text())
    for wrong in (None, 7, "text", ["a"], {"a": 1}, [None]):
        path.write_text(json.dumps({**content, name: wrong}))
        found, unread = read_evidence(tmp_path)
        assert len(found) + len(unread) == 1
        for each in found:
            value = getattr(each, name)
            assert type(value) in {type(getattr(one, name)) for one in (PLAIN, FULL)}
            assert not isinstance(value, tuple) or all(isinstance(part, str) for part in value)


def test_a_file_under_another_name_is_damaged(tmp_path: Path) -> None:
    keep_evidence(tmp_path, PLAIN)
    (tmp_path / FOLDER / "e1.json").rename(tmp_path / FOLDER / "e7.json")
    assert read_evidence(tmp_path) == ((), ("e7.json: damaged: it says that it is e1",))
