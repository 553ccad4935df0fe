"""Experiments of many replicas in the store: `<store>/v1/<variant>/<number>/`.

A replica counts once its `replica.json` is there, which is written last. Where one is run again it gets a folder that
none had before, `<number>-2`: a program of which we lost sight may still write into its own. What an interrupted one
left is thrown away when the experiment goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError, UsageError
from auditor.model.lean import dataclass

FORMAT = "repro-audit-variance"
VERSION = 1
# Version 1: first version.

EXPERIMENT = "experiment.json"
REPLICA = "replica.json"
TAPE = "tape"
COLLECTED = "collect"
DRAWS = "draws"
SOURCES = "sources"
_ID = re.compile(r"v([1-9]\d*)")
_ATTEMPT = re.compile(r"([1-9]\d*)(?:-([1-9]\d*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under what all replicas of an experiment run; two experiments of equal conditions are one."""

    command: tuple[str, ...]
    cwd: str
    python: str
    threads: int
    vary: str
    """Seeds that are replaced in replicas with algorithmic noise: `none`, `global` or `all`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One whole replica."""

    variant: str
    number: int
    folder: Path
    duration_s: float
    seeds: tuple[str, ...]
    """Seeds of global generators that the program passed: `torch.manual_seed(0) at train.py:65`."""

    files: Mapping[str, str]
    """Path of a file that it wrote, as it was asked for → name of the copy in the replica's folder."""

    written: tuple[str, ...]
    """Other files of the project that were new or another after it; empty where it ran in a copy."""

    notes: tuple[str, ...]
    machine: str = ""
    """Kind of processor and GPUs that it ran on; empty where that was not noted."""

    sources: str = ""
    """What `keep_sources` returned for the project when it was run; empty where that was not noted."""


class ExperimentFolder:
    """One experiment."""

    def __init__(self, path: Path, conditions: Conditions, hash_seed: str) -> None:
        self.path = path
        self.id = path.name
        self.conditions = conditions
        self.hash_seed = hash_seed
        """Hash secret of the replicas without algorithmic noise."""

    @property
    def tape(self) -> Path:
        """What all replicas without algorithmic noise are given; there once the first of them has ended well."""
        return self.path / TAPE

    def has_tape(self) -> bool:
        return self.tape.is_dir()

    def replica(self, variant: str, number: int, keep: bool = False) -> Path:
        """Make an empty folder for a replica, where none was before; `keep` what earlier attempts left."""
        before = {attempt: path for (of, attempt), path in self._attempts(variant).items() if of == number}
        attempt = max(before, default=0) + 1
        path = self.path / _folder(variant) / (str(number) if attempt == 1 else f"{number}-{attempt}")
        for name in (TAPE, COLLECTED, DRAWS, "replay"):
            (path / name).mkdir(parents=True)
        if not keep:
            for old in before.values():
                shutil.rmtree(old, ignore_errors=True)
        return path

    def keep(self, kept: Kept) -> None:
        """Note that a replica is whole."""
        data = {"format": FORMAT, "version": VERSION, **asdict(kept)}
        del data["folder"]
        _write(kept.folder / REPLICA, data)

    def replicas(self, variant: str) -> tuple[Kept, ...]:
        """The whole replicas of a variant, by number."""
        attempts = sorted(self._attempts(variant).items())
        whole = {number: path for (number, _), path in attempts if (path / REPLICA).is_file()}
        return tuple(read_replica(path) for path in whole.values())

    def latest(self, variant: str) -> dict[int, Path]:
        """The folder of each replica's last attempt, by number; whole or not."""
        return {number: path for (number, _), path in sorted(self._attempts(variant).items())}

    def keep_tape(self, made: Path) -> None:
        """Take the tape that all replicas without algorithmic noise are given, in one piece."""
        new = self.path / f".{TAPE}.{os.getpid()}"
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(made, new)
        shutil.rmtree(self.tape, ignore_errors=True)
        os.replace(new, self.tape)

    def keep_sources(self, digests: Mapping[str, str]) -> str:
        """Keep digests of a project's files, by path; return by what they are found again."""
        text = json.dumps(digests, indent=1, sort_keys=True) + "\n"
        name = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        path = self.path / SOURCES / f"{name}.json"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            _write(path, digests)
        return name

    def sources(self, name: str) -> dict[str, str] | None:
        """What was kept under a name; None where it is gone."""
        try:
            return dict(json.loads((self.path / SOURCES / f"{name}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def _attempts(self, variant: str) -> dict[tuple[int, int], Path]:
        return _attempts(self.path / _folder(variant))


def find_replica(store: Path, experiment: str, variant: str, number: int, attempt: int | None = None) -> Kept | None:
    """Return a whole replica of an experiment in a store, that of one attempt if one is named; None for none."""
    attempts = sorted(_attempts(store / experiment / _folder(variant)).items())
    named = [path for (each, of), path in attempts if each == number and attempt in (None, of)]
    whole = [path for path in named if (path / REPLICA).is_file()]
    return read_replica(whole[-1]) if whole else None


def whole_replicas(store: Path) -> Iterator[tuple[str, Kept]]:
    """Every whole replica in a store, with the experiment that it is of."""
    for experiment in sorted(store.glob(f"v*/{EXPERIMENT}")):
        for replica in sorted(experiment.parent.glob(f"*/*/{REPLICA}")):
            yield experiment.parent.name, read_replica(replica.parent)


def _attempts(folder: Path) -> dict[tuple[int, int], Path]:
    """Folders of a variant by number and attempt, both from 1."""
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _ATTEMPT.fullmatch(path.name)
        if match:
            found[int(match.group(1)), int(match.group(2) or 1)] = path
    return found


def _folder(variant: str) -> str:
    """Without colons, which lists of folders in variables of the environment cannot have."""
    return variant.replace(":", "-")


def new_experiment(store: Path, conditions: Conditions, hash_seed: str) -> ExperimentFolder:
    """Make the folder of the next experiment."""
    number = max((number for number, _ in _experiments(store)), default=0)
    try:
        store.mkdir(parents=True, exist_ok=True)
        while True:
            number += 1
            path = store / f"v{number}"
            try:
                path.mkdir()
                break
            except FileExistsError:
                continue
        _write(
            path / EXPERIMENT,
            {"format": FORMAT, "version": VERSION, "hash_seed": hash_seed, **asdict(conditions)},
        )
    except OSError as error:
        raise UsageError(f"{store}: cannot keep replicas there: {error.strerror}; choose another --store") from error
    return ExperimentFolder(path, conditions, hash_seed)


def find_experiment(store: Path, conditions: Conditions) -> ExperimentFolder:
    """Return the newest experiment of these conditions; `UsageError` that names the others where there is none."""
    others = []
    for _, path in sorted(_experiments(store), reverse=True):
        found, hash_seed = _read_experiment(path)
        if found == conditions:
            return ExperimentFolder(path, found, hash_seed)
        others.append(f"{path.name}: {' '.join(found.command)}{_difference(found, conditions)}")
    told = "; there are: " + "; ".join(others[:5]) if others else "; there is none at all"
    raise UsageError(f"--resume: no experiment of this command under these conditions in {store}{told}")


def experiments_of(store: Path, arguments: Sequence[str]) -> Iterator[ExperimentFolder]:
    """Yield the experiments of a command, newest first, whatever its interpreter; those that cannot be read are not."""
    for _, path in sorted(_experiments(store), reverse=True):
        try:
            found, hash_seed = _read_experiment(path)
        except TraceFormatError:
            continue
        if found.command[1:] == tuple(arguments):
            yield ExperimentFolder(path, found, hash_seed)


def named_experiment(store: Path, name: str) -> ExperimentFolder | None:
    """Return the experiment of an id, `v3`; None for none. Raises `TraceFormatError` where it cannot be read."""
    path = store / name
    is_there = any(path == each for _, each in _experiments(store))
    return ExperimentFolder(path, *_read_experiment(path)) if is_there else None


def _difference(found: Conditions, asked: Conditions) -> str:
    if found.command != asked.command:
        return ""
    changed = [name for name, value in asdict(asked).items() if asdict(found)[name] != value]
    return f" (other {', '.join(changed)})"


def _experiments(store: Path) -> Iterator[tuple[int, Path]]:
    for path in store.iterdir() if store.is_dir() else ():
        match = _ID.fullmatch(path.name)
        if match and (path / EXPERIMENT).is_file():
            yield int(match.group(1)), path


def _read_experiment(path: Path) -> tuple[Conditions, str]:
    data = _read(path / EXPERIMENT)
    try:
        conditions = Conditions(
            command=tuple(data["command"]),
            cwd=data["cwd"],
            python=data["python"],
            threads=int(data["threads"]),
            vary=data["vary"],
        )
        return conditions, str(data["hash_seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise TraceFormatError(f"{path / EXPERIMENT}: damaged: {type(error).__name__}: {error}") from error


def read_replica(folder: Path) -> Kept:
    data = _read(folder / REPLICA)
    try:
        return Kept(
            variant=data["variant"],
            number=int(data["number"]),
            folder=folder,
            duration_s=float(data["duration_s"]),
            seeds=tuple(data["seeds"]),
            files=dict(data["files"]),
            written=tuple(data["written"]),
            notes=tuple(data["notes"]),
            machine=data.get("machine", ""),
            sources=data.get("sources", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TraceFormatError(f"{folder / REPLICA}: damaged: {type(error).__name__}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TraceFormatError(f"{path}: cannot be read: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TraceFormatError(f"{path}: its format is not {FORMAT}")
    if data.get("version") != VERSION:
        raise TraceFormatError(f"{path}: version {data.get('version')}; this program reads version {VERSION}")
    return data


def _write(path: Path, data: Mapping[str, object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(temporary, path)
