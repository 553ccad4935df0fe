"""Folders without an `__init__.py` that are called as a library: what a file imports under that name.

Python takes an installed library before such a folder, wherever it stands on the path. Whether it is installed is not
known, and a folder `datasets` beside a script may be meant as well. But the folder holds nothing besides its modules:
who names none of them, as `import tensorflow as tf` beside the scripts of a folder `tensorflow`, means the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.model.pattern import lazy_pattern

_BY_TEXT = lazy_pattern(rb"\b(?:__import__|import_module|iter_modules|walk_packages|get_class|locate)\b")
"""What may import a module by a text; which one is not asked."""

_IMPORTED = rb"(\((?:#[^\n]*|[^)#])*|(?:\\[ \t]*\n+|[^\n#;])*)"
"""What follows `import`: in parentheses, with comments, or to the end of a line that may go on after a backslash."""

_WORD = lazy_pattern(rb"[A-Za-z_]\w*")


def named_in(raw: bytes, top: str) -> Iterator[str]:
    """The modules of a folder that the text of a file may name; "" where one may be made up at run time."""
    name = re.escape(top.encode())
    for below in re.findall(rb"\b" + name + rb"""\.([A-Za-z_]\w*|(?=[{%"']))""", raw):
        yield below.decode("utf-8", "replace")
    for imported in re.findall(rb"\bfrom\s+" + name + rb"\s+import\s*" + _IMPORTED, raw):
        yield from (word.decode("utf-8", "replace") for word in _WORD.findall(imported))
    for alias in re.findall(rb"\bimport\s+(?:[\w., \t]+,\s*)?" + name + rb"\s+as\s+([A-Za-z_]\w*)", raw):
        for below in re.findall(rb"\b" + alias + rb"\.([A-Za-z_]\w*)", raw):
            yield below.decode("utf-8", "replace")
    if _BY_TEXT.search(raw) and re.search(rb"""["']""" + name + rb"""["'/]""", raw):
        yield ""
