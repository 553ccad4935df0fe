"""A kept report, with what it rests on: asked before anything is listed, read or loaded, as mostly nothing changed.

Little is imported here, as the shortest scans do nothing else.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from collections.abc import Sequence

import auditor
from auditor.model.annotations import Any
from auditor.ruleset.marshalled import cache_home_name, read_marshalled
from auditor.static.text.projectroot import checkout_of, led_to
from auditor.static.text.stamps import Stamps

FORMAT = b"repro-audit scan 8\n"
"""Magic line, CRC-32 of the rest (little-endian), marshalled plain values; types of ours are pickled inside.

Version 1: one file a scan, pickled. Version 2: a second one beside it (`.parts`), with what a scan found out about each
file. Version 3: folders have stamps, as files have. Version 4: plain values are marshalled.
Version 5: parts say what stood in folders, and hold for other sets of files than their own.
Version 6: parts hold what answers rest on as numbers, and what was found about a file as bytes that few look into.
Version 7: stamps in columns, of whatever tells which files there are too, so that an unchanged project is not listed;
numbers of files in them; a third one (`.text`) with what a command printed.
Version 8: what is known of the program is kept; answers rest on where a name may be called.
"""

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

Here = tuple[object, ...]


class KeptReport:
    """One entry, and what differs from it now."""

    def __init__(self, values: Any) -> None:
        """Raises anything for values that are no entry."""
        self.values = values
        (
            self.basis, self.key, self.identity, self._here, self.program, folders, files, links, self._details,
            self.packed,
        ) = values  # fmt: skip
        if not self._here or not isinstance(self._here, tuple) or not isinstance(self.packed, bytes):
            raise TypeError("no entry")
        self._program, self.folders, self.files = Stamps(self.program), Stamps(folders), Stamps(files)
        self._links: dict[str, str] | None = links
        """None where stamps do not tell that a walk finds the same."""

        self._opened: Any = None
        self.other_program = self.other_links = True
        self.other_folders: list[str] = []
        self.other_files: list[str] = []
        self.compared_ns = 0
        """When it was begun to look what differs."""

    def compare(self, root: str) -> bool:
        """Note what may be other than it was; whether nothing is."""
        self.compared_ns = time.time_ns()
        inside = os.path.join(root, "")
        self.other_program = self._here != here(root) or bool(self._program.differing(""))
        self.other_links = (
            self._links is None
            or self._here[:2] != here(root)[:2]
            or any(led_to(path) != where for path, where in self._links.items())
        )
        self.other_folders = self.folders.differing(inside)
        self.other_files = self.files.differing(inside)
        return not (self.other_program or self.other_links or self.other_folders or self.other_files)

    @property
    def details(self) -> Any:
        """Digests of what folders hold for imports; the walk, where stamps tell that another finds the same; program.

        Of the program and what is beside it: a stamp, lists of requirements, a digest of all.
        """
        if self._opened is None:
            self._opened = marshal.loads(self._details)
        return self._opened


class Keeping:
    """What a command and its scan tell each other about the report that is kept."""

    def __init__(self) -> None:
        self.place: tuple[str, bytes] | None = None
        """Where it is, and what it and all that it rests on go by there; told by the scan."""

        self._compared: tuple[str, KeptReport] | None = None

    def leave(self, name: str, kept: KeptReport) -> None:
        """An entry was compared, and something differs."""
        self._compared = name, kept

    def take(self, name: str) -> KeptReport | None:
        """That entry, once: what differs later nobody has looked for."""
        compared, self._compared = self._compared, None
        return compared[1] if compared is not None and compared[0] == name else None


def here(root: str) -> Here:
    """What else a report depends on, and no stamp tells."""
    user = os.geteuid() if hasattr(os, "geteuid") else 0  # what one may read another may not
    return root, checkout_of(root), user, PACKAGE, auditor.__version__, sys.version, tuple(sites())


def sites() -> Sequence[str]:
    """Where installed packages lie."""
    return [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]


def read_kept(name: str) -> KeptReport | None:
    """The entry in a file; None where there is none or it is damaged."""
    content = read_marshalled(name, FORMAT)
    if content is None:
        return None
    try:
        return KeptReport(marshal.loads(content))
    except (ValueError, TypeError, EOFError, AttributeError):
        return None


def cache_folder_name() -> str:
    """Where results of scans are kept, whether or not it exists."""
    return os.path.join(cache_home_name(), "scan")
