"""Commands that a launcher only says: `echo "usage: python train.py"`, `description: python train.py --seed 1`."""

from __future__ import annotations

import re

from auditor.model.pattern import lazy_pattern

_END = lazy_pattern(r"[;&|\n]")
_SAYING = lazy_pattern(
    r"(?:^|[\s@:\"'({\[])(?:echo|printf|pgrep|pkill|grep)\s"
    r"|^\s*(?:-\s+)?[\"']?(?:description|summary|title|help|usage|notes?|comment)[\"']?\s*:",
    re.IGNORECASE,
)


def is_only_said(before: str) -> bool:
    """Whether what stands before a program on its line hands it to something that prints or looks for words."""
    *_, last = _END.split(before)
    return _SAYING.search(last) is not None
