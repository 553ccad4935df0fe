"""Run folders: new ones, lists of them, and what to throw away. One store a project.

`<store>/<run-id>/` holds `run.json`, `program.log`, `trace/`, `tensors/`; ids are short and count up: r1, r2, ….
"""

from __future__ import annotations

import os
import re
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import TraceFormatError, UsageError
from auditor.model.home import base_folder
from auditor.model.lean import dataclass
from auditor.model.run import RunRecord
from auditor.runs import record

VARIABLE = "REPRO_AUDIT_STORE"
LOW_SPACE_BYTES = 1 << 30
NEWEST = 10
"""So many runs are named where one is not there."""

_RUN_ID = re.compile(r"r([1-9]\d*)")


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    id: str
    path: Path


class Store:
    """The runs below one folder, which is made when the first run is."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def new(self) -> RunFolder:
        """Make the folder of the next run. Safe when several processes do so at once."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            number = max(self._numbers(), default=0)
            while True:
                number += 1
                path = self.root / f"r{number}"
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                (path / "trace").mkdir()
                return RunFolder(id=path.name, path=path)
        except OSError as error:
            advice = f"choose another folder with --store or {VARIABLE}"
            raise UsageError(f"{self.root}: cannot keep runs there: {error.strerror}; {advice}") from error

    def list(self) -> tuple[RunRecord, ...]:
        """Return the records of all finished runs, oldest first. Runs that cannot be read are left out."""
        found = (_read_or_none(self.root / f"r{number}") for number in sorted(self._numbers()))
        return tuple(run for run in found if run is not None)

    def load(self, run_id: str) -> RunRecord:
        """Return one run's record; `UsageError` for an id that is not there."""
        path = self.path(run_id)
        if not path.is_dir():
            numbers = sorted(self._numbers())
            known = ", ".join(f"r{number}" for number in numbers[-NEWEST:])
            there = "there are" if len(numbers) <= NEWEST else "the newest are"
            raise UsageError(
                f"no run {run_id} in {self.root}" + (f"; {there} {known}" if known else ", which is empty")
            )
        return record.read(path)

    def path(self, run_id: str) -> Path:
        """Return the folder of a run, whether or not it is there."""
        return self.root / run_id

    def save(self, run: RunRecord) -> None:
        record.write(run, self.path(run.id))

    def prune(self, keep: int) -> tuple[str, ...]:
        """Remove all but the newest `keep` runs; return the ids of those removed. A run in progress has no record yet
        and stays."""
        numbers = sorted(self._numbers())
        finished = [number for number in numbers if (self.root / f"r{number}" / record.FILE_NAME).exists()]
        removed = []
        for number in finished[: max(0, len(finished) - keep)]:
            shutil.rmtree(self.root / f"r{number}", ignore_errors=True)
            removed.append(f"r{number}")
        return tuple(removed)

    def free_bytes(self) -> int:
        """Return the space left where runs are kept."""
        folder = self.root
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def is_low(self) -> bool:
        """True where a trace is likely to fill the disk."""
        return self.free_bytes() < LOW_SPACE_BYTES

    def _numbers(self) -> tuple[int, ...]:
        if not self.root.is_dir():
            return ()
        found = (_RUN_ID.fullmatch(path.name) for path in self.root.iterdir())
        return tuple(int(match.group(1)) for match in found if match)


def _read_or_none(folder: Path) -> RunRecord | None:
    try:
        return record.read(folder)
    except TraceFormatError:
        return None


def root_for(project: Path, setting: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of a project's runs: the setting, else `$REPRO_AUDIT_STORE`, else the user's state folder.

    Raises `UsageError` where none of them is known.
    """
    if setting is not None:
        return setting / _folder_name(project)
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE]) / _folder_name(project)
    state = base_folder("XDG_STATE_HOME", ".local/state", environ)
    if state is None:
        raise UsageError(
            "no folder to keep runs in: HOME is not set and the system does not know this user; set HOME or "
            f"XDG_STATE_HOME, or name a folder with --store or {VARIABLE}"
        )
    return Path(state) / "repro-audit" / "runs" / _folder_name(project)


def open_store(project: Path, setting: Path | None = None) -> Store:
    return Store(root_for(project.resolve(), setting))


def _folder_name(project: Path) -> str:
    """Two projects of the same name share a store only if they have the same path."""
    resolved = project.resolve()
    return f"{resolved.name or 'root'}-{zlib.crc32(os.fsencode(resolved)):08x}"
