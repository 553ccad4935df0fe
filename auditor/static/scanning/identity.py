"""What makes a finding the same one after other lines were edited: no line number, no function name, no spacing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.model.digest import sha256
from auditor.model.pattern import lazy_pattern
from auditor.static.suppress import MARK

_SUPPRESSION = lazy_pattern(rf"#\s*{MARK}(?::|\s+allow\b).*", re.IGNORECASE)


def source_text(lines: Sequence[str]) -> str:
    """First of a place's lines with single spaces, without a suppression comment; empty where there is no line."""
    return " ".join(_SUPPRESSION.sub("", lines[0]).split()) if lines else ""


def identity(rule: str, path: str, source: str, programs: Sequence[str]) -> str:
    """`programs`: those that the finding is about, empty where its rule is not judged for each program by itself."""
    return "\0".join((rule, path, source, *programs))


def finding_key(identity: str, occurrence: int) -> str:
    """Key of the n-th finding with this identity, from 1, in the order of the file."""
    return sha256(f"{identity}\0{occurrence}".encode("utf-8", "replace")).hexdigest()[:16]
