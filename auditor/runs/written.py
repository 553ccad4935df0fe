"""The contents of files that a run wrote, remembered as digests before the next run writes them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from auditor.model.run import Ending, RunRecord

LIMIT_BYTES = 1 << 30  # in total for one run; larger outputs are told as unread by being left out


def digests(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Digest of each file, by its path below `folder`, as it is now; what is gone or too large is left out."""
    found = {}
    left = LIMIT_BYTES
    for path in paths:
        try:
            left -= (folder / path).stat().st_size
            if left < 0:
                break
            found[path] = digest_of(folder / path)
        except OSError:
            continue
    return found


def digest_of(path: Path) -> str:
    """Digest of all bytes of a file; raises OSError where it cannot be read."""
    whole = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()


def differing(first: RunRecord, second: RunRecord) -> tuple[str, ...]:
    """Paths that both runs wrote with other contents; none unless both ran to their end."""
    if first.status.ending is not second.status.ending or first.status.ending is not Ending.FINISHED:
        return ()
    reference, candidate = first.file_digests, second.file_digests
    return tuple(sorted(path for path in set(reference) & set(candidate) if reference[path] != candidate[path]))
