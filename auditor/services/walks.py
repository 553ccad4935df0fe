"""Kept noise walks: written beside the run that made them, found again by id, by path, or as the newest that fits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.experiments.margin import LayerTolerance
from auditor.model.lean import dataclass
from auditor.model.overhead import Interval
from auditor.model.sensitivity import NoiseKind, SensitivityReport, ToleranceStatus
from auditor.report.schema.values import to_json
from auditor.services.program import script_of

FORMAT = "repro-audit-walk"
VERSION = 1
# Version 1: first version.

FILE_NAME = "walk.json"
LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWalk:
    """A walk, as far as a margin needs it."""

    name: str
    """Run id, or the path that was given."""

    command: tuple[str, ...]
    """Empty where the file does not tell."""

    script_digest: str | None
    kind: NoiseKind
    metric: str | None
    models: tuple[str, ...]
    layers: tuple[LayerTolerance, ...]

    def fits(self, command: Sequence[str], digest: str | None) -> bool:
        """Made of the same program, with the same arguments, by whatever interpreter."""
        return digest is not None and self.script_digest == digest and tuple(command[1:]) == self.command[1:]


def script_digest(command: Sequence[str], cwd: Path) -> str | None:
    """Return the SHA-256 of the file that a command runs; None where the command does not tell."""
    script = script_of(command, cwd)
    try:
        return hashlib.sha256(script.read_bytes()).hexdigest() if script is not None else None
    except OSError:
        return None


def keep_walk(folder: Path, command: Sequence[str], cwd: Path, walked: SensitivityReport) -> None:
    """Write a walk into the folder of the run that made it."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "command": list(command),
        "script_digest": script_digest(command, cwd),
        "sensitivity": to_json(walked),
    }
    (folder / FILE_NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def find_walk(name: str, stores: Sequence[Path]) -> KeptWalk:
    """Return a walk by run id, by the path of a run folder, of its file or of a JSON report, or the `last` one.

    Raises `UsageError` where there is none, where its noise is not additive, or where it has no layers.
    """
    if name == LAST:
        newest = _kept(stores)
        if not newest:
            raise UsageError("no noise walk is kept of this project; make one with: repro-audit noise walk SCRIPT")
        return _checked(newest[0])
    for store in stores:
        if (store / name / FILE_NAME).is_file():
            return _checked(_read(store / name / FILE_NAME, name))
    path = Path(name)
    if path.is_dir():
        path /= FILE_NAME
    if not path.is_file():
        known = ", ".join(walk.name for walk in _kept(stores)[:5])
        raise UsageError(f"no walk {name}; there are: {known or 'none; make one with: repro-audit noise walk SCRIPT'}")
    return _checked(_read(path, name))


def newest_fitting(command: Sequence[str], digest: str | None, stores: Sequence[Path]) -> KeptWalk | None:
    """Return the newest additive walk of every layer that was made of the same program; None without one."""
    for walk in _kept(stores):
        if walk.fits(command, digest) and walk.kind is NoiseKind.ADD and walk.layers:
            return walk
    return None


def _kept(stores: Sequence[Path]) -> list[KeptWalk]:
    """All that can be read, newest first."""
    found: dict[Path, float] = {}
    for store in stores:
        for path in store.glob(f"r*/{FILE_NAME}"):
            found[path.resolve()] = path.stat().st_mtime
    ordered = sorted(found, key=lambda path: (found[path], _number(path.parent.name), str(path)), reverse=True)
    walks = []
    for path in ordered:
        try:
            walks.append(_read(path, path.parent.name))
        except UsageError:  # noqa: PERF203, of another version; named by its id it is told
            continue
    return walks


def _number(run_id: str) -> int:
    return int(run_id[1:]) if run_id[1:].isdigit() else 0


def _checked(walk: KeptWalk) -> KeptWalk:
    if walk.kind is not NoiseKind.ADD:
        raise UsageError(
            f"walk {walk.name}: its noise is not additive ({walk.kind.value}); a difference between two runs adds to "
            "what a layer puts out: walk with --kind add"
        )
    if not walk.layers:
        raise UsageError(f"walk {walk.name}: holds no layer; walk with --layers all")
    return walk


def _read(path: Path, name: str) -> KeptWalk:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.get("sensitivity")
        if not found or not found.get("kind"):
            raise UsageError(f"{path}: holds no noise walk")
        if content.get("format") == FORMAT and content.get("version") != VERSION:
            raise UsageError(f"{path}: walk version {content.get('version')}; this program reads version {VERSION}")
        return KeptWalk(
            name=name,
            command=tuple(content.get("command", ())),
            script_digest=content.get("script_digest"),
            kind=NoiseKind(found["kind"]),
            metric=found["metric"],
            models=tuple(found["models"]),
            layers=tuple(_layer(each) for each in found["tolerances"]),
        )
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: is no noise walk: {type(error).__name__}: {error}") from error


def _layer(data: Mapping[str, Any]) -> LayerTolerance:
    interval = data["interval"]
    sigmas = [float(level["sigma"]) for level in data["curve"]]
    return LayerTolerance(
        name=data["name"],
        status=ToleranceStatus(data["status"]),
        midpoint=data["midpoint"],
        interval=None if interval is None else Interval(**interval),
        smallest_sigma=min(sigmas, default=None),
        greatest_sigma=max(sigmas, default=None),
    )
