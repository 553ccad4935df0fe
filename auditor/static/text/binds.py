"""Whether the bytes of a file may give a name a meaning that is known: by a definition, an assignment or a `with`.

Import statements are the sketch's. What is bound by a loop, a handler, a pattern or `del` stands for nothing that could
be told, so these are left aside.
"""

from __future__ import annotations

import re

from auditor.model.pattern import lazy_pattern
from auditor.static.text.mentions import places

_REACH = 40
"""Bytes before a name in which `def`, `class` or `as` is looked for."""

_DEFINING = lazy_pattern(rb"\b(?:def|class|as)(?:\s|\\)+$")
_VALUED = lazy_pattern(rb"[ \t\f]*(?:=(?!=)|:|\\|#)")
"""Behind a name: a value, an annotation, or what hides either."""

_LISTED = lazy_pattern(rb"[ \t\f]*[,)\]\r\n]")
"""Behind a name that may be one of several targets."""

_GLOBAL = lazy_pattern(rb"^[ \t\f]*global\b|[;:][ \t\f]*global\b", re.MULTILINE)
_BLOCK = lazy_pattern(rb"(?:async[ \t]+def|def|class)\b")
_BLANKS = lazy_pattern(rb"[ \t\f\r]*")
_ASSIGNED = lazy_pattern(rb"(?<![=!<>])=(?!=)")
_OPEN_ENDS = (b",", b"(", b"[", b"*", b".", b"\\")
_OPEN_STARTS = (b",", b")", b"]", b"=", b".", b"#")
"""Where a line ends, or the next one begins, like this, they may be one."""


def may_bind(raw: bytes, word: bytes) -> bool:
    """Whether a name of a module may be defined or assigned; says yes too often rather than too seldom."""
    anywhere = b"global" in raw and _GLOBAL.search(raw) is not None
    bound = (_bound_at(raw, start, end) for start, end in places(word, raw))
    return any(at is not None and (anywhere or not _is_local(raw, at)) for at in bound)


def _bound_at(raw: bytes, start: int, end: int) -> int | None:
    """Where what may give a name a meaning begins; None where nothing does."""
    if raw[start - 1 : start] == b".":
        return None
    if defining := _DEFINING.search(raw, max(0, start - _REACH), start):
        return defining.start()
    if _VALUED.match(raw, end) or (_LISTED.match(raw, end) and _is_assigned(raw, end)):
        return start
    return None


def _is_assigned(raw: bytes, start: int) -> bool:
    """Whether something is assigned later on the line, or on those that may belong to it."""
    begin = start
    while True:
        end = raw.find(b"\n", begin)
        line = raw[begin : end if end >= 0 else len(raw)]
        if _ASSIGNED.search(line):
            return True
        if end < 0:
            return False
        code = line.partition(b"#")[0].rstrip()
        following = raw[end + 1 : end + 1 + _REACH].lstrip()
        joined = code.endswith(_OPEN_ENDS) or following.startswith(_OPEN_STARTS) or not following
        if not joined and (code or begin == start):
            return False
        begin = end + 1


def _is_local(raw: bytes, at: int) -> bool:
    """Whether a place certainly stands in a function or class."""
    start = raw.rfind(b"\n", 0, at) + 1
    indent = _indent(raw, start)
    while indent and start:
        end, start = start - 1, raw.rfind(b"\n", 0, start - 1) + 1
        if start == end or (found := _indent(raw, start)) >= indent or start + found >= end:
            continue
        if _BLOCK.match(raw, start + found):
            # A definition in a text, `"""def f(): …"""`, has the end of the text behind it.
            between = raw[start:at]
            return between.count(b'"""') % 2 == 0 and between.count(b"'''") % 2 == 0
        indent = found
    return False


def _indent(raw: bytes, start: int) -> int:
    blanks = _BLANKS.match(raw, start)
    assert blanks is not None
    return blanks.end() - start
