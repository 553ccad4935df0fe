"""Imports of a file's own name: `from model import Net` in `utils/model.py` means another, and rarely itself."""

from __future__ import annotations

import os
import re

from auditor.static.files.addedfolders import lines_with


def may_mean_itself(root: str, importer: str, name: str) -> bool:
    """Whether a file may import itself by that name, as programs do whose classes are pickled by it.

    They do so below `if __name__ == "__main__":`. At the top of a file nothing is defined yet that could be imported.
    """
    raw = lines_with(os.path.join(root, importer), b"__main__")
    at_top = rb"^from[ \t]+" + re.escape(name.encode()) + rb"[ \t]+import\b"
    return bool(raw) and re.search(at_top, raw, re.MULTILINE) is None
