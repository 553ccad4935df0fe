"""Stamps: what tells without reading it that a file, or the names in a folder, are as they were.

Thousands are kept for a project, so they are kept as columns of numbers.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Mapping

from auditor.model.annotations import Any, TypeAlias

SETTLED_NS = 2_000_000_000
"""What was changed this shortly before may be changed again without another time, so its stamp tells nothing."""

Stamp: TypeAlias = "tuple[int, int, int, int]"
"""Size, time of modification, time of change, number of the file: what replaces a file may have its size and times."""

ABSENT: Stamp = (-1, 0, 0, 0)
UNKNOWN: Stamp = (-2, 0, 0, 0)
"""The contents have to be compared."""

Print: TypeAlias = "tuple[Stamp, bytes]"
"""Stamp and digest of contents; no digest where nothing is there or nobody asks for it."""

_DIGEST_BYTES = 32
_NONE = bytes(_DIGEST_BYTES)


def stamp_now(path: str) -> Stamp:
    """The stamp of what a path leads to, however young it is."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except (OSError, ValueError):  # a shown name may be one that this locale cannot say
        return UNKNOWN
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def stamp_of(path: str, settled_ns: int) -> Stamp:
    """The stamp of what a path leads to; `UNKNOWN` for what was changed after `settled_ns`."""
    stamp = stamp_now(path)
    return UNKNOWN if max(stamp[1:3]) > settled_ns else stamp


class Stamps:
    """Prints by path."""

    def __init__(self, packed: Any) -> None:
        names, sizes, modified, changed, numbers, self._digests = packed
        self.paths: list[str] = names.split("\0") if sizes else []  # the root's is empty
        self._columns = [array("q", sizes), array("q", modified), array("q", changed), array("Q", numbers)]
        if any(len(column) != len(self.paths) for column in self._columns):
            raise ValueError("columns of different lengths")

    def differing(self, inside: str) -> list[str]:
        """The paths of which the contents may be others now; `inside` comes before each."""
        stat = os.stat
        found = []
        for path, size, modified, changed, number in zip(self.paths, *self._columns, strict=True):
            try:
                now = stat(inside + path)
            except (FileNotFoundError, NotADirectoryError):
                if size != -1:
                    found.append(path)
                continue
            except (OSError, ValueError):
                found.append(path)
                continue
            if now.st_mtime_ns != modified or now.st_ctime_ns != changed or now.st_size != size or now.st_ino != number:
                found.append(path)
        return found

    def prints(self) -> dict[str, Print]:
        """All of them."""
        digests, width = self._digests, _DIGEST_BYTES
        if not digests:
            return {
                path: (stamp, b"") for path, stamp in zip(self.paths, zip(*self._columns, strict=True), strict=True)
            }
        cut = (digests[at : at + width] for at in range(0, len(digests), width))
        return {
            path: (stamp, b"" if digest == _NONE else digest)
            for path, stamp, digest in zip(self.paths, zip(*self._columns, strict=True), cut, strict=True)
        }


def packed_stamps(prints: Mapping[str, Print]) -> object:
    """Plain values, of which `Stamps` is made; no path has a zero byte in it."""
    stamps: Iterable[Stamp] = [stamp for stamp, _ in prints.values()]
    sizes, modified, changed, numbers = zip(*stamps, strict=True) if prints else ((), (), (), ())
    digests = [digest for _, digest in prints.values()]
    return (
        "\0".join(prints),
        array("q", sizes).tobytes(),
        array("q", modified).tobytes(),
        array("q", changed).tobytes(),
        array("Q", numbers).tobytes(),
        b"".join([digest or _NONE for digest in digests]) if any(digests) else b"",
    )
