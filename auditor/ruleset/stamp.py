"""Size and times of every file of some folders: what tells whether something that was made of them is out of date."""

from __future__ import annotations

import os

FileStamp = tuple[str, int, int, int]
"""Path, size in bytes, times of the last change of content and of anything in ns: the first can be set."""


def file_stamps(folder: str, suffix: str, listed: list[str] | None = None) -> list[FileStamp]:
    """Return a stamp for each file below a folder that ends so, in a stable order; hidden folders are left out.

    `listed`: takes the folders in which was looked.
    What cannot be listed or looked at is left out, or stamped with -1: whoever reads the files complains about it.
    """
    found: list[FileStamp] = []
    pending = [folder]
    for each in pending:
        if listed is not None:
            listed.append(each)
        try:
            with os.scandir(each) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.endswith(suffix):
                found.append((entry.path, *_size_and_times(entry)))
            elif not entry.name.startswith((".", "__")) and entry.is_dir():
                pending.append(entry.path)
    return found


def _size_and_times(entry: os.DirEntry[str]) -> tuple[int, int, int]:
    try:
        status = entry.stat()
    except OSError:
        return -1, -1, -1
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
