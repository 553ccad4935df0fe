"""Which files a scan found, as plain values: where all that a walk rests on is as it was, nothing is listed again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from auditor.model.annotations import Any
from auditor.model.finding import Skipped
from auditor.static.files.discovery import Discovery, Walked, digest_of, entries_of
from auditor.static.syntax.source import SourceFile
from auditor.static.text.stamps import stamp_of


def packed_walk(found: Discovery, walked: Walked, listed: Mapping[str, bytes]) -> object:
    """What was found and what that rests on; None where stamps do not tell that another walk finds the same.

    `listed`: digests of folders that were not listed again.
    """
    if not walked.is_whole:
        return None
    return (
        [file.path for file in found.files],
        [file.path for file in found.documents],
        sorted(found.asked),
        [(entry.subject, entry.reason) for entry in found.skipped],
        sorted(found.test_paths),
        {**listed, **{folder: digest for folder, (_, digest) in walked.folders.items()}},
        walked.ignore_files,
        walked.links,
    )


def folders_tell(root: str, links: Mapping[str, str], mounts: str = "/proc/self/mountinfo") -> bool:
    """Whether the times of folders tell that names came or went, wherever a walk leads.

    File systems over stores of objects have no folders, and give any time for them: all that users mount are left out.
    """
    try:
        with open(mounts, "rb") as stream:
            lines = stream.read().splitlines()
    except OSError:  # not Linux
        return True
    tops = [
        os.path.join(os.path.realpath(root), ""),
        *(os.path.join(to.partition(" ")[2], "") for to in links.values()),
    ]
    for line in lines:
        before, _, after = line.partition(b" - ")
        if after.startswith(b"fuse.") and not after.startswith(b"fuse.fuse-overlayfs"):
            mounted = os.path.join(os.fsdecode(before.split()[4].decode("unicode_escape").encode("latin-1")), "")
            if any(top.startswith(mounted) or mounted.startswith(top) for top in tops):
                return False
    return True


class KeptWalk:
    """What was packed."""

    def __init__(self, packed: Any) -> None:
        (
            self._files, self._documents, self._asked, self._skipped, self._tests, self._listed, self.ignore_files,
            self._links,
        ) = packed  # fmt: skip

    def again(self, root: Path, other_folders: list[str], settled_ns: int) -> tuple[Discovery, Walked] | None:
        """What a walk would find; None where it has to be made, as something counts that came to or left a folder.

        Links, and what stands in ignore files, are known to be the same. `other_folders`: stamps of these differ.
        """
        inside = os.path.join(root, "")
        walked = Walked(settled_ns)
        walked.ignore_files, walked.links = self.ignore_files, self._links
        for folder in other_folders:
            if folder in self._listed:
                stamp = stamp_of(inside + folder, settled_ns)
                try:
                    entries = entries_of(inside + folder)
                except OSError:
                    return None
                if digest_of(entries) != self._listed[folder]:
                    return None
                walked.folders[folder] = stamp, self._listed[folder]
        found = Discovery(root)
        found.files = [SourceFile(path, inside + path) for path in self._files]
        found.documents = [SourceFile(path, inside + path) for path in self._documents]
        found.asked = set(self._asked)
        found.skipped = [Skipped(subject=subject, reason=reason) for subject, reason in self._skipped]
        found.test_paths = set(self._tests)
        return found, walked

    @property
    def listed(self) -> dict[str, bytes]:
        """Digests of what counts of each folder."""
        return dict(self._listed)
