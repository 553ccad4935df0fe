"""Kept evidence on disk: `<store>/evidence/e<n>.json`, one small file an experiment, oldest number first."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path

from auditor.errors import TraceFormatError
from auditor.model.annotations import Any
from auditor.model.environment import Environment
from auditor.model.evidence import Evidence, EvidenceKind, KeptCause, Surroundings
from auditor.model.lean import asdict, replace
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Status
from auditor.runs.environment import from_fields

FORMAT = "repro-audit-evidence"
VERSION = 1
# Version 1: first version. Added since, all optional: listings, unseen, trained, altered, apart.

FOLDER = "evidence"
_NAME = re.compile(r"e([1-9]\d*)\.json")


def keep_evidence(store: Path, evidence: Evidence) -> Evidence:
    """Write evidence under the next free number; return it with its id. Raises `OSError` where that cannot be done.

    A reader sees the whole file or none; two processes that keep evidence at once get two numbers.
    """
    folder = store / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    number = max(_numbers(folder), default=0)
    while True:
        number += 1
        numbered = replace(evidence, id=f"e{number}")
        path, temporary = folder / f"e{number}.json", folder / f".e{number}.{os.getpid()}.{threading.get_ident()}"
        text = json.dumps({"format": FORMAT, "version": VERSION, **asdict(numbered)}, sort_keys=True, default=_plain)
        temporary.write_text(text + "\n", encoding="utf-8")
        try:
            _put(temporary, path)
        except FileExistsError:
            continue
        finally:
            temporary.unlink()
        return numbered


def _put(whole: Path, path: Path) -> None:
    """Give a file that is whole its name; `FileExistsError` where that is taken."""
    try:
        os.link(whole, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with path.open("xb") as file:
            file.write(whole.read_bytes())


def read_evidence(store: Path) -> tuple[tuple[Evidence, ...], tuple[str, ...]]:
    """Return all kept evidence, oldest first, and a sentence for each file that cannot be read."""
    folder = store / FOLDER
    found: list[Evidence] = []
    unread: list[str] = []
    for number in sorted(_numbers(folder)):
        one = _read_or_reason(folder / f"e{number}.json")
        if isinstance(one, str):
            unread.append(one)
        else:
            found.append(one)
    return tuple(found), tuple(unread)


def _numbers(folder: Path) -> list[int]:
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [int(match.group(1)) for match in map(_NAME.fullmatch, names) if match]


def _read_or_reason(path: Path) -> Evidence | str:
    try:
        return _read(path)
    except TraceFormatError as error:
        return str(error)


def _read(path: Path) -> Evidence:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TraceFormatError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TraceFormatError(f"{path.name}: its format is not {FORMAT}")
    if data.get("version") != VERSION:
        raise TraceFormatError(f"{path.name}: version {data.get('version')}; this program reads version {VERSION}")
    try:
        evidence = _evidence(data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise TraceFormatError(f"{path.name}: damaged: {type(error).__name__}: {error}") from error
    if evidence.id != path.stem:
        raise TraceFormatError(f"{path.name}: damaged: it says that it is {evidence.id}")
    return evidence


def _evidence(data: Mapping[str, Any]) -> Evidence:
    return Evidence(
        id=_text(data["id"]),
        kind=EvidenceKind(data["kind"]),
        command=_texts(data["command"]),
        cwd=_text(data["cwd"]),
        project=_text(data["project"]),
        interpreter=_text(data["interpreter"]),
        kept_at=_time(data["kept_at"]),
        sources=_table(data["sources"]),
        unstable=_texts(data["unstable"]),
        surroundings=_surroundings(data["surroundings"]),
        answer=_text(data["answer"]),
        status=None if data["status"] is None else Status(data["status"]),
        runs=_texts(data["runs"]),
        steps=int(data["steps"]),
        is_whole=data["is_whole"] is True,
        compared=int(data["compared"]),
        environment=_environment(data["environment"]),
        differences=_texts(data["differences"]),
        cause=_cause(data["cause"]),
        margins=_text(data["margins"]),
        criteria=_texts(data["criteria"]),
        loaded=None if data["loaded"] is None else _texts(data["loaded"]),
        written=_texts(data["written"]),
        data=_table(data["data"]),
        listings=_table(data.get("listings", {})),
        unseen=_texts(data.get("unseen", [])),
        trained=None if data.get("trained") is None else data["trained"] is True,
        altered=_text(data.get("altered", "")),
        apart=_text(data.get("apart", "")),
        artifacts=_table(data["artifacts"]),
        patched=_table(data["patched"]),
        variables=_texts(data["variables"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return tuple(map(_text, value))


def _table(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table, found {type(value).__name__}")
    return {name: _text(each) for name, each in value.items()}


def _time(value: Any) -> str:
    if datetime.fromisoformat(_text(value)).tzinfo is None:
        raise ValueError(f"a time without its offset: {value}")
    return _text(value)


def _surroundings(data: Mapping[str, Any] | None) -> Surroundings | None:
    if data is None:
        return None
    return Surroundings(
        python=_text(data["python"]), packages=_table(data["packages"]), machine=_table(data["machine"])
    )


def _environment(data: Mapping[str, Any] | None) -> Environment | None:
    if data is None:
        return None
    for name in ("flags", "variables", "packages"):
        _table(data[name])
    _texts(data["devices"])
    return from_fields(data)


def _cause(data: Mapping[str, Any] | None) -> KeptCause | None:
    if data is None:
        return None
    return KeptCause(
        title=_text(data["title"]),
        category=Category(data["category"]),
        confidence=Confidence(data["confidence"]),
        evidence=_text(data["evidence"]),
        remedy=_text(data["remedy"]),
    )


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} cannot be written as evidence")
