"""Trainings under noise in the store: `<store>/w1/<key>/`, and what each came to.

A training counts once its `training.json` is there, which is written last and holds what the program's end told; the
rest of an interrupted one is thrown away when the walk goes on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from auditor.errors import TraceFormatError, UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = "repro-audit-noisy-training"
VERSION = 1
# Version 1: first version.

CONDITIONS = "walk.json"
TRAINING = "training.json"
_SHOWN = 3
_ID = re.compile(r"w([1-9]\d*)")


class TrainingStore:
    """The trainings of one walk. They are shared by walks of equal conditions, whatever their layers and levels."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = _hold(path)

    def folder(self, key: str) -> Path:
        """Make the empty folder of a training."""
        path = self.path / key
        shutil.rmtree(path, ignore_errors=True)
        (path / "trace").mkdir(parents=True)
        return path

    def keep(self, key: str, told: Mapping[str, Any]) -> None:
        """Note what a whole training came to."""
        _write(self.path / key / TRAINING, told)

    def kept(self, key: str) -> dict[str, Any] | None:
        """Return what a training came to; None where there is none."""
        path = self.path / key / TRAINING
        return _read(path) if path.is_file() else None


def open_trainings(store: Path, conditions: Mapping[str, object], resume: bool) -> TrainingStore:
    """Return the folder of a new walk, or with `resume` the newest of equal conditions.

    Raises `UsageError` where there is none, naming what is another in the newest, or where nothing can be written.
    """
    walks = sorted(_walks(store), reverse=True)
    if resume:
        return TrainingStore(_matching(store, [path for _, path in walks], conditions))
    number = walks[0][0] if walks else 0
    try:
        store.mkdir(parents=True, exist_ok=True)
        while True:
            number += 1
            path = store / f"w{number}"
            try:
                path.mkdir()
                break
            except FileExistsError:
                continue
        _write(path / CONDITIONS, {"conditions": dict(conditions)})
    except OSError as error:
        raise UsageError(f"{store}: cannot keep trainings there: {error.strerror}; choose another --store") from error
    return TrainingStore(path)


def prune_trainings(store: Path, keep: int) -> tuple[str, ...]:
    """Remove the trainings of all but the newest `keep` walks; return the names of those removed, oldest first.

    A walk that is going on stays.
    """
    walks = sorted(_walks(store))
    removed = []
    for _, path in walks[: max(0, len(walks) - keep)]:
        if not _is_held(path):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return tuple(removed)


def _hold(path: Path) -> IO[str] | None:
    """Keep a walk from being thrown away for as long as the returned file is open; None where that cannot be had."""
    if fcntl is None:
        return None
    try:
        file = (path / CONDITIONS).open(encoding="utf-8")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # a file system without locks
        file.close()
        return None
    return file


def _is_held(path: Path) -> bool:
    if fcntl is None:
        return False
    try:
        with (path / CONDITIONS).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _matching(store: Path, walks: list[Path], conditions: Mapping[str, object]) -> Path:
    asked = json.loads(json.dumps(conditions))
    different = None
    for path in walks:
        found = _read(path / CONDITIONS).get("conditions", {})
        differing = _differing(path, found, asked)
        if not differing:
            return path
        if different is None and found.get("command") == asked.get("command"):
            different = differing
    told = f"; the last one of this command has other {', '.join(different)}" if different else ""
    raise UsageError(f"--resume: no walk with noise in training of this command is in {store}{told}")


def _differing(path: Path, found: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Return which conditions of a walk are not those that are asked for.

    A source that the program itself writes, metrics in JSON say, is none, unless it is Python.
    """
    names = sorted(name for name in {*asked, *found} - {"sources"} if asked.get(name) != found.get(name))
    if "sources" not in found or "sources" not in asked:
        return names if found.get("sources") == asked.get("sources") else [*names, "sources"]
    then, now = found["sources"], asked["sources"]
    written = {file for kept in path.glob(f"*/{TRAINING}") for file in _read(kept).get("written", ())}
    changed = sorted(file for file in {*then, *now} if then.get(file) != now.get(file))
    changed = [file for file in changed if file.endswith(".py") or file not in written]
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return [*names, f"sources ({', '.join(changed[:_SHOWN])}{more})"] if changed else names


def _walks(store: Path) -> list[tuple[int, Path]]:
    found = []
    for path in store.iterdir() if store.is_dir() else ():
        match = _ID.fullmatch(path.name)
        if match and (path / CONDITIONS).is_file():
            found.append((int(match.group(1)), path))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TraceFormatError(f"{path}: cannot be read: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("version") != VERSION:
        raise TraceFormatError(f"{path}: is no {FORMAT} of version {VERSION}; remove {path.parent} to begin anew")
    return data


def _write(path: Path, data: Mapping[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps({"format": FORMAT, "version": VERSION, **data}, indent=1, sort_keys=True)
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, path)
