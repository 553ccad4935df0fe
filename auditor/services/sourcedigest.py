"""What the source of a project is, as one digest a file."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath

from auditor.model.digest import blake2b
from auditor.static.files.discovery import find_files

LARGEST_DOCUMENT_BYTES = 10_000_000
"""A larger JSON or YAML file is data, not configuration."""

LARGEST_DATA_BYTES = 1 << 29
"""In total for one experiment; what goes beyond has no digest."""

UNREADABLE = "unreadable"
_OWN = frozenset({"repro-audit.toml", "repro-audit-baseline.json"})


def source_digests(project: Path, store: Path | None = None) -> dict[str, str]:
    """Return the digest of every program file and configuration below `project`, by relative path.

    Left out: what `.gitignore` leaves out, folders of tools, hidden files but `.env` ones, our own settings, documents
    that are large enough to be data, and the project's `store`, which may lie in the project.
    """
    found = find_files(project, [project], ())
    chosen = [*found.files, *(document for document in found.documents if _is_configuration(document.file))]
    own = [source for source in chosen if store is None or not source.file.is_relative_to(store)]
    return {source.path: file_digest(source.file) for source in own if _counts(source.path)}


def file_digest(path: Path) -> str:
    """Return the digest of a file's bytes, `unreadable` where it cannot be read."""
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return UNREADABLE
    return digest.hexdigest()


def content_digest(content: bytes) -> str:
    """Return what `file_digest` says of a file with this content."""
    return blake2b(content, digest_size=16).hexdigest()


def data_digests(project: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return digests of data files, relative to the project or absolute; empty where one is gone or too much."""
    left = LARGEST_DATA_BYTES
    found = {}
    for path in sorted(set(paths)):
        file = project / path
        try:
            size = os.stat(file).st_size
        except OSError:
            found[path] = ""
            continue
        left -= size
        digest = file_digest(file) if left >= 0 else ""
        found[path] = "" if digest == UNREADABLE else digest
    return found


def changed_at(path: Path) -> float:
    """Return when a file's content or status last changed, in seconds since the epoch; infinite where it is gone.

    The time of change, not of modification: it cannot be set back, and copying an older file over another moves it.
    """
    try:
        return os.stat(path).st_ctime
    except OSError:
        return math.inf


def newer_files(project: Path, paths: Iterable[str], than: float) -> frozenset[str]:
    """Return those of some files that are there and changed since a time."""
    return frozenset(path for path in paths if than < changed_at(project / path) < math.inf)


def listing_digest(folder: Path, left_out: Collection[str] = ()) -> str:
    """Return one digest of the names in a folder, without some of them; empty where it cannot be listed."""
    try:
        names = sorted(set(os.listdir(folder)) - set(left_out) - {"__pycache__"})
    except OSError:
        return ""
    return content_digest("\0".join(names).encode("utf-8", "surrogateescape"))


def written_in(folder: str, written: Iterable[str]) -> frozenset[str]:
    """Return the names in a folder that are written files, or lead to some; all paths relative to the project."""
    inside = PurePosixPath(folder)
    parts = [PurePosixPath(path).relative_to(inside).parts for path in written if _is_below(path, inside)]
    return frozenset(part[0] for part in parts if part)


def _is_below(path: str, folder: PurePosixPath) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def whole_digest(sources: Mapping[str, str]) -> str:
    """Return one digest of all of them."""
    told = "".join(f"{path}\0{digest}\n" for path, digest in sorted(sources.items()))
    return blake2b(told.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _is_configuration(path: Path) -> bool:
    try:
        return path.stat().st_size <= LARGEST_DOCUMENT_BYTES
    except OSError:
        return False


def _counts(path: str) -> bool:
    *folders, name = path.split("/")
    hidden = any(part.startswith(".") for part in folders) or (name.startswith(".") and not name.startswith(".env"))
    return not hidden and name not in _OWN
