"""The contents of files that a run wrote, remembered as digests before the next run writes them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from auditor.model.run import Ending, RunRecord

LIMIT_BYTES = 1 << 30  # in total for one run; larger outputs are told as unread by being left out on both sides


def contents(run: RunRecord) -> dict[str, str]:
    """Digest of each file that the run wrote, by path, as it is now; files that are gone or too large are left out."""
    found = {}
    left = LIMIT_BYTES
    for path in run.files_written:
        file = Path(run.project) / path
        try:
            left -= file.stat().st_size
            if left < 0:
                break
            with file.open("rb") as stream:
                found[path] = _digest(stream.read())
        except OSError:
            continue
    return found


def differing(
    reference: Mapping[str, str], candidate: Mapping[str, str], first: RunRecord, second: RunRecord
) -> tuple[str, ...]:
    """Paths that both runs wrote with other contents; none unless both ran to their end."""
    if first.status.ending is not second.status.ending or first.status.ending is not Ending.FINISHED:
        return ()
    return tuple(sorted(path for path in set(reference) & set(candidate) if reference[path] != candidate[path]))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
