"""The baseline file: findings that are accepted for now, one a line, so that a scan tells only what is new.

Sorted and without line numbers: an edit elsewhere in a file changes nothing in it, and two branches merge.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.errors import UsageError
from auditor.model.known import KnownFinding
from auditor.model.lean import replace
from auditor.model.rule import RuleId
from auditor.services.known import Coverage

FORMAT = "repro-audit-baseline"
VERSION = 1
# Version 1: first version.

FILE_NAME = "repro-audit-baseline.json"
"""What the file is called where nobody chose a name."""

_KEY = re.compile(r"[0-9a-f]{16}")
_FIELDS = ("key", "rule", "path", "programs", "source", "reason")
_OPTIONAL = ("programs", "reason")


def read_baseline(path: Path) -> tuple[KnownFinding, ...]:
    """Read a baseline; raises `UsageError` naming file and key where it is missing, broken or something else."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # editors put a byte order mark there
    except FileNotFoundError:
        hint = f"`repro-audit scan --write-baseline {path}` writes it"
        raise UsageError(f"{path}: no such baseline; {hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        marks = (
            " (it holds the marks of a merge conflict; keep the entries of both sides, a comma after each but the last)"
            if "<<<<<<<" in text
            else ""
        )
        raise UsageError(f"{path}: not a baseline: not JSON: {error}{marks}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f'{path}: format: expected "{FORMAT}"; this is another kind of file, and is left alone')
    if content.get("version") != VERSION:
        raise UsageError(
            f"{path}: version: this program reads version {VERSION}, found {json.dumps(content.get('version'))}; "
            "write the baseline anew or update repro-audit"
        )
    _refuse_others(content, ("format", "version", "findings"), str(path))
    entries = content.get("findings")
    if not isinstance(entries, list):
        raise UsageError(f"{path}: findings: expected an array, found {_kind(entries)}")
    return _unique([_entry(entry, f"{path}: findings[{number}]") for number, entry in enumerate(entries)], path)


def _entry(entry: object, where: str) -> KnownFinding:
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: expected an object, found {_kind(entry)}")
    _refuse_others(entry, _FIELDS, where)
    for name in _FIELDS:
        if name != "programs" and not isinstance(entry.get(name, "" if name in _OPTIONAL else None), str):
            raise UsageError(f"{where}.{name}: expected a string, found {_kind(entry.get(name))}")
    programs = entry.get("programs", [])
    if not isinstance(programs, list) or not all(isinstance(program, str) for program in programs):
        raise UsageError(f"{where}.programs: expected an array of strings, found {_kind(programs)}")
    if not _KEY.fullmatch(entry["key"]):
        raise UsageError(f"{where}.key: expected 16 hexadecimal digits, found `{entry['key']}`")
    return KnownFinding(
        key=entry["key"],
        rule_id=RuleId(entry["rule"]),
        path=entry["path"],
        programs=tuple(programs),
        source=entry["source"],
        reason=entry.get("reason", ""),
    )


def _refuse_others(content: dict[str, object], known: Sequence[str], where: str) -> None:
    for name in content:
        if name not in known:
            raise UsageError(f"{where}: `{name}` is no key of a baseline; there are: {', '.join(known)}")


def _unique(entries: list[KnownFinding], path: Path) -> tuple[KnownFinding, ...]:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if entry.key in seen:
            raise UsageError(f"{path}: findings[{number}].key: `{entry.key}` stands there twice; remove one of the two")
        seen.add(entry.key)
    return tuple(entries)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), "a number")


def merge(found: Iterable[KnownFinding], before: Iterable[KnownFinding], covered: Coverage) -> tuple[KnownFinding, ...]:
    """What a baseline holds after a scan: what was found, and what was there and could not be judged.

    Reasons that people gave stay.
    """
    old = {entry.key: entry for entry in before}
    new = {entry.key: replace(entry, reason=old[entry.key].reason) if entry.key in old else entry for entry in found}
    kept = {key: entry for key, entry in old.items() if key not in new and not covered.judges(entry)}
    return sorted_entries((new | kept).values())


def sorted_entries(entries: Iterable[KnownFinding]) -> tuple[KnownFinding, ...]:
    """The order of the file: by path, rule, programs and source."""
    return tuple(sorted(entries, key=lambda each: (each.path, each.rule_id, each.programs, each.source, each.key)))


def write_baseline(path: Path, entries: Sequence[KnownFinding]) -> None:
    """Write all of it or nothing; raises `UsageError` where that cannot be."""
    text = to_text(entries)
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with open(handle, "w", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text)
            os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise UsageError(f"{path}: the baseline cannot be written: {error.strerror}") from error


def shown_name(path: Path, root: Path) -> str:
    """The file as reports name it: relative to the project, else its name; no folder of this machine."""
    inside = os.path.relpath(path, root).replace(os.sep, "/")
    return path.name if inside.startswith("../") else inside


def to_text(entries: Sequence[KnownFinding]) -> str:
    """The file's content, one entry a line."""
    lines = [json.dumps(_fields(entry), ensure_ascii=False) for entry in entries]
    body = ",\n    ".join(lines)
    findings = f"[\n    {body}\n  ]" if lines else "[]"
    return f'{{\n  "format": "{FORMAT}",\n  "version": {VERSION},\n  "findings": {findings}\n}}\n'


def _fields(entry: KnownFinding) -> dict[str, object]:
    fields: dict[str, object] = {"rule": entry.rule_id, "path": entry.path, "source": entry.source, "key": entry.key}
    if entry.programs:
        fields["programs"] = list(entry.programs)
    if entry.reason:
        fields["reason"] = entry.reason
    return fields
