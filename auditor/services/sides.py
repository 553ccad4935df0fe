"""Finds the trainings that are held against each other: runs, replicas, or what programs left elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.errors import UsageError
from auditor.experiments.variants import canonical
from auditor.model.lean import dataclass
from auditor.model.run import RunRecord
from auditor.runs import record as run_record
from auditor.runs.output import LOG_NAME
from auditor.runs.replicas import REPLICA, Kept, find_replica, read_replica, whole_replicas
from auditor.runs.sides import Side, Written
from auditor.runs.snapshot import walk
from auditor.runs.store import open_store
from auditor.runs.written import digests
from auditor.services.settings import Settings
from auditor.services.side_files import Looking, SideBuilder, finish
from auditor.services.stored_sides import of_replica, of_run
from auditor.static.files.discovery import find_root

_REPLICA = re.compile(r"(v[1-9]\d*)/([a-z+:-]+)/([1-9]\d*)(?:-([1-9]\d*))?")
_RUN = re.compile(r"r[1-9]\d*")
_MAX_FILES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One training, as it was named."""

    name: str
    record: RunRecord | None = None
    """Of a run in the store."""

    kept: Kept | None = None
    """Of a replica of an experiment."""

    path: Path | None = None
    """A folder or file of anybody else's."""

    def place(self) -> Path:
        """Where it lies."""
        if self.record is not None:
            return Path(self.record.folder)
        place = self.kept.folder if self.kept is not None else self.path
        assert place is not None, "a side is one of the three"
        return place


def find_side(name: str, cwd: Path, settings: Settings) -> Found:
    """Return what a name stands for: `r1`, `v1/control/2`, the folder of either, another folder, or a file.

    Raises `UsageError` where it is none of these.
    """
    store = open_store(find_root([cwd.resolve()]), settings.store)
    match = _REPLICA.fullmatch(name)
    if match is not None:
        number, variant, replica, attempt = match.groups()
        kept = find_replica(store.root, number, canonical(variant), int(replica), int(attempt) if attempt else None)
        if kept is not None:
            return Found(name=name, kept=kept)
        if not (cwd / name).exists():
            raise UsageError(
                f"no whole replica {name} in {store.root}; there are {_replicas(store.root, number) or 'none'}"
            )
    if _RUN.fullmatch(name) and (store.path(name).is_dir() or not (cwd / name).exists()):
        return Found(name=name, record=store.load(name))
    path = cwd / name
    if (path / REPLICA).is_file():
        return Found(name=path.name, kept=read_replica(path.resolve()))
    if (path / run_record.FILE_NAME).is_file():
        found = run_record.read(path.resolve())
        return Found(name=found.id, record=found)
    if not path.exists():
        raise UsageError(
            f"{name}: no run (r1), no replica (v1/control/1) and no folder or file is called so; "
            f"repro-audit runs list shows the runs in {store.root}"
        )
    return Found(name=name.rstrip("/") or name, path=path.resolve())


def read_side(found: Found, looking: Looking) -> Side:
    """Read everything that a training shows of the criteria other than the trace."""
    if found.kept is not None:
        return of_replica(found.name, found.kept, looking)
    if found.record is not None:
        return of_run(found.record, looking)
    assert found.path is not None, "a side is one of the three"
    return _of_path(found.name, found.path, looking)


def _replicas(store: Path, asked: str) -> str:
    """The whole replicas in a store, those of the experiment that was asked for first."""
    whole = {(experiment, kept.variant, kept.number) for experiment, kept in whole_replicas(store)}
    ordered = sorted(whole, key=lambda one: (one[0] != asked, int(one[0].removeprefix("v")), *one[1:]))
    found = [f"{experiment}/{variant}/{number}" for experiment, variant, number in ordered]
    return ", ".join(found[:6]) + (f" and {len(found) - 6} more" if len(found) > 6 else "")


def _of_path(name: str, path: Path, looking: Looking) -> Side:
    single = path.is_file()
    paths = [(path.name, path)] if single else _files_below(path)

    def find(asked: str) -> Path | str:
        there = path if single else path / asked
        return there if there.is_file() else f"{name} has no {asked}"

    log = next(
        (each for each in (LOG_NAME, "stdout", "stdout.txt", "output.txt") if not single and (path / each).is_file()),
        None,
    )
    text = (path / log).read_text(encoding="utf-8", errors="replace") if log is not None else None
    builder = SideBuilder(name=name, looking=looking, log=text, find=find)
    found = digests(path.parent if single else path, [inside for inside, _ in paths])
    unseen = tuple(f"{inside} was not read" for inside, _ in paths if inside not in found)
    told = dict(zip(["the file"], found.values(), strict=False)) if single else found
    builder.files = Written(digests=told, source=name, unseen=unseen)
    return finish(builder, [pair for pair in paths if pair[0] != log])


def _files_below(folder: Path) -> list[tuple[str, Path]]:
    found = sorted(Path(entry.path) for entry in walk(folder, ()))
    if len(found) > _MAX_FILES:
        raise UsageError(f"{folder}: has {len(found):,} files; name the folder that holds the results of one training")
    return [(path.relative_to(folder).as_posix(), path) for path in found]
