"""Files that results of scans are kept in: replaced in one step, checked when they are read, few of them."""

from __future__ import annotations

import contextlib
import io
import marshal
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.model.annotations import TYPE_CHECKING, Any
from auditor.ruleset.marshalled import read_marshalled, write_marshalled
from auditor.services.kept_report import FORMAT

if TYPE_CHECKING:
    import pickle

    from auditor.ruleset.library import Library
else:
    try:
        import _pickle as pickle  # what `pickle` gives; its own module takes 2 ms to load
    except ImportError:
        import pickle

PROTOCOL = 5
"""Of `pickle`."""

MAX_ENTRIES = 128
"""Files that are kept, the youngest ones."""

_PARTS = frozenset(
    {
        ("auditor.static.scanning.findings", "Looked"), ("auditor.static.scanning.findings", "Placed"),
        ("auditor.static.resolution.library_verdict", "Draw"),
        ("auditor.static.resolution.library_verdict", "LibraryVerdict"),
        ("auditor.static.resolution.library_verdict", "Seed"),
        ("auditor.static.resolution.library_verdict", "SeedStatus"),
        ("auditor.static.resolution.library_verdict", "SeedValue"),
        ("builtins", "frozenset"), ("builtins", "set"),
    }
)  # fmt: skip
"""What is made besides the types of a report."""


def library_named(identifier: str) -> Library:
    """Stands in entries for an RNG library, which the rules hold; `_Reader` looks it up."""
    raise LookupError(identifier)


def dumped(value: object) -> bytes:
    """A part of an entry, with the names of RNG libraries in their place."""
    from auditor.ruleset.library import Library  # whoever only reads a report does without

    stream = io.BytesIO()
    writer = pickle.Pickler(stream, PROTOCOL)
    # `persistent_id` would be asked about every text and number.
    writer.dispatch_table = {Library: lambda library: (library_named, (library.id,))}
    writer.dump(value)
    return stream.getvalue()


def loaded(body: bytes, libraries: Mapping[str, Library] | None = None) -> object:
    """What was dumped. Raises anything for bytes that are something else; nothing is made but what entries hold."""
    return _Reader(body, libraries or {}).load()


class _Reader(pickle.Unpickler):
    """Makes nothing but what reports and parts of scans are made of, whatever an entry says."""

    def __init__(self, body: bytes, libraries: Mapping[str, Library]) -> None:
        super().__init__(io.BytesIO(body))
        self._libraries = libraries

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == (__name__, library_named.__name__):
            return self._libraries.__getitem__
        is_model = module.startswith("auditor.model.") and not name.startswith("_")
        if not is_model and (module, name) not in _PARTS:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a report")
        return super().find_class(module, name)


def read(path: Path) -> Any:
    """The plain values of an entry; None where there is none or it is damaged."""
    content = read_marshalled(path, FORMAT)
    if content is None:
        return None
    try:
        return marshal.loads(content)
    except (ValueError, TypeError, EOFError):
        return None


def write(path: Path, entry: object) -> bool:
    """Replace an entry in one step: readers see the old one or the new one. Whether it could be written."""
    return write_marshalled(path, FORMAT, entry)


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
