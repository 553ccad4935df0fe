"""Which two runs belong together, and of what program they were: a small file in the folders of both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.run import RunRecord
from auditor.runs.store import open_store
from auditor.runs.tracefile import open_run
from auditor.services.history import find_run
from auditor.services.settings import Settings
from auditor.services.sourcedigest import file_digest
from auditor.services.walks import LAST, Ran, script_digest
from auditor.static.files.discovery import find_root

PAIR = "pair.json"


def keep_pair(records: tuple[RunRecord, RunRecord]) -> None:
    """Note in both folders which runs belong together, and the digests of what they ran."""
    ran = _look(records[0])
    content = {
        "reference": records[0].id,
        "candidate": records[1].id,
        "script_digest": ran.script_digest,
        "sources": ran.sources,
    }
    for record in records:
        (Path(record.folder) / PAIR).write_text(json.dumps(content) + "\n", encoding="utf-8")


def find_pair(name: str, cwd: Path, settings: Settings) -> tuple[RunRecord, RunRecord]:
    """Return the two runs of which one is named; `UsageError` where it is not of such a pair."""
    if name == LAST:
        store = open_store(find_root([cwd.resolve()]), settings.store).root
        pairs = sorted(store.glob(f"r*/{PAIR}"), key=lambda path: (path.stat().st_mtime, path.parent.name))
        if not pairs:
            raise UsageError(f"no run in {store} has kept activations; make one with: run SCRIPT --twice --margins")
        folder = pairs[-1].parent
    else:
        folder = Path(find_run(name, cwd, settings).folder)
    content = _read(folder)
    try:
        names = str(content["reference"]), str(content["candidate"])
    except KeyError:
        raise UsageError(
            f"run {folder.name} has kept no activations; make a pair that has with: run SCRIPT --twice --margins"
        ) from None
    return find_run(str(folder.parent / names[0]), cwd, settings), find_run(
        str(folder.parent / names[1]), cwd, settings
    )


def program_of(records: tuple[RunRecord, RunRecord]) -> Ran:
    """Return what the runs were of, as it was when they ran: the script may have been edited since."""
    content = _read(Path(records[0].folder))
    if "script_digest" not in content:
        return _look(records[0])
    return Ran(command=records[0].argv, script_digest=content["script_digest"], sources=content.get("sources", {}))


def _look(record: RunRecord) -> Ran:
    """The files as they are now."""
    project = Path(record.project)
    processes = open_run(Path(record.folder)).processes.values()
    loaded = {path for trace in processes for path in trace.sources or ()}
    return Ran(
        command=record.argv,
        script_digest=script_digest(record.argv, Path(record.cwd)),
        sources={path: file_digest(project / path) for path in sorted(loaded)},
    )


def _read(folder: Path) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / PAIR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
