"""What a run wrote, remembered before the next run writes it again: digests of all files, copies of small results."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.model.run import Ending, RunRecord

LIMIT_BYTES = 1 << 30  # in total for one run; larger outputs are told as unread by being left out
KEPT_BYTES = 8 << 20  # in total for one run
KEPT_KINDS = (".csv", ".json", ".jsonl", ".npy", ".npz", ".txt", ".log", ".out")


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


def keep(project: Path, written: Mapping[str, str], run_dir: Path) -> None:
    """Copy small files that may hold results into the run's folder: the next run writes them again.

    The first ones that fit are copied; none where the disk is full.
    """
    left = KEPT_BYTES
    for path in written:
        source = project / path
        if source.suffix.lower() not in KEPT_KINDS:
            continue
        with contextlib.suppress(OSError):
            left -= source.stat().st_size
            if left < 0:
                return
            copy = kept_copy(run_dir, path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def kept_copy(run_dir: Path, path: str) -> Path:
    """Where the copy of a file is, if one was made."""
    return run_dir / "written" / path


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
