"""What a run wrote, remembered before the next run writes it again: digests of all files, copies of small results."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.model.run import Ending, RunRecord

LIMIT_BYTES = 1 << 30  # in total for one run; larger outputs are told as unread by being left out
KEPT_BYTES = 8 << 20  # in total for one run
KEPT_KINDS = (".csv", ".json", ".jsonl", ".npy", ".npz", ".txt", ".log", ".out")
TENSOR_KINDS = (".pt", ".pth", ".ckpt", ".bin", ".tar", ".safetensors")
"""What `torch.save` and safetensors write to."""


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

    The first ones that fit are copied; none where the disk is full. Of files of tensors, of whatever size, the digest
    of the tensors is kept: the rest may hold the date.
    """
    left = KEPT_BYTES
    for path in written:
        source = project / path
        if source.suffix.lower() in TENSOR_KINDS:
            with contextlib.suppress(OSError):
                _keep_digest(source, kept_tensors(run_dir, path))
            continue
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


def kept_tensors(run_dir: Path, path: str) -> Path:
    """Where the digest of the tensors in a file is, as text, if it holds any."""
    copy = kept_copy(run_dir, path)
    return copy.with_name(f"{copy.name}.tensors")


def _keep_digest(source: Path, place: Path) -> None:
    found = tensors_digest(source)
    if found:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(found, encoding="ascii")


def tensors_digest(path: Path) -> str:
    """Digest of the bytes of all tensors in what `torch.save` or safetensors wrote; empty where it is something else.

    Nothing is unpickled. Raises OSError where the file cannot be read.
    """
    whole = hashlib.blake2b(digest_size=16)
    if path.suffix.lower() == ".safetensors":
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")  # names, shapes and whatever else is told
            if not 0 < header < path.stat().st_size:
                return ""
            file.seek(header, 1)
            while block := file.read(1 << 20):
                whole.update(block)
        return whole.hexdigest()
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [(entry.filename.partition("/")[2], entry) for entry in archive.infolist()]
            storages = sorted((each for each in inside if each[0].startswith("data/")), key=lambda each: each[0])
            for name, entry in storages:
                whole.update(f"{name}\0{entry.file_size}\0".encode())
                with archive.open(entry) as file:
                    while block := file.read(1 << 20):
                        whole.update(block)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error):
        # Whatever else is called so.
        return ""
    return whole.hexdigest() if storages else ""


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
