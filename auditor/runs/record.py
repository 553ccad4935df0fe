"""`run.json`: a RunRecord on disk, with a format name and a version."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from auditor.errors import TraceFormatError
from auditor.model.annotations import Any
from auditor.model.lean import asdict
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.runs.environment import from_fields

FORMAT = "repro-audit-run"
VERSION = 1
# Version 1: first version.

FILE_NAME = "run.json"


def write(record: RunRecord, folder: Path) -> None:
    """Write `run.json` in one piece: a reader sees the old one or the new one."""
    text = to_text(record)
    temporary = folder / f".{FILE_NAME}.{os.getpid()}"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, folder / FILE_NAME)


def to_text(record: RunRecord) -> str:
    """Return what stands in `run.json`."""
    data = {"format": FORMAT, "version": VERSION, **asdict(record)}
    del data["folder"]  # wherever the file lies
    return json.dumps(data, indent=1, sort_keys=True, default=_plain) + "\n"


def read(folder: Path) -> RunRecord:
    """Read a run's record; `TraceFormatError` where there is none, or one that this program does not read."""
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TraceFormatError(f"{path}: not there; {folder} holds no finished run") from None
    except ValueError as error:
        raise TraceFormatError(f"{path}: damaged: {error}") from error
    return from_text(text, folder)


def from_text(text: str, folder: Path) -> RunRecord:
    """Read what stands in the `run.json` of a folder; `TraceFormatError` where that is damaged."""
    path = folder / FILE_NAME
    try:
        data = json.loads(text)
    except ValueError as error:
        raise TraceFormatError(f"{path}: damaged: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TraceFormatError(f"{path}: not a run record: its format is not {FORMAT}")
    if data.get("version") != VERSION:
        raise TraceFormatError(
            f"{path}: run record version {data.get('version')}; this program reads version {VERSION}"
        )
    try:
        return _record(data, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise TraceFormatError(f"{path}: damaged: {type(error).__name__}: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} cannot be written to {FILE_NAME}")


def _record(data: Mapping[str, Any], folder: Path) -> RunRecord:
    return RunRecord(
        id=data["id"],
        argv=tuple(data["argv"]),
        cwd=data["cwd"],
        project=data["project"],
        changes=dict(data["changes"]),
        started_at=data["started_at"],
        duration_s=float(data["duration_s"]),
        status=ExitStatus(ending=Ending(data["status"]["ending"]), code=int(data["status"]["code"])),
        processes=tuple(_process(process) for process in data["processes"]),
        files_written=tuple(data["files_written"]),
        file_digests=dict(data.get("file_digests", {})),
        notes=tuple(data["notes"]),
        peak_memory_bytes=data.get("peak_memory_bytes"),
        peak_device_memory_bytes=data.get("peak_device_memory_bytes"),
        cpu_s=data.get("cpu_s"),
        machine=data.get("machine", ""),
        folder=str(folder.resolve()),
    )


def _process(data: Mapping[str, Any]) -> ProcessRecord:
    return ProcessRecord(
        name=data["name"],
        pid=int(data["pid"]),
        parent_pid=int(data["parent_pid"]),
        rank=data["rank"],
        complete=bool(data["complete"]),
        events=int(data["events"]),
        steps=int(data["steps"]),
        problems=tuple(data["problems"]),
        environment=from_fields(data["environment"]),
    )
