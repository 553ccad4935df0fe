"""Which runs were compared last, and what is thrown away: nothing that goes on, no evidence, no replica."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from auditor.model.evidence import Evidence, EvidenceKind
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.runs.evidencefile import keep_evidence
from auditor.runs.store import Store, open_store
from auditor.runs.trainings import open_trainings
from auditor.services.history import newest_pair, prune_runs
from auditor.services.settings import Settings


def test_walks_and_their_trainings_are_pruned_with_the_runs(tmp_path: Path) -> None:
    project, settings = tmp_path / "project", Settings(store=tmp_path / "store")
    project.mkdir()
    (project / "pyproject.toml").write_text("")
    root = open_store(project, settings.store).root
    for age, name in enumerate(
        ("walks/walk-a.json", "walks/walk-b.json", "evidence/e1.json", "v1/algo/1/replica.json")
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    going_on = open_trainings(root, {"command": ["a"]}, resume=False)
    for command in "bc":
        open_trainings(root, {"command": [command]}, resume=False)
    assert prune_runs(1, project, settings) == ("w2", "walk-a")
    assert going_on.path.is_dir()
    del going_on
    assert prune_runs(0, project, settings) == ("w1", "w3", "walk-b")
    left = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert left == ["evidence/e1.json", "v1/algo/1/replica.json"]


def test_the_newest_pair_is_the_last_that_was_compared_and_is_still_there(tmp_path: Path) -> None:
    project, settings = tmp_path / "project", Settings(store=tmp_path / "store")
    project.mkdir()
    (project / "pyproject.toml").write_text("")
    store = open_store(project, settings.store)
    assert newest_pair(project, settings) is None
    for _ in range(4):
        store.save(_run(store, store.new().id))
    for runs, kind in ((("r1", "r2"), "TWICE"), (("r3", "r4"), "TWICE"), (("r1", "r3"), "OVERHEAD")):
        keep_evidence(store.root, _evidence(EvidenceKind[kind], runs))
    found = newest_pair(project, settings)
    assert found is not None
    assert [run.id for run in found] == ["r3", "r4"]
    shutil.rmtree(store.path("r4"))
    found = newest_pair(project, settings)
    assert found is not None
    assert [run.id for run in found] == ["r1", "r2"]


def _run(store: Store, run_id: str) -> RunRecord:
    return RunRecord(
        id=run_id,
        argv=("python", "train.py"),
        cwd="/p",
        project="/p",
        started_at="2025-01-01T00:00:00+00:00",
        duration_s=1.5,
        status=ExitStatus(ending=Ending.FINISHED, code=0),
        processes=(),
        changes={},
        files_written=(),
        folder=str(store.path(run_id)),
    )


def _evidence(kind: EvidenceKind, runs: tuple[str, ...]) -> Evidence:
    return Evidence(
        id="",
        kind=kind,
        command=("python", "train.py"),
        cwd="/p",
        project="/p",
        interpreter="python",
        kept_at="2025-01-31T10:00:00+00:00",
        sources={},
        unstable=(),
        surroundings=None,
        answer="",
        runs=runs,
    )
