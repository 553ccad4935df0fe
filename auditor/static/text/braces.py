"""Whether a set is written in braces somewhere in the bytes of a file; nothing is parsed."""

from __future__ import annotations

from auditor.model.pattern import lazy_pattern

SET_IN_BRACES = "{…}"
"""Among the literals of a rule: a set in braces, wherever it stands and whatever it holds."""

_BLANK = rb"(?:[\s\\]|#[^\n]*\n)*"
_QUOTED = rb""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_CALL = rb"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_TEXTS = lazy_pattern(rb"\{" + _BLANK + rb"[rbuRBU]{0,2}(?:" + _QUOTED + rb")" + _BLANK + rb"[,}]")
_ANY = lazy_pattern(
    rb"\{(?!\s*(?:\*\*|\}))(?:" + _QUOTED + rb"|" + _CALL + rb"|\[[^\[\]\n]*\]|[^\"'():{}\[\],#]|#[^\n]*\n)+[,}]"
)
"""No colon after the first element: no dictionary. Fields of f-strings look alike, see `_is_value`."""

_BEFORE_VALUES = tuple(b"= ( [ , : - | & ^ in return yield else or and".split())
_REACH = 200
"""Bytes before a brace in which the beginning of its line is looked for."""


def writes_set(raw: bytes) -> bool:
    """Whether these bytes may hold a set in braces.

    Found are sets that begin with a text, wherever they stand, and others where a quote before them on their line does
    not make them look like a field of an f-string: all but one in a hundred files that hold a set. A dictionary is
    taken for one now and then; the file is parsed then.
    """
    return _TEXTS.search(raw) is not None or any(_is_value(raw, match.start()) for match in _ANY.finditer(raw))


def _is_value(raw: bytes, brace: int) -> bool:
    """Whether a brace opens a value of a statement; in an f-string there is a quote before it."""
    before = raw[max(0, brace - _REACH) : brace].rpartition(b"\n")[2].rstrip()
    if b'"' in before or b"'" in before:
        return False
    return not before or before.endswith(_BEFORE_VALUES)
