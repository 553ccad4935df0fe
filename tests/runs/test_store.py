"""Run folders and what is written into them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.errors import TraceFormatError, UsageError
from auditor.model.environment import Environment
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.runs import record
from auditor.runs.environment import differences
from auditor.runs.store import Store, root_for

ENVIRONMENT = Environment(
    python="3.11.7",
    torch="2.13.0",
    platform="Linux",
    cpu="x",
    threads=2,
    devices=("cuda:0 H",),
    flags={"cudnn.benchmark": "False"},
    variables={"LANG": "C"},
    packages={"numpy": "2.0"},
)


def run_record(store: Store, run_id: str) -> RunRecord:
    process = ProcessRecord(
        name="0-0",
        pid=3,
        parent_pid=2,
        rank=None,
        complete=True,
        events=5,
        steps=1,
        problems=("a",),
        environment=ENVIRONMENT,
    )
    return RunRecord(
        id=run_id,
        argv=("python", "train.py"),
        cwd="/p",
        project="/p",
        changes={"A": "1"},
        started_at="2025-01-01T00:00:00+00:00",
        duration_s=1.5,
        status=ExitStatus(ending=Ending.FINISHED, code=0),
        processes=(process,),
        files_written=("out/a.pt",),
        notes=("n",),
        peak_memory_bytes=7,
        folder=str(store.path(run_id).resolve()),
    )


def test_ids_count_up_and_are_never_given_twice(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    with ThreadPoolExecutor(8) as pool:
        ids = [folder.id for folder in pool.map(lambda _: Store(store.root).new(), range(40))]
    assert sorted(ids, key=lambda text: int(text[1:])) == [f"r{number}" for number in range(1, 41)]


def test_a_record_is_read_as_it_was_saved(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = store.new()
    saved = run_record(store, folder.id)
    store.save(saved)
    assert store.load("r1") == saved
    assert "folder" not in json.loads((folder.path / "run.json").read_text())


def test_runs_are_listed_oldest_first_without_those_in_progress(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for _ in range(11):
        store.save(run_record(store, store.new().id))
    store.new()
    (store.path("r3") / "run.json").write_text("{")
    assert [run.id for run in store.list()] == ["r1", "r2", *(f"r{number}" for number in range(4, 12))]


def test_pruning_keeps_the_newest_and_what_is_in_progress(tmp_path: Path) -> None:
    store = Store(tmp_path)
    running = store.new()
    for _ in range(4):
        store.save(run_record(store, store.new().id))
    assert store.prune(keep=2) == ("r2", "r3")
    assert [run.id for run in store.list()] == ["r4", "r5"]
    assert running.path.is_dir()
    assert store.new().id == "r6"


def test_an_unknown_run_is_the_users_mistake_and_the_known_ones_are_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.new()
    with pytest.raises(UsageError, match=r"no run r9 in .*; there are r1$"):
        store.load("r9")
    for _ in range(11):
        store.new()
    with pytest.raises(UsageError, match=r"; the newest are r3, .*, r12$"):
        store.load("r99")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "damaged"),
        ('{"format": "x"}', "not a run record"),
        ('{"format": "repro-audit-run", "version": 7}', "version 7; this program reads version 1"),
        ('{"format": "repro-audit-run", "version": 1}', "damaged: KeyError"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / record.FILE_NAME).write_text(text)
    with pytest.raises(TraceFormatError, match=message):
        record.read(tmp_path)


def test_a_run_in_progress_has_no_record(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="holds no finished run"):
        record.read(tmp_path)


def test_a_store_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot keep runs there: .*--store or REPRO_AUDIT_STORE"):
        Store(tmp_path / "file" / "runs").new()


def test_the_setting_wins_over_the_variable_and_that_over_the_state_folder(tmp_path: Path) -> None:
    project = tmp_path / "demo"
    project.mkdir()
    environ = {"REPRO_AUDIT_STORE": "/variable", "XDG_STATE_HOME": "/state", "HOME": "/home"}
    name = root_for(project, Path("/setting"), environ).name
    assert name.startswith("demo-")
    assert root_for(project, Path("/setting"), environ) == Path("/setting") / name
    assert root_for(project, None, environ) == Path("/variable") / name
    del environ["REPRO_AUDIT_STORE"]
    assert root_for(project, None, environ) == Path("/state/repro-audit/runs") / name
    del environ["XDG_STATE_HOME"]
    assert root_for(project, None, environ) == Path("/home/.local/state/repro-audit/runs") / name
    assert root_for(tmp_path, None, environ) != root_for(project, None, environ)


def test_differences_of_environments_are_named_key_by_key() -> None:
    other = Environment(
        python="3.11.7",
        torch="2.13.0",
        platform="Linux",
        cpu="x",
        threads=None,
        devices=("cuda:0 H",),
        flags={"cudnn.benchmark": "True"},
        variables={},
        packages={"numpy": "2.0"},
    )
    assert differences(ENVIRONMENT, ENVIRONMENT) == ()
    assert differences(ENVIRONMENT, other) == (
        ("flag cudnn.benchmark", "False", "True"),
        ("variable LANG", "C", "not set"),
    )
