"""Files that results of scans are kept in: replaced in one step, checked when they are read, few of them."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import sha256

if TYPE_CHECKING:
    import pickle

    from auditor.ruleset.library import Library
else:
    try:
        import _pickle as pickle  # what `pickle` gives; its own module takes 2 ms to load
    except ImportError:
        import pickle

FORMAT = b"repro-audit scan 2\n"
"""Magic line, SHA-256 of the body, body.

Version 1: one file a scan. Version 2: a second one beside it (`.parts`), with what a scan found out about each file.
"""

PROTOCOL = 5
"""Of `pickle`."""

MAX_ENTRIES = 128
"""Files that are kept, the youngest ones."""

_PARTS = frozenset(
    {
        ("auditor.static.findings", "Placed"), ("auditor.static.importgraph", "Reach"),
        ("auditor.static.library_verdict", "Draw"), ("auditor.static.library_verdict", "LibraryVerdict"),
        ("auditor.static.library_verdict", "Seed"), ("auditor.static.library_verdict", "SeedStatus"),
        ("auditor.static.library_verdict", "SeedValue"), ("auditor.static.passes", "Looked"),
        ("auditor.static.sketch", "Sketch"), ("auditor.static.trace", "Entry"), ("auditor.static.trace", "Kept"),
        ("builtins", "frozenset"), ("builtins", "set"),
    }
)  # fmt: skip
"""What is made besides the types of a report."""


class _Writer(pickle.Pickler):
    """Names RNG libraries, which the rules hold, instead of writing them down."""

    def persistent_id(self, obj: object) -> str | None:
        from auditor.ruleset.library import Library  # whoever only reads a report does without

        return obj.id if isinstance(obj, Library) else None


class _Reader(pickle.Unpickler):
    """Makes nothing but what reports and parts of scans are made of, whatever an entry says."""

    def __init__(self, body: bytes, libraries: Mapping[str, Library]) -> None:
        super().__init__(io.BytesIO(body))
        self._libraries = libraries

    def persistent_load(self, pid: object) -> Library:
        return self._libraries[str(pid)]

    def find_class(self, module: str, name: str) -> object:
        is_model = module.startswith("auditor.model.") and not name.startswith("_")
        if not is_model and (module, name) not in _PARTS:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a report")
        return super().find_class(module, name)


def read(path: Path, libraries: Mapping[str, Library] | None = None) -> dict[str, object] | None:
    """An entry; None where there is none or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(FORMAT)
    body = content[start + 32 :]
    if content[:start] != FORMAT or content[start : start + 32] != sha256(body).digest():
        return None
    try:
        entry = _Reader(body, libraries or {}).load()
    except Exception:  # a damaged entry can raise anything; it is as good as none
        return None
    return entry if isinstance(entry, dict) else None


def write(path: Path, entry: Mapping[str, object]) -> bool:
    """Replace an entry in one step: readers see the old one or the new one. Whether it could be written."""
    stream = io.BytesIO()
    _Writer(stream, PROTOCOL).dump(dict(entry))
    body = stream.getvalue()
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(FORMAT + sha256(body).digest() + body)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        return False
    return True


def prune(folder: Path) -> None:
    """Remove all but the youngest entries, and what writers that were killed left behind."""
    kept: list[tuple[int, Path]] = []
    for path in _entries(folder):
        with contextlib.suppress(OSError):
            kept.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(kept, reverse=True)[MAX_ENTRIES:]:
        with contextlib.suppress(OSError):
            path.unlink()


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder)]
    except OSError:
        return ()
