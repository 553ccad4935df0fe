"""What was applied to a project and what stood there before, one folder a step, outside of the project.

`<store>/patches/<id>/`: `step.json`, `old/<n>` with the bytes of the n-th file before, and the empty files `finished`
and `undone`. A step without `finished` was cut short: each of its files is whole, old or new. Ids count up: p1, p2, ….
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.runs.store import VARIABLE, root_for
from auditor.services.filewrite import sync_folder, write_durably

FORMAT = "repro-audit-patches"
VERSION = 1
# Version 1: first version.

_ID = re.compile(r"p([1-9]\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """One file of a step."""

    path: str
    """Relative to the project, with `/`."""

    before: str
    """SHA-256 of its bytes before the step."""

    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPatch:
    """What a step says of one of its patches."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Patches that were applied at once."""

    id: str
    applied_at: str
    """ISO 8601, in UTC."""

    patches: tuple[AppliedPatch, ...]
    files: tuple[ChangedFile, ...]
    is_finished: bool = True
    """False where it was cut short."""

    undone_at: str | None = None
    """None where it holds still."""

    @property
    def number(self) -> int:
        return int(self.id[1:])


class Journal:
    """The steps of one project."""

    def __init__(self, project: Path, store: Path | None = None) -> None:
        """`store`: the setting; None means the user's state folder."""
        self._root = root_for(project.resolve(), store) / "patches"

    def steps(self) -> tuple[Step, ...]:
        """All steps, the oldest first; what cannot be read is left out."""
        if not self._root.is_dir():
            return ()
        numbers = sorted(int(match[1]) for each in self._root.iterdir() if (match := _ID.fullmatch(each.name)))
        return tuple(step for number in numbers if (step := self._read(f"p{number}")) is not None)

    def begin(
        self, patches: Sequence[AppliedPatch], files: Sequence[ChangedFile], old: Sequence[bytes], now: datetime
    ) -> Step:
        """Keep the old bytes and what is about to happen; after this `--undo` can take it back, whatever comes.

        Raises `UsageError` where nothing can be kept.
        """
        try:
            folder = self._new_folder()
            (folder / "old").mkdir()
            for number, content in enumerate(old):
                write_durably(folder / "old" / str(number), content)
            step = Step(
                id=folder.name,
                applied_at=_written(now),
                patches=tuple(patches),
                files=tuple(files),
                is_finished=False,
            )
            write_durably(folder / "step.json", _as_json(step))
            sync_folder(self._root)
        except OSError as error:
            advice = f"choose another folder with --store or {VARIABLE}"
            raise UsageError(
                f"{self._root}: the old contents cannot be kept there: {error.strerror}; {advice}. Nothing was changed"
            ) from None
        return step

    def old(self, step: Step) -> tuple[bytes, ...]:
        """The bytes of its files before. Raises `UsageError` where they are gone."""
        try:
            return tuple((self._root / step.id / "old" / str(number)).read_bytes() for number in range(len(step.files)))
        except OSError as error:
            raise UsageError(f"{self._root / step.id}: the old contents cannot be read: {error.strerror}") from None

    def finish(self, step: Step) -> None:
        """Every file is new."""
        write_durably(self._root / step.id / "finished", b"")

    def undo(self, step: Step, now: datetime) -> None:
        """Every file is as it was."""
        write_durably(self._root / step.id / "undone", _written(now).encode())

    def forget(self, step: Step) -> None:
        """Nothing of it happened."""
        shutil.rmtree(self._root / step.id, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing the project by us at the same time, where the system can lock files."""
        try:
            import fcntl
        except ImportError:
            yield
            return
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            stream = open(self._root / "lock", "ab")  # noqa: SIM115  # closed below
        except OSError:
            yield  # `begin` says what is wrong
            return
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _new_folder(self) -> Path:
        self._root.mkdir(parents=True, exist_ok=True)
        number = max((int(match[1]) for each in self._root.iterdir() if (match := _ID.fullmatch(each.name))), default=0)
        while True:
            number += 1
            with contextlib.suppress(FileExistsError):
                (self._root / f"p{number}").mkdir()
                return self._root / f"p{number}"

    def _read(self, step_id: str) -> Step | None:
        folder = self._root / step_id
        try:
            content = json.loads((folder / "step.json").read_bytes())
            if content["format"] != FORMAT or content["version"] != VERSION:
                return None
            undone = (folder / "undone").read_text() if (folder / "undone").exists() else None
            return Step(
                id=step_id,
                applied_at=str(content["applied_at"]),
                patches=tuple(AppliedPatch(**each) for each in content["patches"]),
                files=tuple(ChangedFile(**each) for each in content["files"]),
                is_finished=(folder / "finished").exists(),
                undone_at=undone,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _as_json(step: Step) -> bytes:
    content = {
        "format": FORMAT,
        "version": VERSION,
        "id": step.id,
        "applied_at": step.applied_at,
        "patches": [asdict(each) for each in step.patches],
        "files": [asdict(each) for each in step.files],
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + os.linesep).encode("utf-8", "surrogatepass")


def _written(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")
