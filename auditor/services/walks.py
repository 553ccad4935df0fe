"""Kept noise walks: a file each in the store, `walks/walk-1f0c.json`, found by id, by path, or as the newest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.experiments.margin import LayerTolerance
from auditor.model.lean import dataclass, replace
from auditor.model.overhead import Interval
from auditor.model.report import AuditReport
from auditor.model.sensitivity import NoiseKind, ToleranceStatus
from auditor.report.schema.values import to_json
from auditor.runs.store import open_store
from auditor.services.program import script_of
from auditor.services.settings import Settings
from auditor.services.sourcedigest import source_digests
from auditor.static.files.discovery import find_root

FORMAT = "repro-audit-walk"
VERSION = 1
# Version 1: first version.

FOLDER = "walks"
LAST = "last"
_FALLEN = (ToleranceStatus.MEASURED, ToleranceStatus.PLATEAU, ToleranceStatus.BELOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWalk:
    """A walk, as far as a margin needs it."""

    name: str
    """`walk-` and digits of its own digest, or the path that was given."""

    command: tuple[str, ...]
    """Empty where the file does not tell."""

    script_digest: str | None
    sources: Mapping[str, str]
    """Digests of the project's files when it was made; empty where the file does not tell."""

    objection: str
    """Why its tolerances are not those of the layers of the program as it is; empty where they are."""

    is_whole: bool
    """Every layer that noise can enter was walked over."""

    reacts: bool
    """Noise made the metric fall somewhere. If it does so nowhere, the metric may not look at the model at all."""

    metric: str | None
    models: tuple[str, ...]
    layers: tuple[LayerTolerance, ...]

    def fits(self, ran: Ran) -> bool:
        """Made of the same program, with the same arguments, by whatever interpreter."""
        return not self.doubt(ran)

    def doubt(self, ran: Ran) -> str:
        """Return why it may be of another program than these runs; empty where it is of the same."""
        if not self.command:
            return f"{self.name} does not tell of which program it is; name the one that is kept in the store"
        if tuple(ran.command[1:]) != self.command[1:]:
            return f"{self.name} is of another command: {' '.join(self.command)}"
        if ran.script_digest is None or self.script_digest != ran.script_digest:
            return f"{self.name} is of another version of the script"
        both = self.sources.keys() & ran.sources.keys()
        if changed := sorted(path for path in both if self.sources[path] != ran.sources[path]):
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            return f"{self.name} is of another version of {changed[0]}{more}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The program that runs were of, as it was then."""

    command: tuple[str, ...]
    script_digest: str | None
    sources: Mapping[str, str]
    """Digests of those files of the project that the runs have loaded; empty where that is not known."""


def script_digest(command: Sequence[str], cwd: Path) -> str | None:
    """Return the SHA-256 of the file that a command runs; None where the command does not tell."""
    script = script_of(command, cwd)
    try:
        return hashlib.sha256(script.read_bytes()).hexdigest() if script is not None else None
    except OSError:
        return None


def keep_walk(report: AuditReport, command: Sequence[str], cwd: Path, settings: Settings) -> AuditReport:
    """Write a report's walk into the store of the project that `cwd` is in; return the report with its name noted."""
    walked = report.sensitivity
    if walked is None:
        return report
    cwd = cwd.resolve()
    store = open_store(find_root([cwd]), settings.store).root
    content = {
        "format": FORMAT,
        "version": VERSION,
        "command": list(command),
        "script_digest": script_digest(command, cwd),
        "sources": source_digests(find_root([script_of(command, cwd) or cwd]).resolve(), store),
        "sensitivity": to_json(walked),
    }
    text = json.dumps(content, indent=1) + "\n"
    # Named by what is in it: the same walk again gives the same report.
    path = store / FOLDER / f"walk-{_digest(text)}.json"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"{path}: the walk cannot be kept there: {error.strerror}; choose another --store") from error
    note = f"kept as {path.stem}, where run --twice --margins and margin find it"
    return replace(report, sensitivity=replace(walked, notes=(note, *walked.notes)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def find_walk(name: str, stores: Sequence[Path]) -> KeptWalk:
    """Return a walk by its id, by the path of its file or of a JSON report, or the `last` one.

    Raises `UsageError` where there is none, or where its tolerances are not those of the layers as they are: of noise
    that is not additive, was averaged or was in the training, of clamped weights.
    """
    if name == LAST:
        newest = _kept(stores)
        if not newest:
            raise UsageError("no noise walk is kept of this project; make one with: repro-audit noise walk SCRIPT")
        return _checked(newest[0])
    for store in stores:
        if (store / FOLDER / f"{name}.json").is_file():
            return _checked(_read(store / FOLDER / f"{name}.json", name))
    path = Path(name)
    if not path.is_file():
        known = ", ".join(walk.name for walk in _kept(stores)[:5])
        raise UsageError(f"no walk {name}; there are: {known or 'none; make one with: repro-audit noise walk SCRIPT'}")
    return _checked(_read(path, name))


def newest_fitting(ran: Ran, stores: Sequence[Path]) -> KeptWalk | None:
    """Return the newest additive walk that was made of the same program; None without one.

    One of every layer goes before a newer one of some, and one whose metric reacts before a newer one that does not.
    """
    found = [walk for walk in _kept(stores) if not walk.objection and walk.fits(ran)]
    return max(found, key=lambda walk: (walk.reacts, walk.is_whole), default=None)  # of equal ones the first


def prune_walks(store: Path, keep: int) -> tuple[str, ...]:
    """Remove all but the newest `keep` walks; return the names of those removed, oldest first."""
    removed = _newest_first([store])[keep:][::-1]
    for path in removed:
        path.unlink(missing_ok=True)
    return tuple(path.stem for path in removed)


def _newest_first(stores: Sequence[Path]) -> list[Path]:
    paths = {path.resolve() for store in stores for path in store.glob(f"{FOLDER}/walk-*.json")}
    return sorted(paths, key=lambda path: (path.stat().st_mtime_ns, str(path)), reverse=True)


def _kept(stores: Sequence[Path]) -> list[KeptWalk]:
    """All that can be read, newest first."""
    walks = []
    for path in _newest_first(stores):
        try:
            walks.append(_read(path, path.stem))
        except UsageError:  # noqa: PERF203, of another version; named by its id it is told
            continue
    return walks


def _checked(walk: KeptWalk) -> KeptWalk:
    if walk.objection:
        raise UsageError(f"{walk.name}: {walk.objection}")
    return walk


def _objection(found: Mapping[str, Any]) -> str:
    """Why tolerances are none to hold a difference of two runs against; empty where they are."""
    averaged = [each["name"] for each in found["tolerances"] if each.get("executions", 1) > 1]
    if NoiseKind(found["kind"]) is not NoiseKind.ADD:
        return (
            f"its noise is not additive ({found['kind']}); a difference between two runs adds to what a layer puts "
            "out: walk with --kind add"
        )
    if found.get("mode", "eval") != "eval" or found.get("trained_under") is not None:
        return "noise was in the training, too; walk with --mode eval, without --train-sigma"
    if found.get("clamp") is not None:
        return "weights were clamped in its training, which the program does not do; walk without --clamp"
    if averaged:
        return f"the noise at {averaged[0]} was averaged over several executions; walk without --executions"
    return "" if found["tolerances"] else "holds no layer; walk with --layers all"


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
            sources=content.get("sources", {}),
            objection=_objection(found),
            is_whole=not _left_out(found),
            reacts=any(ToleranceStatus(each["status"]) in _FALLEN for each in _curves(found)),
            metric=found["metric"],
            models=tuple(found["models"]),
            layers=tuple(_layer(each) for each in found["tolerances"]),
        )
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: is no noise walk: {type(error).__name__}: {error}") from error


def _curves(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    together = found.get("all_layers")
    return [*found["tolerances"], *([together] if together is not None else [])]


def _left_out(found: Mapping[str, Any]) -> set[str]:
    """Layers that noise can enter and that have no curve."""
    walked = {each["name"] for each in found["tolerances"]}
    return {point["name"] for point in found.get("points", ()) if point["injectable"]} - walked


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
